"""Records what every action tells of changes, and what it takes: really run once, kept by content."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.errors import LearningFault
from agent_core.masking import masker
from agent_core.rl.offline.actions import Action, actions_of
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.outcomes import Outcome, Outcomes, Usual, fingerprint_of, key_of
from agent_core.rl.offline.planting import Bug, plant
from agent_core.rl.offline.trying import tried, usual
from agent_core.verify.sandbox import Sandbox
from agent_core.verify.trial import Trial
from agent_core.workspace import Workspace

LogsSaid = Callable[[], Awaitable[dict[str, float] | None]]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded: a row of outcomes for each bug, in the order of the actions.

    `usual` are the seconds of each action on the unchanged workspace; `without` says what of the
    configuration cannot be run, and why; `ran` counts the runs that were not known before.
    """

    actions: tuple[str, ...]
    bugs: tuple[Bug, ...]
    rows: tuple[tuple[Outcome, ...], ...]
    usual: tuple[float, ...]
    project: str
    without: tuple[str, ...] = ()
    ran: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is: runs done of all that there are, what is being run, and the seconds that are left as
    far as is known; None before anything is."""

    done: int
    total: int
    now: str
    left: float | None = None


class Recorder:
    """Records the changes of one workspace, which itself is never written to.

    Args:
        workspace: Whose.
        settings: What is run where the training names nothing, and which secrets are hidden.
        config: How it is trained.
        folder: Where outcomes are kept.
        sandbox: Where checks run; None runs them as the user's own.
        progress: Is told before each run.
        logs: Tells what the logs say now, by feature; None where nobody knows. Each outcome keeps it.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        config: TrainingConfig,
        folder: Path,
        sandbox: Sandbox | None = None,
        progress: Callable[[Standing], None] = lambda _: None,
        logs: LogsSaid | None = None,
    ) -> None:
        self._workspace, self._settings, self._config = workspace, settings, config
        self._folder, self._sandbox, self._tell, self._logs = folder, sandbox, progress, logs
        self._outcomes: Outcomes | None = None
        self._project = ""

    async def record(
        self, count: int, *, seed: int = 0, least: int = 1, project: str | None = None
    ) -> Recording:
        """Run every action on so many changes, but for what is known. What is done when it is cancelled is
        kept.

        Args:
            count: How many at most.
            seed: Of their draw.
            least: So many actions have to work; else nothing is recorded.
            project: What stands for the workspace's content, where that is known.

        Raises:
            LearningFault: There is nothing to run, nothing to plant a bug into, or too few checks work.
            ToolError: The workspace cannot be copied.
            OSError: Outcomes cannot be written.
        """
        actions, without = await asyncio.to_thread(actions_of, self._workspace, self._settings, self._config)
        bugs = await asyncio.to_thread(plant, self._workspace, count, seed=seed)
        if not bugs:
            raise LearningFault(
                "There are no Python sources here to plant bugs in, which is what is learnt from",
                hint="Train at the root of a project, and see what .gitignore hides.",
            )
        self._project = project or await asyncio.to_thread(fingerprint_of, self._workspace)
        self._outcomes = await asyncio.to_thread(Outcomes, self._folder)
        async with AsyncExitStack() as stack:
            lent = _Lent(self._trial, stack)
            usable, faults = await self._usable(lent, actions)
            without += faults
            if len(usable) < least:
                raise _too_few([each.action.name for each in usable], without)
            rows, ran = await self._rows(lent, bugs, usable)
        return Recording(
            actions=tuple(each.action.name for each in usable),
            bugs=bugs,
            rows=rows,
            usual=tuple(each.seconds for each in usable),
            project=self._project,
            without=without,
            ran=ran,
        )

    def _trial(self) -> Trial:
        return Trial(
            self._workspace,
            sandbox=self._sandbox,
            timeout=self._config.timeout_sec,
            mask=masker(self._settings),
        )

    async def _usable(self, lent: _Lent, actions: Sequence[Action]) -> tuple[list[Usual], tuple[str, ...]]:
        """The actions with a check that works on the unchanged workspace, and why others do not."""
        assert self._outcomes is not None
        found: list[Usual] = []
        for number, action in enumerate(actions):
            key = self._key("", action)
            known = await asyncio.to_thread(self._outcomes.usual, key)
            if known is None:
                self._tell(Standing(done=number, total=len(actions), now=f"{action.name}, nothing changed"))
                known = await usual(await lent.trial(), action)
                await asyncio.to_thread(self._outcomes.put_usual, key, known)
            found.append(known)
        faults = tuple(fault for each in found for fault in each.faults)
        return [each for each in found if each.action.verifiers], faults

    async def _rows(
        self, lent: _Lent, bugs: Sequence[Bug], usable: Sequence[Usual]
    ) -> tuple[tuple[tuple[Outcome, ...], ...], int]:
        """The outcomes, and how many were run for them."""
        assert self._outcomes is not None
        keys = {(bug.id, each.action): self._key(bug.id, each.action) for bug in bugs for each in usable}
        waiting = [
            (bug, each) for bug in bugs for each in usable if keys[bug.id, each.action] not in self._outcomes
        ]
        left = sum(each.seconds for _, each in waiting)
        for number, (bug, each) in enumerate(waiting):
            now = f"{each.action.name}, {bug.path}:{bug.mutation.line} ({bug.mutation.kind})"
            self._tell(Standing(done=len(keys) - len(waiting) + number, total=len(keys), now=now, left=left))
            key = keys[bug.id, each.action]
            said = await self._logs() if self._logs is not None else None
            outcome = await tried(await lent.trial(), bug, each, key=key)
            await asyncio.to_thread(self._outcomes.put, msgspec.structs.replace(outcome, logs=said))
            left = max(0.0, left - each.seconds)
        rows = [tuple(self._outcomes[keys[bug.id, each.action]] for each in usable) for bug in bugs]
        return tuple(rows), len(waiting)

    def _key(self, change: str, action: Action) -> str:
        return key_of(self._project, change, action, timeout=self._config.timeout_sec)


def _too_few(work: Sequence[str], without: Sequence[str]) -> LearningFault:
    why = "; ".join(without)
    if not work:
        said = f"No check of this project works as it is: {why}"
        return LearningFault(said, hint="`run_tests`, `lint` and `build` run them one by one.")
    alone = f"Only {', '.join(work)} works here, so that there is no order to learn"
    return LearningFault(f"{alone}: {why}" if why else alone, hint="Set commands in .dspy_rl.json.")


class _Lent:
    """The copy, made when something has to be run in it."""

    def __init__(self, make: Callable[[], Trial], stack: AsyncExitStack) -> None:
        self._make, self._stack = make, stack
        self._trial: Trial | None = None

    async def trial(self) -> Trial:
        if self._trial is None:
            self._trial = await self._stack.enter_async_context(self._make())
        return self._trial
