"""`auth`: where the keys of endpoints come from; try one, remove one. A key is never typed into a command."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec

from agent_core.errors import ToolError, UsageError
from agent_core.events import ActionClass
from agent_core.text import plural
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.config import Config, Settings
    from agent_core.workspace import Workspace

HOW_TO_LOGIN = "On the screen: the palette's `Keep an API key`. In a shell: `dspy-tui auth login [ENDPOINT]`."


class AuthArgs(msgspec.Struct, frozen=True):
    """Arguments of `auth`."""

    what: Annotated[
        Literal["list", "test", "remove", "login"],
        msgspec.Meta(
            description="List where keys come from, try one, remove one; login says how to keep one."
        ),
    ] = "list"
    endpoint: Annotated[
        str, msgspec.Meta(description="A host or a URL; the endpoint of the settings by default.")
    ] = ""


class AuthTool:
    """Lists, tries and removes keys; keeping one asks for it in a box of its own, not in a command."""

    name: ClassVar[str] = "auth"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "say where the keys of endpoints come from; try or remove one"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = AuthArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "endpoint")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, config: Config) -> None:
        self._config = config

    async def plan(
        self, args: AuthArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """Trying a key sends it to its endpoint, which asks as all of that do; raises `ConfigError`."""
        if args.what != "test":
            return None
        from agent_core.credentials.finding import endpoint_of
        from agent_core.llm.hosts import is_local

        url, host = await asyncio.to_thread(endpoint_of, settings, args.endpoint)
        return None if is_local(url) else Planned((host,), "It sends its key there.", action="network")

    async def run(self, args: AuthArgs, context: ToolContext) -> ToolResult:
        """Do it; raises `UsageError`, `ConfigError`, and the `ModelError` tree."""
        from agent_core.credentials.known import unreadable
        from agent_core.credentials.managing import remove, standings, try_key
        from agent_core.credentials.saying import removed_line, standing_lines, tried_line

        match args.what:
            case "login":
                raise UsageError("a key is not typed into a command, which is remembered", hint=HOW_TO_LOGIN)
            case "list":
                found = await standings(self._config)
                trouble = await asyncio.to_thread(unreadable)
                data = {"endpoints": msgspec.to_builtins(found), "trouble": trouble}
                said = plural(len(found), "endpoint")
                lines = standing_lines(found, trouble)
                return ToolResult(text="\n".join(lines), summary=said, data=data)
            case "test":
                tried = await try_key(self._config, args.endpoint)
                line = tried_line(tried)
                return ToolResult(
                    text=line, summary=tried.detail, data={"tested": msgspec.to_builtins(tried)}
                )
            case "remove":
                try:
                    host, was = await remove(self._config, args.endpoint)
                except OSError as error:
                    message = f"it cannot be noted that the key is gone: {error.strerror}"
                    raise ToolError(message) from None
                line = removed_line(host, was)
                return ToolResult(text=line, summary=line, data={"host": host, "removed": was})
