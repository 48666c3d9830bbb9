"""`mcp`: the servers of other people's tools: how they stand, what they offer, who may be started."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from agent_core.errors import ErrorInfo, McpFault, ToolError, UsageError
from agent_core.events import ActionClass
from agent_core.mcp.client_config import both_ends
from agent_core.text import one_line, plural, printable
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.mcp.client import Servers
    from agent_core.mcp.client_config import Named
    from agent_core.mcp.client_server import Server

_PATIENCE_S = 10.0
_SHOWN = 400
"""Characters of what a server is started with in the list of all; `mcp show` has it whole."""
_NONE = (
    "No servers are named here. [mcp_servers.NAME] with `command` and `args`, or `url`, in config.toml names"
    ' one; so does {"mcpServers": {…}} in .mcp.json.'
)


class McpArgs(msgspec.Struct, frozen=True):
    """Arguments of `mcp`."""

    what: Annotated[
        Literal["list", "show", "allow", "deny", "restart"],
        msgspec.Meta(
            description="List the servers, show one with its tools and what it said last, allow or deny one"
            " that a file of the workspace names, start one anew."
        ),
    ] = "list"
    name: Annotated[str, msgspec.Meta(description="The server.")] = ""


class McpTool:
    """Lists the servers, and does with one what the first word says.

    It is for people: who types `mcp allow` has answered what would be asked.
    """

    name: ClassVar[str] = "mcp"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list, show, allow, deny or restart the servers whose tools are used here (MCP)"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = McpArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "name")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, servers: Servers) -> None:
        self._servers = servers

    async def run(self, args: McpArgs, context: ToolContext) -> ToolResult:
        """Do what the arguments say; raises `UsageError`, `ToolError`, `PermissionRefused`, `McpFault`."""
        if args.what == "list":
            return await self._list()
        if not args.name:
            raise UsageError(f"mcp {args.what} needs the name of a server", hint="`mcp` lists them.")
        named = await self._servers.named(args.name)
        match args.what:
            case "show":
                return await self._show(named)
            case "restart":
                return await self._restart(named)
            case _:
                return await self._answer(named, allowed=args.what == "allow")

    async def _list(self) -> ToolResult:
        """All of them; those that may are started, side by side, to say whether they work."""
        named = [*(await self._servers.sync()).values()]
        awake = [self._servers.server(one) for one in named if self._servers.verdict(one) == "allowed"]
        await self._settle(awake)
        rows = [self._row(one) for one in named]
        width = max((len(row["name"]) for row in rows), default=0)
        lines = [
            f"{row['name']:<{width}}  {_stands(row)}\n{'':<{width}}  {both_ends(row['described'], _SHOWN)}"
            for row in rows
        ]
        lines += [f"! {one_line(problem)}" for problem in self._servers.problems]
        lines += [f"note: {one_line(note)}" for note in self._servers.notes]
        ready = sum(row["state"] == "ready" for row in rows)
        return ToolResult(
            text=printable("\n".join(lines) or _NONE),
            summary=f"{plural(len(rows), 'server')}, {ready} ready",
            data={"servers": rows, "problems": list(self._servers.problems)},
            error=self._missed(rows),
        )

    async def _show(self, named: Named) -> ToolResult:
        server = self._servers.server(named)
        if self._servers.verdict(named) == "allowed":
            await self._settle([server])
        row = self._row(named)
        tools = [
            {"name": tool.name, "class": tool.action, "summary": tool.summary, "schema": tool.schema}
            for tool in server.tools
        ]
        stood = server.stood
        refused = [f"{name}: {why}" for name, why in self._servers.refused(named.name).items()]
        notes = [*stood.notes, *refused]
        parts = [
            f"{named.name}: {_stands(row)}",
            f"{row['described']}",
            *([f"says that it is {stood.version}"] if stood.version else []),
            *(f"note: {note}" for note in notes),
            *(["", "tools (their descriptions are the server's words)"] if tools else []),
            *(f"  {tool['name']}  {tool['class']}  {tool['summary']}" for tool in tools),
            *(["", "standard error, the end of it", *_tail(stood.errors)] if stood.errors.strip() else []),
        ]
        return ToolResult(
            text=printable("\n".join(parts)),
            summary=f"{named.name}: {row['state']}, {plural(len(tools), 'tool')}",
            data={"server": row, "tools": tools, "notes": notes, "stderr": stood.errors},
            error=self._missed([row]),
        )

    async def _restart(self, named: Named) -> ToolResult:
        if self._servers.verdict(named) != "allowed":
            raise ToolError(
                f"The server {named.name} may not be started", hint=f"`mcp allow {named.name}` allows it."
            )
        server = self._servers.server(named)
        await server.restart()
        await server.ready()
        said = f"{named.name} is ready: {plural(len(server.tools), 'tool')}"
        return ToolResult(text=said, summary=said, data={"server": self._row(named)})

    async def _answer(self, named: Named, *, allowed: bool) -> ToolResult:
        try:
            await self._servers.answer(named, allowed)
        except OSError as error:
            raise ToolError(f"The answer cannot be kept: {error.strerror or error}") from None
        if not allowed:
            said = f"{named.name} is not started here, as long as it is written as it is now"
            return ToolResult(text=f"{said}.", summary=said, data={"server": self._row(named)})
        if (verdict := self._servers.verdict(named)) != "allowed":
            raise ToolError(f"The server {named.name} is {verdict}", hint="See `deny` in the settings.")
        self._servers.server(named).wake()
        said = f"{named.name} may be started here, as it is written now: {named.described}"
        return ToolResult(
            text=f"{said}.", summary=f"{named.name} is allowed", data={"server": self._row(named)}
        )

    async def _settle(self, servers: list[Server]) -> None:
        """Start them, and wait for a limited time until each is ready or failed."""
        for server in servers:
            server.wake()
        waiting = [asyncio.ensure_future(server.settled()) for server in servers]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=max(_PATIENCE_S, self._servers.patience_s))
            for task in late:
                task.cancel()

    def _missed(self, rows: list[dict[str, Any]]) -> ErrorInfo | None:
        """That some that may be started are not there, where nobody reads the list: a build is to fail."""
        missed = [row for row in rows if row["permission"] == "allowed" and row["state"] != "ready"]
        if not self._servers.unseen or not missed:
            return None
        names = ", ".join(row["name"] for row in missed)
        said = "1 server does not work" if len(missed) == 1 else f"{len(missed)} servers do not work"
        return ErrorInfo(McpFault.code, f"{said}: {names}", "The list says why.")

    def _row(self, named: Named) -> dict[str, Any]:
        server = self._servers.known(named.name)
        stood = server.stood if server else None
        return {
            "name": named.name,
            "state": stood.state if stood else "idle",
            "permission": self._servers.verdict(named),
            "tools": len(server.tools) if server else 0,
            "error": stood.error if stood else "",
            "where": named.where,
            "described": named.described,
            "pid": stood.pid if stood else 0,
        }


def _stands(row: dict[str, Any]) -> str:
    if row["permission"] == "asks":
        return f"not started: `mcp allow {row['name']}` allows it (from {row['where']})"
    if row["permission"] != "allowed":
        return f"{row['permission']} (from {row['where']})"
    if row["state"] == "failed":
        return f"failed (from {row['where']}): {row['error']}"
    return f"{row['state']}, {plural(row['tools'], 'tool')} (from {row['where']})"


def _tail(text: str) -> list[str]:
    return [f"  {line}" for line in text.strip().splitlines()[-20:]]
