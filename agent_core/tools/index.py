"""`index`: the lexical and symbol index of the code."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from agent_core.index.saying import in_short
from agent_core.text import plural
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.indexing import HeavyIndexTool, Teller, plain, table, telling


class IndexArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `index`."""

    status: Annotated[
        bool, msgspec.Meta(description="Only show how the index stands.", extra={"flag": "--status"})
    ] = False


class IndexTool(HeavyIndexTool):
    """Brings the index up to date, or shows how it stands."""

    name: ClassVar[str] = "index"
    summary: ClassVar[str] = "build or refresh the index of the code; --status shows how it stands"
    args_type: ClassVar[type[msgspec.Struct]] = IndexArgs

    async def run(self, args: IndexArgs, context: ToolContext) -> ToolResult:
        """Build it, or tell; raises `IndexFault`."""
        if args.status:
            async with telling(self._index, context.progress):
                status = await self._index.open()
            return ToolResult(text=table(status), summary=in_short(status), data={"index": plain(status)})
        tell = Teller(context.progress)
        status, took = await self._cooled(lambda: self._index.build(on_progress=tell))
        return ToolResult(
            text=table(status),
            summary=f"{plural(status.files, 'file')}, {plural(status.chunks, 'chunk')}; {took}",
            data={"index": plain(status)},
        )
