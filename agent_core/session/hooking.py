"""Where hooks are asked: before and after a tool, before and after a change is written, at a turn's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.errors import ErrorInfo, HookRefused, Interrupted
from agent_core.hooks.model import HookResult, HookTool, HookTurn, cut
from agent_core.session.ends import End, guess_kind, stopped
from agent_core.tools.base import AnyTool, ToolResult

if TYPE_CHECKING:
    from agent_core.changes.model import FileChange
    from agent_core.hooks.hooks import Hooked, Hooks
    from agent_core.session.turn import Turn


class HookedCall:
    """One call of a tool, as its hooks are told of it. Without hooks it does nothing.

    Args:
        turn: In which it is made.
        call_id: Names it in events.
        tool: Makes what is told of it.
        hooks: Who is asked; None where none are set.
    """

    def __init__(
        self, turn: Hooked, call_id: str, tool: Callable[[], HookTool], *, hooks: Hooks | None
    ) -> None:
        self._turn, self._call_id, self._make = turn, call_id, tool
        self._hooks = hooks
        self.notes: tuple[str, ...] = ()
        """What hooks noted so far."""

    @cached_property
    def _tool(self) -> HookTool:
        return self._make()

    async def before(self) -> None:
        """Raises `HookRefused`."""
        if self._hooks is not None:
            tool = await asyncio.to_thread(lambda: self._tool)
            self.notes = await self._hooks.before(self._turn, self._call_id, tool)

    async def after(self, result: ToolResult, seconds: float) -> ToolResult:
        """The result with what hooks noted, for the agent as well; raises `HookRefused`."""
        if self._hooks is None:
            return result
        told = HookResult(
            text=cut(result.text),
            summary=result.summary,
            changed=result.changed,
            seconds=seconds,
            error=result.error,
        )
        self.notes += await self._hooks.after(self._turn, self._call_id, self._tool, told)
        note = "; ".join(filter(None, (result.note, *self.notes)))
        return msgspec.structs.replace(result, note=note)

    async def failed(self, error: ErrorInfo, seconds: float) -> None:
        """Tell of a call that came to nothing; a refusal of that changes nothing."""
        if self._hooks is None:
            return
        told = HookResult(text="", summary=error.message, changed=(), seconds=seconds, error=error)
        try:
            await self._hooks.after(self._turn, self._call_id, self._tool, told)
        except HookRefused:
            return


def hooks_of(turn: Turn) -> Hooks | None:
    """The session's hooks; None where none are set."""
    hooks = turn.desk.hooks
    return hooks if hooks is not None and hooks.are_set else None


def call_told(tool: AnyTool, args: msgspec.Struct, command: str, *, typed: bool) -> HookTool:
    """A call of a tool of the registry."""
    arguments: dict[str, Any] = msgspec.to_builtins(args)
    return HookTool(name=tool.name, action=tool.action, command=command, arguments=arguments, typed=typed)


def change_told(changes: Sequence[FileChange]) -> HookTool:
    """A change of files as a call of the tool `edit`. Makes a diff, so it belongs into a thread."""
    from agent_core.agent.edit.telling import diff_of

    paths = [change.path for change in changes]
    return HookTool(
        name="edit",
        action="write",
        command=f"change {', '.join(paths)}",
        arguments={"files": paths, "diff": diff_of(changes)},
        typed=False,
    )


async def at_end(turn: Turn, end: End, seconds: float) -> End:
    """How the turn ends once its hooks were told; one that refuses stops it."""
    interrupted = end.error is not None and end.error.code == Interrupted.code
    hooks = hooks_of(turn)
    if hooks is None or interrupted:
        return end
    told = HookTurn(
        kind=guess_kind(turn.text) if turn.kind is None else turn.kind,
        outcome=end.outcome,
        reason=end.reason,
        text=cut(turn.received if end.text is None else end.text),
        changed=turn.changed,
        seconds=seconds,
        error=end.error,
    )
    try:
        notes = await hooks.at_end(turn, told)
    except HookRefused as refused:
        turn.desk.history.remark(turn.text.strip(), f"({refused.message})")
        return (
            end if end.error is not None else stopped(refused, text=end.text, data=end.data, usage=end.usage)
        )
    for note in (*turn.hook_notes, *notes):
        turn.desk.history.remark(turn.text.strip(), f"({note})")
    return end
