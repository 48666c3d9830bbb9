"""`index`: the lexical and symbol index of the code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.index.saying import in_short
from agent_core.text import human_duration, plural
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.indexing import Teller, plain, table, telling

if TYPE_CHECKING:
    from agent_core.cooldowns import Cooldowns
    from agent_core.index.api import Index


class IndexArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `index`."""

    status: Annotated[
        bool, msgspec.Meta(description="Only show how the index stands.", extra={"flag": "--status"})
    ] = False


class IndexTool:
    """Brings the index up to date, or shows how it stands."""

    name: ClassVar[str] = "index"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "build or refresh the index of the code; --status shows how it stands"
    action: ClassVar[ActionClass] = "heavy"
    args_type: ClassVar[type[msgspec.Struct]] = IndexArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, index: Index, cooldowns: Cooldowns) -> None:
        self._index = index
        self._cooldowns = cooldowns

    async def run(self, args: IndexArgs, context: ToolContext) -> ToolResult:
        """Build it, or tell; raises `IndexFault`."""
        if args.status:
            async with telling(self._index, context.progress):
                status = await self._index.open()
            return ToolResult(text=table(status), summary=in_short(status), data={"index": plain(status)})
        await self._cooldowns.begin(self.name)
        began = time.monotonic()
        status = await self._index.build(on_progress=Teller(context.progress))
        await self._cooldowns.begin(self.name)
        took = human_duration(time.monotonic() - began)
        return ToolResult(
            text=table(status),
            summary=f"{plural(status.files, 'file')}, {plural(status.chunks, 'chunk')}; {took}",
            data={"index": plain(status)},
        )
