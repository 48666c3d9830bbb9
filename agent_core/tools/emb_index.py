"""`emb-index`: the vectors of the index."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.text import human_duration, one_line, plural
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.indexing import Teller, plain, table

if TYPE_CHECKING:
    from agent_core.cooldowns import Cooldowns
    from agent_core.index.api import Index


class EmbIndexArgs(msgspec.Struct, frozen=True):
    """`emb-index` takes nothing."""


class EmbIndexTool:
    """Makes the vectors that are missing; cancelled, it keeps those that are made."""

    name: ClassVar[str] = "emb-index"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "make the missing vectors of the index now; they come by themselves, too"
    action: ClassVar[ActionClass] = "heavy"
    args_type: ClassVar[type[msgspec.Struct]] = EmbIndexArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, index: Index, cooldowns: Cooldowns) -> None:
        self._index = index
        self._cooldowns = cooldowns

    async def run(self, args: EmbIndexArgs, context: ToolContext) -> ToolResult:
        """Make them; raises `IndexFault`, without an embedder too."""
        await self._cooldowns.begin(self.name)
        began = time.monotonic()
        before = await self._index.open()
        status = await self._index.embed(on_progress=Teller(context.progress, embedding=True))
        await self._cooldowns.begin(self.name)
        made = max(0, status.embedded - before.embedded)
        took = human_duration(time.monotonic() - began)
        return ToolResult(
            text=table(status),
            summary=f"{plural(made, 'vector')} made by {one_line(status.embedder)}; {took}",
            data={"index": plain(status), "made": made},
        )
