"""`bus`: how the message bus stands, and why; looked at anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.streaming.link import BusLink


class BusArgs(msgspec.Struct, frozen=True):
    """Arguments of `bus`: none."""


class BusTool:
    """Says whether Kafka answers, which topics of ours it has, and what to do where it does not.

    Args:
        link: Looks for the bus; where nobody follows it, it looks for this once.
    """

    name: ClassVar[str] = "bus"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "say how the message bus stands, and why"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = BusArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, link: BusLink) -> None:
        self._link = link

    async def run(self, args: BusArgs, context: ToolContext) -> ToolResult:
        """Look, and say; that there is none is an answer, not a failure."""
        from agent_core.streaming.standing import in_full

        self._link.start()
        stands = await self._link.look()
        _, said, hint = in_full(stands)
        data = msgspec.to_builtins(stands)
        data.pop("type", None)
        said = said.rstrip(".")
        return ToolResult(text="\n".join(filter(None, (f"{said}.", hint))), summary=said, data=data)
