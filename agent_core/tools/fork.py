"""`fork`: go on in a copy of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.resume import opened

if TYPE_CHECKING:
    from agent_core.session.saved.conversation import Conversation


class ForkArgs(msgspec.Struct, frozen=True):
    """Arguments of `fork`."""

    name: Annotated[str, msgspec.Meta(description="What the copy is called.")] = ""
    of: Annotated[
        str,
        msgspec.Meta(
            description="The session to copy; this one by default.",
            extra={"flag": "--of", "metavar": "SESSION"},
        ),
    ] = ""


class ForkTool:
    """Copies a session and switches to the copy once the turn has ended; the original stays as it is."""

    name: ClassVar[str] = "fork"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "go on in a copy of this session, or of another"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = ForkArgs
    positional: ClassVar[tuple[str, ...]] = ("name",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, conversation: Conversation) -> None:
        self._conversation = conversation

    async def run(self, args: ForkArgs, context: ToolContext) -> ToolResult:
        """Copy it; raises `UsageError`, `ToolError`."""
        try:
            return opened(await self._conversation.fork(args.of, args.name), "Forked, and went on in")
        except OSError as error:
            raise ToolError(f"The session cannot be copied: {error.strerror or error}") from None
