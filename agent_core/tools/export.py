"""`export`: write a conversation as Markdown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.files import write_atomic
from agent_core.text import human_size, one_line, plural
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.session.saved.conversation import Conversation


class ExportArgs(msgspec.Struct, frozen=True):
    """Arguments of `export`."""

    path: Annotated[
        str, msgspec.Meta(description="The file; session-ID.md by default.", extra={"path": True})
    ] = ""
    of: Annotated[
        str,
        msgspec.Meta(
            description="The session; this one by default.", extra={"flag": "--of", "metavar": "SESSION"}
        ),
    ] = ""


class ExportTool:
    """Writes a session into the workspace; a file that is there is replaced, which the question says."""

    name: ClassVar[str] = "export"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "write this session, or another, as Markdown"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = ExportArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, conversation: Conversation) -> None:
        self._conversation = conversation

    async def run(self, args: ExportArgs, context: ToolContext) -> ToolResult:
        """Write it; raises `PathRefused`, `UsageError`, and `ToolError` when it cannot be written."""
        from agent_core.session.saved.markdown import as_markdown

        loaded = await self._conversation.load(args.of)
        text = await asyncio.to_thread(as_markdown, loaded)
        path = context.workspace.resolve(args.path or f"session-{loaded.saved.id}.md")
        if path.is_dir():
            raise ToolError(f"{one_line(args.path)} is a folder", hint="Name a file.")
        try:
            await asyncio.to_thread(write_atomic, path, text, durable=False)
        except OSError as error:
            raise ToolError(f"{one_line(str(args.path))} cannot be written: {error.strerror}") from None
        shown = context.workspace.relative(path)
        size = human_size(len(text.encode()))
        return ToolResult(
            text=f"{plural(loaded.saved.turns, 'turn')} written to {one_line(shown)}, {size}.",
            summary=f"{one_line(shown)}, {size}",
            changed=(shown,),
            data={"session": msgspec.to_builtins(loaded.saved), "path": shown},
            note="; ".join(loaded.warnings),
        )
