"""The part of `rl train` that improves prompts: after the order of checks, or where an earlier one ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.errors import AgentError, LearningFault
from agent_core.migrations import NewerState
from agent_core.rl.alone import alone
from agent_core.rl.gepa.owed import LOCK, Owed, keep_owed, owed_in, settle
from agent_core.rl.store.rights import owners_folder
from agent_core.text import one_line
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.rl.gepa.api import Outcome, Progress, Report, Spent
    from agent_core.tools.rl_training import Tutor

_KEPT_EVERY_S = 10.0


async def owed_to(workspace: Workspace) -> Owed | None:
    """The prompts that a training of this workspace has still to improve."""
    return await asyncio.to_thread(owed_in, _place(workspace))


async def model_named(tutor: Tutor) -> tuple[str, str]:
    """The model that prompts are improved with, and where it runs; raises `NoModel`."""
    from agent_core.rl.gepa.optimising import model_for

    info = (await model_for(tutor.models)).info
    return info.name, info.host


def _place(workspace: Workspace) -> Path:
    from agent_core.rl.offline.running import FOLDER

    return workspace.own.state_dir / FOLDER


def earlier(owed: Owed) -> ToolResult:
    """What there is to say of an order of checks that was trained before."""
    said = f"what came before is not done again: {one_line(owed.trained)}"
    return ToolResult(text=said, summary=one_line(owed.trained), data={"training": None})


async def with_prompts(
    trained: ToolResult,
    context: ToolContext,
    tutor: Tutor,
    tell: Callable[[Progress], None],
    *,
    command: str,
    owed: Owed | None,
    model: tuple[str, str] | None,
) -> ToolResult:
    """What was trained, and what came of the prompts; with `owed` they are gone on with.
    `model` is the one that was asked about, as `model_named` tells it.

    Cancelled, or with an endpoint that fails, the next training goes on there (`owed_to`).
    """
    owed = owed or Owed(command=command, trained=trained.summary)
    try:
        report = await _improve(owed, context, tutor, tell, model)
    except asyncio.CancelledError:
        context.progress(
            "The order of checks is done with, and what came of the prompts that were tried is kept:"
            " add --resume to go on with the others\n"
        )
        raise
    except AgentError as fault:  # the policy is trained and kept all the same
        said = f"{trained.text}\n\nprompts\nleft alone: {one_line(fault.message)}"
        return msgspec.structs.replace(trained, text=said, error=fault.info)
    return _told(trained, report)


async def _improve(
    owed: Owed,
    context: ToolContext,
    tutor: Tutor,
    tell: Callable[[Progress], None],
    model: tuple[str, str] | None,
) -> Report:
    from agent_core.rl.gepa.optimising import optimise
    from agent_core.rl.offline.ended import keep_killed
    from agent_core.rl.offline.running import FOLDER

    folder = await asyncio.to_thread(owners_folder, context.workspace, FOLDER)
    name, host = await model_named(tutor)
    if owed.model != name:  # what another one replied says nothing of this one
        owed = msgspec.structs.replace(owed, model=name, outcomes=(), spent=type(owed.spent)())
    keeping = _Keeping(folder, owed, tell)
    async with alone(folder / LOCK):
        await asyncio.to_thread(keep_killed, folder, holding=LOCK)
        await asyncio.to_thread(keep_owed, folder, owed)
        if (name, host) != model:  # whoever asks beside a training may have switched meanwhile
            raise LearningFault(
                f"The model is {one_line(name)} now, which is not the one that was asked about",
                hint="`rl train --resume` asks about it, and goes on with the prompts.",
            )
        with keeping.at_the_end():
            report = await optimise(
                context.workspace,
                models=tutor.models,
                settings=context.settings,
                registry=tutor.registry,
                logs=tutor.logs,
                on_progress=keeping.see,
                done=owed.outcomes,
                spent=owed.spent,
                on_outcome=keeping.keep,
            )
        await asyncio.to_thread(settle, folder)
    return report


class _Keeping:
    """Keeps what came of the prompts, and what was spent: with each prompt, now and then, and at the end.

    Args:
        folder: Where.
        owed: What is kept so far.
        tell: Told how far it is.
    """

    def __init__(self, folder: Path, owed: Owed, tell: Callable[[Progress], None]) -> None:
        self._folder, self._owed, self._tell = folder, owed, tell
        self._due = time.monotonic() + _KEPT_EVERY_S

    def see(self, far: Progress) -> None:
        """How far it is; a process that dies forgets no more than the last seconds."""
        if far.spent.calls > self._owed.spent.calls:  # while it collects, it counts nothing
            self._owed = msgspec.structs.replace(self._owed, spent=far.spent)
            if time.monotonic() >= self._due:
                self._write()
        self._tell(far)

    def keep(self, outcome: Outcome, spent: Spent) -> None:
        """What came of a prompt; raises OSError."""
        outcomes = (*self._owed.outcomes, outcome)
        self._owed = msgspec.structs.replace(self._owed, outcomes=outcomes, spent=spent)
        keep_owed(self._folder, self._owed)

    @contextmanager
    def at_the_end(self) -> Generator[None]:
        """Keep what was spent also where the block does not come to its end."""
        try:
            yield
        except BaseException:
            self._write()
            raise

    def _write(self) -> None:
        self._due = time.monotonic() + _KEPT_EVERY_S
        with suppress(OSError, NewerState):  # it goes on, or has ended all the same
            keep_owed(self._folder, self._owed)


def _told(trained: ToolResult, improved: Report) -> ToolResult:
    from agent_core.rl.gepa.saying import in_short, table

    tried = any(outcome.before is not None for outcome in improved.outcomes)
    return msgspec.structs.replace(
        trained,
        text=f"{trained.text}\n\nprompts\n{table(improved)}",
        summary=f"{trained.summary}; {in_short(improved)}",
        data={**trained.data, "prompts": msgspec.to_builtins(improved)},
        error=None if tried else trained.error,
    )
