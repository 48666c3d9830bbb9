"""`esearch`: semantic search over the indexed code."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.places import SearchArgs, find_places

if TYPE_CHECKING:
    from agent_core.index.api import Index


class EsearchTool:
    """Ranks places by words, names, definitions and meaning together."""

    name: ClassVar[str] = "esearch"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "find the code that a question in words is about"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = SearchArgs
    positional: ClassVar[tuple[str, ...]] = ("query",)
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = True

    def __init__(self, *, index: Index) -> None:
        self._index = index

    async def run(self, args: SearchArgs, context: ToolContext) -> ToolResult:
        """Search; raises `UsageError`, `IndexFault`, and the `ModelError` tree for an embedder's failure."""
        return await find_places(self.name, self._index, args, context, "hybrid")
