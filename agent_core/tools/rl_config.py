"""`rl config init`: a file with every key of training and of suggestions."""

from __future__ import annotations

import asyncio

from agent_core.errors import ToolError
from agent_core.text import one_line
from agent_core.tools.base import ToolContext, ToolResult


async def init_config(path: str, context: ToolContext) -> ToolResult:
    """Write a configuration with every key and its default; raises `ToolError`."""
    from agent_core.files import write_atomic
    from agent_core.rl.offline.config import TrainingConfig, written

    workspace = context.workspace
    target = workspace.resolve(path)
    try:
        await asyncio.to_thread(write_atomic, target, written(TrainingConfig()))
    except OSError as error:
        raise ToolError(f"{one_line(path)} cannot be written: {error.strerror or error}") from error
    name = workspace.relative(target)
    return ToolResult(
        text=f"{name} has every key of training and of suggestions, with its default.",
        summary=f"written to {one_line(name)}",
        data={"path": name},
        changed=(name,),
    )
