"""`help`: what can be typed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from agent_core.commandline import usage
from agent_core.errors import UsageError
from agent_core.events import ActionClass
from agent_core.text import one_line
from agent_core.tools.base import AnyTool, ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.tools.registry import Registry
    from agent_core.tools.written import WrittenCommand

_BESIDE = """\
  !COMMAND       run a shell command
  @FILE[:A-B]    put a file, or lines of it, into the question
  /COMMAND       force a command; a space before it forces a question
Anything else is a question or a task. `help COMMAND` tells more."""

_PATIENCE_S = 2.0
"""How long the list waits for plugins."""


class HelpArgs(msgspec.Struct, frozen=True):
    """Arguments of `help`."""

    command: Annotated[str, msgspec.Meta(description="The command to explain; all of them without one.")] = ""


class HelpTool:
    """Lists the commands, or explains one."""

    name: ClassVar[str] = "help"
    aliases: ClassVar[tuple[str, ...]] = ("?",)
    summary: ClassVar[str] = "list the commands, or explain one"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = HelpArgs
    positional: ClassVar[tuple[str, ...]] = ("command",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, registry: Registry) -> None:
        self._registry = registry

    async def run(self, args: HelpArgs, context: ToolContext) -> ToolResult:
        """The help text; raises `UsageError` when there is no such command."""
        name = args.command.lstrip("/")
        with suppress(TimeoutError):
            async with asyncio.timeout(None if name else _PATIENCE_S):
                await self._registry.ready(name)
        await asyncio.to_thread(self._registry.read_written, context.workspace)
        if name:
            return self._one(name)
        tools = sorted(self._registry.known, key=lambda tool: tool.name)
        width = max(len(tool.name) for tool in tools)
        lines = [f"  {tool.name:<{width}}  {one_line(tool.summary)}" for tool in tools]
        written = sorted(self._registry.written.values(), key=lambda each: each.name)
        lines += ["", "Written here:"] if written else []
        lines += [f"  /{each.name:<{max(1, width - 1)}}  {each.summary}" for each in written]
        lines.append("")
        lines.append(_BESIDE)
        lines.extend(f"The plugin {one_line(name)} is still loading" for name in self._registry.pending)
        lines.extend(
            f"The plugin {one_line(failure.name)} could not be loaded: {one_line(failure.error)}"
            for failure in self._registry.failures
        )
        lines.extend(
            f"{one_line(each.source)} is no command: {each.error}" for each in self._registry.unusable
        )
        return ToolResult(
            text="\n".join(lines),
            summary=f"{len(tools) + len(written)} commands",
            data={"commands": [*map(_row, tools), *map(_written_row, written)]},
        )

    def _one(self, name: str) -> ToolResult:
        if (written := self._registry.written.get(name)) is not None:
            data = {"commands": [_written_row(written)]}
            return ToolResult(text=written.usage, summary=written.summary, data=data)
        tool = self._registry.get(name)
        if tool is None:
            names = [*(tool.name for tool in self._registry.known), *self._registry.written]
            near = get_close_matches(name, [*names, *self._registry.pending], n=1)
            hint = f"Did you mean {near[0]}?" if near else "`help` lists the commands."
            hint = self._registry.why_not(name) or hint
            raise UsageError(f"There is no command {one_line(name)!r}", hint=hint)
        return ToolResult(text=usage(tool), summary=tool.summary, data={"commands": [_row(tool)]})


def _row(tool: AnyTool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "aliases": list(tool.aliases),
        "summary": tool.summary,
        "action": tool.action,
        "usage": usage(tool),
    }


def _written_row(command: WrittenCommand) -> dict[str, Any]:
    return {
        "name": f"/{command.name}",
        "aliases": [],
        "summary": command.summary,
        "action": "read",
        "usage": command.usage,
    }
