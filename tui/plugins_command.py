"""`dspy-tui plugins`: the list of plugins, as text and as JSON."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from agent_core.batch_formats import to_json
from agent_core.output import nothing_printed
from agent_core.runtime import open_runtime
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.plugins import PluginsArgs, PluginsTool
from stack.tool import StackTool
from tui.arguments import hold_to_plain, root_of, settings_of
from tui.cli import interruptible, show, show_text

if TYPE_CHECKING:
    from tui.options import Parsed


def plugins(parsed: Parsed) -> int:
    """Print them; returns the exit code, 1 where one cannot be used."""
    interruptible()
    with nothing_printed():  # by what is imported
        result = asyncio.run(_listed(parsed))
    if parsed.one("format") == "json":
        document = {"schema": "dspy-tui.plugins/1", **result.data}
        show(msgspec.json.format(to_json(document), indent=2).decode())
    else:
        show_text("plugins", result.text)
    return 1 if any(row["state"] == "failed" for row in result.data["plugins"]) else 0


async def _listed(parsed: Parsed) -> ToolResult:
    runtime = open_runtime(
        root_of(parsed), flags=settings_of(parsed), interactive=False, tools=(StackTool(),)
    )
    hold_to_plain(runtime.config.settings)
    try:
        tool = PluginsTool(registry=runtime.registry)
        context = ToolContext(workspace=runtime.workspace, settings=runtime.config.settings)
        return await tool.run(PluginsArgs(), context)
    finally:
        await runtime.aclose()
