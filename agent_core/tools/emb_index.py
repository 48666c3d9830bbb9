"""`emb-index`: the vectors of the index."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from agent_core.text import one_line, plural
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.indexing import HeavyIndexTool, Teller, plain, table


class EmbIndexArgs(msgspec.Struct, frozen=True):
    """`emb-index` takes nothing."""


class EmbIndexTool(HeavyIndexTool):
    """Makes the vectors that are missing; cancelled, it keeps those that are made."""

    name: ClassVar[str] = "emb-index"
    summary: ClassVar[str] = "make the missing vectors of the index now; they come by themselves, too"
    args_type: ClassVar[type[msgspec.Struct]] = EmbIndexArgs

    async def run(self, args: EmbIndexArgs, context: ToolContext) -> ToolResult:
        """Make them; raises `IndexFault`, without an embedder too."""
        tell = Teller(context.progress, embedding=True)
        before = await self._index.open()
        status, took = await self._cooled(lambda: self._index.embed(on_progress=tell))
        made = max(0, status.embedded - before.embedded)
        return ToolResult(
            text=table(status),
            summary=f"{plural(made, 'vector')} made by {one_line(status.embedder)}; {took}",
            data={"index": plain(status), "made": made},
        )
