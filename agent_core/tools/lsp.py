"""`lsp`: which language servers there are, and how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.text import one_line, plural
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.lsp.api import ServerStatus
    from agent_core.lsp.servers import LanguageServers

_STATES = {
    "idle": "installed, starts when it is needed",
    "starting": "starting",
    "ready": "running",
    "ended": "not asked any more",
    "missing": "not installed",
    "off": "off",
}


class LspArgs(msgspec.Struct, frozen=True):
    """No arguments."""


class LspTool:
    """Lists the servers by language. Nothing is started."""

    name: ClassVar[str] = "lsp"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "language servers: which are installed, and how they stand"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = LspArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, servers: LanguageServers) -> None:
        self._servers = servers

    async def run(self, args: LspArgs, context: ToolContext) -> ToolResult:
        """How they stand."""
        rows = await self._servers.status()
        installed = [row for row in rows if row.state not in ("missing", "off")]
        return ToolResult(
            text="\n".join(map(described, rows)),
            summary=f"{plural(len(installed), 'language server')} installed",
            data={"servers": [msgspec.to_builtins(row) for row in rows]},
        )


def described(row: ServerStatus) -> str:
    """One row for people."""
    state = _STATES[row.state]
    if row.state == "ready":
        state += f" (process {row.pid}, {'in a sandbox' if row.sandboxed else 'no sandbox'})"
    detail = f": {one_line(row.detail)}" if row.detail and row.state not in ("missing", "idle") else ""
    known = row.state not in ("missing", "off")
    return f"{row.language:<10}  {one_line(row.command) if known else row.name}  {state}{detail}"
