"""A command that counts the words of a file."""

from __future__ import annotations

import asyncio
from typing import Annotated, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult


class WordCountArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `wordcount`."""

    path: Annotated[str, msgspec.Meta(description="File to count.")]
    lines: Annotated[bool, msgspec.Meta(description="Count lines instead.", extra={"flag": "-l"})] = False


class WordCount:
    """Counts words, or lines."""

    name: ClassVar[str] = "wordcount"
    aliases: ClassVar[tuple[str, ...]] = ("wc",)
    summary: ClassVar[str] = "count the words of a file"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = WordCountArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: WordCountArgs, context: ToolContext) -> ToolResult:
        """Read the file through the workspace, so that nothing outside of it can be counted."""
        part = await asyncio.to_thread(context.workspace.read_text, args.path)
        count = len(part.lines) if args.lines else sum(len(line.split()) for line in part.lines)
        summary = f"{count} {'lines' if args.lines else 'words'}"
        return ToolResult(text=summary, summary=summary, data={"count": count}, note=part.note)


class Incomplete:
    """What somebody takes for a tool."""

    name = "wc-incomplete"
