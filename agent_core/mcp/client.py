"""The servers of other people's tools: which there are, which may be started, their tools in the registry.

    work() -> before(): a command `server__tool` waits for its server, and for no other
    a task  -> for_task(): those that may are started side by side; it waits a moment for them, once

Nothing that a workspace names is started before its user said so, which is asked in a turn, once for what
stands there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from agent_core.bus import Publish
from agent_core.config import Settings
from agent_core.errors import AgentError, PermissionRefused, UsageError
from agent_core.events import Notice, TurnKind
from agent_core.forms import Filled, Form
from agent_core.mcp.client_config import Found, Named, read_servers, signature
from agent_core.mcp.client_consent import Consent, Verdict, rules_for
from agent_core.mcp.names import BETWEEN
from agent_core.text import one_line
from agent_core.tools.registry import Registry
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.mcp.client_server import Server
    from agent_core.tools.base import AnyTool

_PATIENCE_S = 5.0
"""Seconds that who sits at a screen waits."""
_AND_ENDED_S = 5.0
_log = logging.getLogger(__name__)
Put = Callable[[str, str], Awaitable[bool | None]]
"""Puts a question of its own to the user, and why; None where nobody can be asked."""
Fill = Callable[[Form], Awaitable[Filled | None]]
"""Has the user fill in a form of a server; None where nobody can be asked."""


class Asker(Protocol):
    """The turn that asks."""

    @property
    def turn_id(self) -> str:
        """Names it in events."""
        ...

    @property
    def publish(self) -> Publish:
        """Tells everyone who follows it."""
        ...

    def start(self, kind: TurnKind) -> None:
        """Publish its start, the first time that it is called."""
        ...


class Servers:
    """All of them, for one workspace and one event loop.

    Args:
        workspace: Which one.
        settings: How long they may take.
        registry: Gets their tools.
        consent: What may be started.
        put: Puts questions of a turn to the user.
        fill: Has the user fill in what servers ask in the middle of a call.
        publish: Tells what was wrong with a file.
        user_file: The user's own configuration.
        env: The environment, for variables in their entries.
        unseen: Whether nobody waits at a screen: then servers are waited for as long as they may take.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        registry: Registry,
        consent: Consent,
        put: Put,
        fill: Fill,
        publish: Publish,
        user_file: Path,
        env: Mapping[str, str],
        unseen: bool = False,
    ) -> None:
        self._workspace, self._settings, self._registry = workspace, settings, registry
        self._consent, self._put, self._fill, self._publish = consent, put, fill, publish
        self._user_file, self._env = user_file, env
        self.unseen = unseen
        self.patience_s = settings.mcp_start_timeout + _AND_ENDED_S if unseen else _PATIENCE_S
        """Seconds that a task waits for servers that were never ready yet."""
        self._seen: Any = None
        self._found = Found({})
        self._running: dict[str, Server] = {}
        self._told: set[str] = set()
        self._refused: dict[str, dict[str, str]] = {}
        self._lock = asyncio.Lock()

    @property
    def problems(self) -> tuple[str, ...]:
        """What was wrong with the files that name servers, and with that of the answers."""
        trouble = self._consent.trouble
        return (*self._found.problems, trouble) if trouble else self._found.problems

    @property
    def notes(self) -> tuple[str, ...]:
        """What is otherwise than those files have it."""
        return self._found.notes

    async def sync(self) -> dict[str, Named]:
        """Look which servers are named now; what is named otherwise than before, or no more, is ended."""
        async with self._lock:
            seen = await asyncio.to_thread(signature, self._workspace, self._user_file)
            if seen != self._seen:
                await asyncio.to_thread(self._consent.load)
                self._found = await asyncio.to_thread(
                    read_servers, self._workspace, self._user_file, self._env
                )
                self._seen = seen
                servers = self._found.servers
                gone = [one for one in self._running.values() if servers.get(one.named.name) != one.named]
                await asyncio.gather(*(self._drop(one) for one in gone))
                for problem in self.problems:
                    self._tell(problem, level="warning")
                for note in self._found.notes:
                    self._tell(note)
        return self._found.servers

    def verdict(self, named: Named) -> Verdict:
        """Whether it may be started."""
        return self._consent.verdict(named)

    def refused(self, name: str) -> dict[str, str]:
        """Its tools that the registry does not take, and why not."""
        return self._refused.get(name, {})

    async def open(self) -> None:
        """Start what may be started, in the background; what has to be asked about is told."""
        named = [*(await self.sync()).values()]
        for one in named:
            if self.verdict(one) == "allowed":
                self.server(one).wake()
        if asked := [one.name for one in named if self.verdict(one) == "asks"]:
            hint = "A task asks about them; `mcp` shows what they are, `mcp allow` and `mcp deny` answer."
            self._tell(f"This workspace names servers that nobody allowed: {', '.join(asked)}", hint=hint)

    def server(self, named: Named) -> Server:
        """The one of this name; made when it is asked for first. Nothing is started."""
        from agent_core.mcp.client_server import Server

        if named.name not in self._running:
            self._running[named.name] = Server(
                named=named,
                root=self._workspace.root,
                settings=self._settings,
                env=self._env,
                ask=self._fill,
                tell=partial(self._tell, again=True),
                changed=self._take,
                gone=self._tell_gone,
            )
        return self._running[named.name]

    def known(self, name: str) -> Server | None:
        """The one of this name, if it was ever to be started."""
        return self._running.get(name)

    async def named(self, name: str) -> Named:
        """The server of this name; raises `UsageError`."""
        found = (await self.sync()).get(name)
        if found is None:
            raise UsageError(
                f"There is no server {one_line(name)!r}", hint="`mcp` lists those that are named here."
            )
        return found

    async def answer(self, named: Named, allowed: bool) -> None:
        """What the user says of it: started, or ended, and its tools with it."""
        await asyncio.to_thread(self._consent.answer, named, allowed)
        if not allowed and (server := self._running.get(named.name)) is not None:
            await self._drop(server)

    async def before(self, text: str, turn: Asker) -> None:
        """What is typed begins with `server__`, or asks for help with such a command: have that server ready.

        Raises:
            PermissionRefused: It may not be started.
            McpFault: It is not there.
            UsageError: It has no such tool.
        """
        words = text.split(None, 2)
        word = words[1] if words[1:] and words[0].removeprefix("/") == "help" else "".join(words[:1])
        word = word.removeprefix("/")
        if BETWEEN not in word or text[:1].isspace():
            return
        named = (await self.sync()).get(word.partition(BETWEEN)[0])
        if named is None or (self._registry.get(word) is not None and self.verdict(named) == "allowed"):
            return
        turn.start("command")
        if not await self._may_start(named):
            raise self._not_allowed(named)
        await self.server(named).ready()
        if self._registry.get(word) is None:
            raise UsageError(
                f"The server {named.name} has no tool {one_line(word)!r}",
                hint=f"`mcp show {named.name}` lists those that it has.",
            )

    async def for_task(self, turn: Asker) -> None:
        """Start what may be started, and wait a moment for what was never there yet; never fails."""
        for named in (await self.sync()).values():
            if await self._may_start(named):
                self.server(named).wake()
            elif self.verdict(named) == "asks":
                refusal = self._not_allowed(named)
                self._tell(refusal.message, hint=refusal.hint, level="warning", turn_id=turn.turn_id)
        starting = [server for server in self._running.values() if server.state == "starting"]
        waiting = [asyncio.ensure_future(server.settled()) for server in starting if server.is_new]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=self.patience_s)
            for task in late:
                task.cancel()
        for server in self._running.values():
            self._tell_of(server, turn.turn_id)

    def _tell_of(self, server: Server, turn_id: str) -> None:
        name = server.named.name
        if server.state == "starting" and server.is_new:
            self._tell(f"The server {name} is not ready yet: this goes on without its tools", turn_id=turn_id)
        elif server.state == "failed":
            self._tell_gone(server, turn_id)

    def _tell_gone(self, server: Server, turn_id: str = "") -> None:
        """Tell why it is not there, unless that was told."""
        name, why = server.named.name, server.stood.error
        if server.is_news():
            hint = f"`mcp show {name}` tells what it said; it is tried again at the next use."
            self._tell(
                f"The server {name} is not there: {why}",
                hint=hint,
                level="warning",
                turn_id=turn_id,
                again=True,
            )

    async def _may_start(self, named: Named) -> bool:
        """By the rules and answers; else the user is asked, once."""
        verdict = self.verdict(named)
        if verdict != "asks":
            return verdict == "allowed"
        told = f"start the server {named.name}: {named.described}"
        risk = "What its tools are called with goes there" if named.entry.url else "It runs with your rights"
        why = (
            f"{named.where}, a file of this workspace, names it. {risk}, and its"
            " tools are offered to the model. Yes is kept until that entry changes; no is for this session"
            f" (`mcp deny {named.name}` keeps it)."
        )
        said = await self._put(told, why)
        if not said:
            if said is False:
                self._consent.refuse_now(named)
            return False
        try:
            await asyncio.to_thread(self._consent.answer, named, said)
        except (AgentError, OSError) as error:
            _log.warning("the answer about the server %s could not be kept: %s", named.name, error)
        return said

    def _not_allowed(self, named: Named) -> PermissionRefused:
        if self.verdict(named) == "asks":
            rules = " ".join(f"--allow '{rule}'" for rule in rules_for(named))
            return PermissionRefused(
                f"The server {named.name} of {named.where} is not started: nobody allowed it yet",
                hint=f"`mcp allow {named.name}` allows it as it is written now; for one run: {rules}."
                f" It would {'reach' if named.entry.url else 'run'}: {named.described}",
            )
        if self.verdict(named) == "disabled":
            return PermissionRefused(f"The server {named.name} is disabled in {named.where}")
        return PermissionRefused(
            f"The server {named.name} may not be started", hint=f"`mcp allow {named.name}` changes that."
        )

    def _take(self, server: Server) -> None:
        """Its tools are others."""
        tools = cast("tuple[AnyTool, ...]", server.tools)
        refused = self._registry.replace(f"mcp {server.named.name}", tools)
        self._refused[server.named.name] = refused
        self._registry.arrange(f"mcp {name}" for name in self._found.servers)

    async def _drop(self, server: Server) -> None:
        self._running.pop(server.named.name, None)
        self._registry.replace(f"mcp {server.named.name}", ())
        await server.aclose()

    def _tell(
        self, message: str, *, hint: str = "", level: Any = "info", turn_id: str = "", again: bool = False
    ) -> None:
        """Tell something once, unless it may be told `again`."""
        if again or message not in self._told:
            self._told.add(message)
            self._publish(Notice(level=level, message=message, hint=hint, turn_id=turn_id))

    async def aclose(self) -> None:
        """End all of them, side by side."""
        servers = [*self._running.values()]
        self._running.clear()
        await asyncio.gather(*(server.aclose() for server in servers), return_exceptions=True)
