"""`vretr`: search by vectors alone."""

from __future__ import annotations

from typing import ClassVar

from agent_core.errors import ToolError
from agent_core.index.api import SearchMode
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.places import PlacesTool, SearchArgs


class VretrTool(PlacesTool):
    """Ranks places by how near their meaning is, and by nothing else.

    A person waits for the vectors that are missing; the agent is told of them, and can search otherwise.
    """

    name: ClassVar[str] = "vretr"
    summary: ClassVar[str] = "find code by meaning alone (vectors)"
    mode: ClassVar[SearchMode] = "vector"
    for_agent: ClassVar[bool] = True

    async def run(self, args: SearchArgs, context: ToolContext) -> ToolResult:
        """Search; raises what any search does, and `ToolError` where the agent would have to wait."""
        if context.turn is None:
            status = await self._index.open()
            if status.embedded < status.chunks:
                raise ToolError(
                    f"{status.embedded:,} of {status.chunks:,} places have vectors so far",
                    hint="esearch ranks by words and by the vectors that there are.",
                )
        return await super().run(args, context)
