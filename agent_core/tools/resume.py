"""`resume`: go on in a saved conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.text import one_line, plural
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.session.saved.conversation import Conversation
    from agent_core.session.saved.model import Loaded


class ResumeArgs(msgspec.Struct, frozen=True):
    """Arguments of `resume`."""

    session: Annotated[
        str, msgspec.Meta(description="Its name, its id, the beginning of either, or last (the default).")
    ] = "last"


class ResumeTool:
    """Switches to a saved session once the turn has ended: what was said is known to the model again."""

    name: ClassVar[str] = "resume"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "go on in a saved session"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = ResumeArgs
    positional: ClassVar[tuple[str, ...]] = ("session",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, conversation: Conversation) -> None:
        self._conversation = conversation

    async def run(self, args: ResumeArgs, context: ToolContext) -> ToolResult:
        """Read it; raises `UsageError`, `ToolError`, and `BusyError` where another program has it open."""
        try:
            return opened(await self._conversation.prepare(args.session), "Resumed")
        except OSError as error:
            raise ToolError(f"The session cannot be opened: {error.strerror or error}") from None


def opened(loaded: Loaded, done: str) -> ToolResult:
    """What is said of a session that is gone on in."""
    saved = loaded.saved
    rows = [f"{done} {one_line(saved.title)}, {plural(saved.turns, 'turn')}."]
    rows += [f"Never ran: {one_line(text)}" for text in loaded.waiting]
    return ToolResult(
        text="\n".join(rows),
        summary=f"{one_line(saved.title)}, {plural(saved.turns, 'turn')}",
        data={"session": msgspec.to_builtins(saved), "waiting": list(loaded.waiting)},
        note="; ".join(loaded.warnings),
    )
