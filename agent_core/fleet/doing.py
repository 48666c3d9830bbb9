"""Doing a task: as what a person types into a session in which nobody can be asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.commandline import CommandLine, parse
from agent_core.config import Settings, load
from agent_core.errors import AgentError, ErrorInfo, PermissionRefused
from agent_core.events import ToolFinished, TurnFinished, TurnKind, TurnStarted
from agent_core.fleet.results import result_of
from agent_core.fleet.services import Specialty
from agent_core.llm.hosts import host_of, ollama_url, openai_url
from agent_core.masking import log_masker, masker
from agent_core.runtime import Runtime, open_runtime
from agent_core.streaming.messages import Outcome, Result, Task

if TYPE_CHECKING:
    from agent_core.bus import Subscription

LONGEST_S = 3600.0
"""The most time that a task gets, whatever it says."""
_SHORTEST_S = 1.0
_NO_FLAGS: Mapping[str, str] = {}
_ALSO = ("help", "plan")
"""Commands for people that change nothing here, either."""
_REFUSED = "A worker can grant nothing: without `dispatch` it is done here, and asks."
_PROPOSED = "(The change is proposed, and was not made: a worker writes nothing.)"


def open_worker(
    root: Path | str,
    env: Mapping[str, str],
    specialty: Specialty,
    *,
    flags: Mapping[str, str] = _NO_FLAGS,
) -> Runtime:
    """Open the workspace for tasks; raises as `open_runtime` does.

    Changes are worked out and not made. The model's host was chosen by whoever set it for this program, and
    by nothing in the workspace, so that nobody has to be asked about it.
    """
    settings = load(root=None, env=env, flags=flags).settings
    told = " ".join(filter(None, (settings.instructions, specialty.told)))
    return open_runtime(
        root,
        flags=flags,
        env={**env, "DSPY_TUI_INSTRUCTIONS": told} if told else env,
        interactive=False,
        proposes=True,
        allow=_hosts(settings),
    )


def _hosts(settings: Settings) -> tuple[str, ...]:
    found: list[str] = []
    for url_of, address in ((ollama_url, settings.ollama_host), (openai_url, settings.openai_base_url)):
        try:
            found.append(f"network:{host_of(url_of(address))}")
        except AgentError:
            continue  # it is told when the model is looked for
    return tuple(found)


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """How a turn ended, as a result says it."""

    outcome: Outcome
    text: str = ""
    diff: str = ""
    error: ErrorInfo | None = None


async def do(task: Task, runtime: Runtime, *, service: str, worker: str) -> Result:
    """What comes of a task; nothing of it is left in the session.

    A question goes to the model, a command that looks at something runs; what would need a permission is
    refused, and a change that was worked out is in the result. A task that takes longer than it may is
    cancelled. Cancelling this cancels the task. Secrets are masked in what is done, whoever sent it, and in
    what comes of it: many read the bus.
    """
    began = time.monotonic()
    settings = runtime.session.settings
    task = msgspec.structs.replace(task, text=log_masker(settings)(task.text))
    said = _masked(_not_here(task.text, runtime) or await _turn(task, runtime), masker(settings))
    return result_of(
        task,
        service=service,
        worker=worker,
        outcome=said.outcome,
        text=said.text,
        diff=said.diff,
        error=said.error,
        seconds=time.monotonic() - began,
    )


def _masked(said: _Said, mask: Callable[[str], str]) -> _Said:
    error = said.error
    if error is not None:
        error = ErrorInfo(error.code, mask(error.message), mask(error.hint))
    return msgspec.structs.replace(said, text=mask(said.text), diff=mask(said.diff), error=error)


def _not_here(text: str, runtime: Runtime) -> _Said | None:
    """Why a command is none for workers: it would change what later tasks find."""
    try:
        line = parse(text, runtime.registry)
    except AgentError:
        return None  # the turn tells it
    if not isinstance(line, CommandLine) or line.tool_name in _ALSO:
        return None
    tool = runtime.registry.get(line.tool_name)
    if tool is None or tool.for_agent:
        return None
    hint = "They take questions, tasks, and commands that look at something."
    error = PermissionRefused(f"{line.tool_name} is no command for workers", hint=hint)
    return _Said(outcome="refused", error=error.info)


async def _turn(task: Task, runtime: Runtime) -> _Said:
    session = runtime.session
    limit = min(max(task.timeout, _SHORTEST_S), LONGEST_S)
    with runtime.bus.subscribe() as events:
        ending = asyncio.create_task(_end(events, session.submit(task.text)))
        try:
            done, _ = await asyncio.wait((ending,), timeout=limit)
            if not done:
                session.cancel()
            said = await ending
        finally:
            session.cancel()
            ending.cancel()
            await session.idle()
            session.history.clear()
    if done:
        return said
    late = ErrorInfo("timed-out", f"The task took longer than {limit:,.0f} s and was cancelled")
    return msgspec.structs.replace(said, outcome="timed_out", error=late)


async def _end(events: Subscription, turn_id: str) -> _Said:
    last: ToolFinished | None = None
    kind: TurnKind = "task"
    async for event in events:
        match event:
            case TurnStarted() if event.turn_id == turn_id:
                kind = event.kind
            case ToolFinished() if event.turn_id == turn_id:
                last = event
            case TurnFinished() if event.turn_id == turn_id:
                found = last.text if last is not None and kind != "task" else ""
                return _said(event, found)
            case _:
                pass
    raise AssertionError("the bus was closed in the middle of a turn")


def _said(end: TurnFinished, found: str) -> _Said:
    """`found` is what a command had to show."""
    text = end.text or found
    diff: str = end.data.get("proposed", {}).get("diff", "") or end.data.get("diff", "")
    if end.error is None:
        return _Said(outcome="answered", text=text, diff=diff)
    if end.error.code != PermissionRefused.code:
        return _Said(outcome="failed", text=text, diff=diff, error=end.error)
    if not diff:
        return _Said(
            outcome="refused", text=text, error=ErrorInfo(end.error.code, end.error.message, _REFUSED)
        )
    return _Said(outcome="answered", text="\n\n".join(filter(None, (text.rstrip(), _PROPOSED))), diff=diff)
