"""`intel`: search in the knowledge graph and everything else together."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from agent_core.index.api import SearchMode
from agent_core.tools.places import PlacesTool

if TYPE_CHECKING:
    from agent_core.index.api import Index, SearchAnswer
    from agent_core.logs.api import Logs
    from agent_core.lsp.servers import LanguageServers
    from agent_core.tools.base import ToolContext


class IntelTool(PlacesTool):
    """Ranks with definitions, references and imports between files, and with what the logs lead to.

    Each place says why it is there. Where a language server may be asked, what it says of the names in the
    query comes first.
    """

    name: ClassVar[str] = "intel"
    summary: ClassVar[str] = "find code and what is connected with it (uses, imports, logs), with reasons"
    mode: ClassVar[SearchMode] = "graph"
    for_agent: ClassVar[bool] = True

    def __init__(self, *, index: Index, logs: Logs, servers: LanguageServers | None = None) -> None:
        super().__init__(index=index)
        self._logs, self._servers = logs, servers

    async def _fused(
        self, answer: SearchAnswer, query: str, limit: int, context: ToolContext
    ) -> SearchAnswer:
        from agent_core.tools.log_evidence import with_logs

        workspace = context.workspace
        fused = await with_logs(answer, query, limit=limit, logs=self._logs, workspace=workspace)
        if self._servers is None:
            return fused
        from agent_core.tools.server_places import with_servers

        return await with_servers(
            fused, query, limit=limit, servers=self._servers, index=self._index, workspace=workspace
        )
