"""`tour`: what is typed for the tour. The screen shows it itself, before a turn begins."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult


class TourArgs(msgspec.Struct, frozen=True):
    """`tour` takes no arguments."""


class TourTool:
    """Names the command where commands are listed, completed and explained."""

    name: ClassVar[str] = "tour"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "be shown around the screen, step by step"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = TourArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    async def run(self, args: TourArgs, context: ToolContext) -> ToolResult:
        """Where it did not come from the prompt: what to type there."""
        return ToolResult(text="Type `tour` at the prompt of the screen.", data={}, summary="on the screen")
