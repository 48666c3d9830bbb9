"""One server: started when it is needed, kept, called, and started again after it ended.

A task of its own keeps the connection, so that nothing but a call that needs it ever waits for it, and that
call for a limited time. After a failure it is tried again at the next use, but not before a pause that grows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_core.config import Settings
from agent_core.errors import McpFault
from agent_core.masking import masker
from agent_core.mcp.client_config import Named
from agent_core.mcp.client_entry import Filled
from agent_core.mcp.client_http import HttpTransport
from agent_core.mcp.client_listing import Listing, listed, tools_of
from agent_core.mcp.client_secrets import filled_in
from agent_core.mcp.client_state import Failures, SessionOver, State, Stood, said_of
from agent_core.mcp.client_stdio import StdioTransport
from agent_core.mcp.client_tool import ServerTool
from agent_core.text import human_duration, one_line, printable, shorten
from agent_core.verify.environment import without_own_secrets

if TYPE_CHECKING:
    from agent_core.mcp.client_link import Ask, Link

_MOST_REFRESHES = 20
_REFRESH_S = 0.5
_STOP_S, _STOPS = 5.0, 3
"""Seconds that the end of one may take before it is cut short, and how often that is tried."""
_log = logging.getLogger(__name__)


class Server:
    """One of them; belongs to one event loop.

    Args:
        named: What it is.
        root: The workspace: its working folder.
        settings: How long it may take.
        env: The environment, for the variables of its entry.
        ask: Has the user fill in a form of it; None where nobody can be asked.
        tell: Tells the user something of it.
        changed: Called when its tools are others than before.
        gone: Called when it could not be started, or ended, and nobody waits for it who is told anyway.
    """

    def __init__(
        self,
        *,
        named: Named,
        root: Path,
        settings: Settings,
        env: Mapping[str, str],
        ask: Ask,
        tell: Callable[[str], None],
        changed: Callable[[Server], None],
        gone: Callable[[Server], None],
    ) -> None:
        self.named = named
        self.tools: tuple[ServerTool, ...] = ()
        self._root, self._settings, self._env = root, settings, env
        self._ask, self._tell, self._changed, self._gone = ask, tell, changed, gone
        self._mask = masker(settings)
        self._transport: StdioTransport | HttpTransport | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._link: Link | None = None
        self._settled = asyncio.Event()
        self._over = asyncio.Event()
        self._why = ""
        self._notes: tuple[str, ...] = ()
        self._version = ""
        self._failures = Failures()
        self._refreshes = 0
        self._refreshing: asyncio.Task[None] | None = None
        self._users = 0
        self._closed = self._stopping = self._settled_once = False

    @property
    def state(self) -> State:
        """How it stands."""
        if self._link is not None:
            return "ready"
        if self._keeper is not None:
            return "starting"
        return "failed" if self._why else "idle"

    @property
    def stood(self) -> Stood:
        """The same, with what was last heard of it."""
        transport = self._transport
        errors = transport.errors if transport else ""
        return Stood(
            state=self.state,
            error=self._why,
            version=self._version,
            pid=transport.pid if isinstance(transport, StdioTransport) and self._link else 0,
            errors=printable(self._mask(errors)),
            notes=self._notes,
        )

    def is_news(self) -> bool:
        """Whether nobody was told yet why it is not there; somebody is, now."""
        news = self._failures.told != self._why
        self._failures.told = self._why
        return news

    @property
    def is_new(self) -> bool:
        """Whether it was never ready, and never failed."""
        return not self._settled_once

    def wake(self) -> None:
        """Start it, in the background, unless it runs, or has to pause after it failed."""
        if self._keeper is None and not self._closed and self._failures.left <= 0:
            self._settled.clear()
            self._over.clear()
            self._keeper = asyncio.create_task(self._keep(), name=f"mcp {self.named.name}")

    async def settled(self) -> None:
        """Wait until it is ready or has failed, if it is being started."""
        if self._keeper is not None:
            await self._settled.wait()

    async def ready(self) -> Link:
        """The connection, once it stands; raises `McpFault`, which names the server, where it does not."""
        with self._used():
            if self._keeper is not None and self._over.is_set():
                await asyncio.wait((self._keeper,))  # what ended is ended whole before it is started anew
            self.wake()
            await self.settled()
        if self._link is None:
            self._failures.told = self._why
            left = self._failures.left
            pause = f"It is tried again after {human_duration(left)}" if left > 0 else "Try again"
            name = self.named.name
            hint = f"{pause}, or `mcp restart {name}`; `mcp show {name}` tells more."
            raise McpFault(f"The server {name} is not there: {self._why or 'it is ended'}", hint=hint)
        return self._link

    async def restart(self) -> None:
        """End it, and start it anew at once."""
        self._stopping = True
        try:
            await self._stop()
        finally:
            self._stopping = False
        self._failures, self._why = Failures(), ""
        self.wake()

    async def aclose(self) -> None:
        """End it for good; nothing of it is left running."""
        self._closed = True
        await self._stop()

    async def _stop(self) -> None:
        keeper = self._keeper
        if keeper is None:
            return
        if self._link is None:
            keeper.cancel()
        self._over.set()
        for _ in range(_STOPS):
            done, _ = await asyncio.wait((keeper,), timeout=_STOP_S)
            if done:
                return
            keeper.cancel()

    async def call(self, name: str, arguments: dict[str, Any], progress: Callable[[str], None]) -> Any:
        """Call a tool of it; raises `McpFault`. Cancelling tells the server."""
        with self._used():
            with suppress(SessionOver):
                return await self._call(name, arguments, progress)
            try:  # it did not look at the call: a new session is begun for it
                return await self._call(name, arguments, progress)
            except SessionOver:
                raise McpFault(f"{self.named.name}: It forgets every session") from None

    async def _call(self, name: str, arguments: dict[str, Any], progress: Callable[[str], None]) -> Any:
        link = await self.ready()
        try:
            return await link.call(name, arguments, progress)
        except McpFault as fault:
            message = f"{self.named.name}: {self._mask(fault.message)}"
            if self._over.is_set() and self._why:
                self._failures.told = self._why
                message = message if self._why in message else f"{message} ({self._why})"
            raise McpFault(message, hint=self._mask(fault.hint)) from None

    @contextmanager
    def _used(self) -> Generator[None]:
        """Who uses it is told why it is not there."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1

    async def _keep(self) -> None:
        """Start it and stay until it is over; afterwards its state says why."""
        failed = ""
        self._why = ""
        try:
            from agent_core.mcp.client_link import preload

            await preload(http=bool(self.named.entry.url))  # that takes time of ours, not of the server's
            limit = self._settings.mcp_start_timeout
            self._watch = asyncio.get_running_loop().call_later(limit, self._too_slow)
            await self._connected()
        except asyncio.CancelledError:
            failed = self._why or "it was ended"
        except BaseException as error:  # noqa: BLE001 - the edge: groups of whatever a transport raises
            failed = self._why or said_of(error)
            if isinstance(self._transport, HttpTransport) and self._transport.errors:
                failed = f"{failed} ({self._transport.errors})"
            _log.info("the server %s failed: %s", self.named.name, self._mask(failed))
        finally:
            self._in_time()
            self._link, self._keeper = None, None
            self._note_end(failed or self._why)
            self._settle()

    def _settle(self) -> None:
        self._settled_once = True
        self._settled.set()

    def _in_time(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _too_slow(self) -> None:
        self._why = f"it was not ready within {self._settings.mcp_start_timeout:g} s (mcp_start_timeout)"
        if self._keeper is not None:
            self._keeper.cancel()

    def _note_end(self, why: str) -> None:
        self._why = "" if self._closed or self._stopping else shorten(one_line(self._mask(why)), 300)
        if not self._why:
            return
        self._failures.another()
        if not self._users:
            self._gone(self)

    async def _connected(self) -> None:
        from agent_core.mcp.client_link import open_link

        env = without_own_secrets(self._env) if self.named.source == "workspace" else self._env
        filled = await filled_in(self.named.entry, env, self._root)
        self._mask = masker(self._settings, filled.secrets)
        self._transport = transport = self._opened(filled)
        async with (
            transport.streams() as streams,
            open_link(
                streams,
                name=self.named.name,
                mask=self._mask,
                settings=self._settings,
                root=self._root if not self.named.is_remote else None,
                ask=self._ask,
                declined=self._declined,
                changed=self._listen,
                lost=self._lost,
            ) as link,
        ):
            self._version = shorten(one_line(self._mask(link.version)), 80)
            await self._take(await listed(link))
            self._in_time()
            self._link = link
            self._failures.ready()
            self._settle()
            try:
                await self._over.wait()
            finally:
                self._link = None
                if self._refreshing is not None:
                    self._refreshing.cancel()
                link.close()

    def _opened(self, filled: Filled) -> StdioTransport | HttpTransport:
        entry = filled.entry
        if entry.url:
            timeout = self._settings.mcp_call_timeout
            return HttpTransport(entry.url, headers=entry.headers, timeout=timeout, on_end=self._lost)
        argv = (entry.command, *entry.args)
        where: Any = {"root": self._root, "cwd": entry.cwd, "safe": self.named.source == "user"}
        return StdioTransport(argv, env=entry.env, on_end=self._lost, base=self._env, **where)

    def _lost(self, why: str) -> None:
        """It ended, or may not go on; a start that still waits fails."""
        if self._over.is_set() or self._why:
            return
        self._why = shorten(one_line(self._mask(why)), 300)
        self._over.set()
        if self._link is None and self._keeper is not None:
            self._keeper.cancel()

    def _declined(self, why: str) -> None:
        self._tell(f"The server {self.named.name} {why}; it was declined")

    # Its tools

    def _listen(self) -> None:
        """It says that its tools changed: look at them anew, soon, and not for ever."""
        if self._link is None or self._refreshes >= _MOST_REFRESHES:
            return
        if self._refreshing is None or self._refreshing.done():
            self._refreshes += 1
            self._refreshing = asyncio.create_task(self._refresh(self._link))

    async def _refresh(self, link: Link) -> None:
        await asyncio.sleep(_REFRESH_S)  # several changes are one
        with suppress(McpFault, SessionOver):
            await self._take(await listed(link))

    async def _take(self, listing: Listing) -> None:
        """Read them in a thread: to check what somebody else calls a schema takes long."""
        self.tools, self._notes = await asyncio.to_thread(
            tools_of, listing, server=self.named, call=self.call, mask=self._mask, known=self.tools
        )
        self._changed(self)
