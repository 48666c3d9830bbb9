"""The language servers of one session: started when they are needed, kept while they are used.

A server that ends, hangs or talks nonsense is told of once, and the session goes on without it.
"""

from __future__ import annotations

import asyncio
import logging
import posixpath
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, ServerFault
from agent_core.events import Notice
from agent_core.files import read_bounded
from agent_core.lsp.api import Named, ServerSpec, ServerStatus, Where
from agent_core.lsp.comparing import text_of
from agent_core.lsp.connection import Refused
from agent_core.lsp.detect import LANGUAGES, find_server, language_of
from agent_core.lsp.disk import Disk
from agent_core.lsp.positions import Lines, path_of
from agent_core.lsp.server import Server, StillReading, started
from agent_core.text import one_line
from agent_core.workspace import Workspace

T = TypeVar("T")
Start = Callable[[ServerSpec, Workspace], Awaitable[Server]]
_IDLE_S = 300.0
_READING_S = 600.0
"""How long a server may read the project before it is given up."""
_HIDE_S = 1.0
_LONG_S, _MOMENT_S = 20.0, 3.0
_MOST_PLACES, _MOST_TEXT = 100, 2 << 20
_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct):
    """One server of the session, and how it stands."""

    spec: ServerSpec
    disk: Disk
    lock: asyncio.Lock
    starting: asyncio.Task[None] | None = None
    server: Server | None = None
    gone: str = ""
    used: float = 0.0
    reading_since: float = 0.0
    users: int = 0


class LanguageServers:
    """Every server of a session.

    Args:
        workspace: What they look at.
        settings: Whether, and by which commands.
        publish: Told when one is given up.
        allows: Whether a rule lets the line be run; what a person allowed is added by `allow`.
        start: Starts one.
        idle_s: Seconds without use after which one is ended.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        publish: Callable[[Notice], None],
        allows: Callable[[str], bool],
        start: Start = started,
        idle_s: float = _IDLE_S,
    ) -> None:
        self._workspace, self._settings = workspace, settings
        self._publish, self._allows, self._start, self._idle_s = publish, allows, start, idle_s
        self._allowed: set[str] = set()
        self._kept: dict[tuple[str, ...], _Kept] = {}
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    async def specs_for(self, paths: Iterable[str]) -> tuple[ServerSpec, ...]:
        """The servers that these files are the business of: installed, and not given up."""
        folders = {(language_of(path), posixpath.dirname(path) or ".") for path in paths}
        wanted = sorted((language, folder) for language, folder in folders if language)
        found = [await self._find(language, folder) for language, folder in wanted]
        usable = (spec for spec in found if spec.found and not self._gone(spec))
        return tuple(dict.fromkeys(usable))

    async def _find(self, language: str, folder: str) -> ServerSpec:
        return await asyncio.to_thread(find_server, language, self._workspace, self._settings, folder=folder)

    def may(self, spec: ServerSpec) -> bool:
        """Whether it may be run without asking."""
        return spec.line in self._allowed or self._allows(spec.line)

    def allow(self, specs: Iterable[ServerSpec]) -> None:
        """A person allowed these for the session."""
        self._allowed.update(spec.line for spec in specs)

    async def status(self) -> tuple[ServerStatus, ...]:
        """How each stands: those in use, and for other languages what was found in the root."""
        rows = [self._row(kept) for kept in self._kept.values()]
        seen = {row.language for row in rows}
        for language in LANGUAGES:
            if language not in seen:
                spec = await self._find(language, ".")
                state = "idle" if spec.found else "off" if spec.off else "missing"
                rows.append(
                    ServerStatus(
                        language=language, name=spec.name, command=spec.line, state=state, detail=spec.why
                    )
                )
        return tuple(sorted(rows, key=lambda row: LANGUAGES.index(row.language)))

    def _row(self, kept: _Kept) -> ServerStatus:
        spec, server = kept.spec, kept.server
        state, detail = "idle", "resting"
        if kept.gone:
            state, detail = "ended", kept.gone
        elif server is not None:
            state, detail = "ready", "reading the project" if server.busy else ""
        elif kept.starting is not None:
            state, detail = "starting", ""
        return ServerStatus(
            language=spec.language,
            name=spec.name,
            command=spec.line,
            state=state,
            detail=detail,
            pid=server.pid if server else 0,
            sandboxed=bool(server and server.sandboxed),
        )

    async def use(self, spec: ServerSpec, work: Callable[[Server], Awaitable[T]], *, within: float) -> T:
        """Do something with a server, one caller at a time; it is started first where it does not run.

        Raises:
            StillReading: It is not ready yet; it goes on getting ready.
            ServerFault: It was given up, now or before.
        """
        kept = self._keep(spec)
        deadline = time.monotonic() + within
        kept.users += 1
        try:
            try:
                async with asyncio.timeout(within):
                    await kept.lock.acquire()
            except TimeoutError:
                raise StillReading("It is busy") from None
            try:
                return await self._used(kept, work, deadline)
            finally:
                kept.lock.release()
        finally:
            kept.used = time.monotonic()
            kept.users -= 1

    async def _used(self, kept: _Kept, work: Callable[[Server], Awaitable[T]], deadline: float) -> T:
        try:
            server = await self._running(kept, deadline)
            await server.files_changed(await asyncio.to_thread(kept.disk.changes))
            try:
                result = await work(server)
            finally:
                with suppress(ServerFault, TimeoutError):
                    async with asyncio.timeout(_HIDE_S):
                        await server.hide()
        except Refused:
            raise
        except StillReading as fault:
            kept.reading_since = kept.reading_since or time.monotonic()
            if time.monotonic() - kept.reading_since > _READING_S:
                await self._give_up(kept, fault)
            raise
        except ServerFault as fault:
            await self._give_up(kept, fault)
            raise
        kept.reading_since = 0.0
        return result

    async def places(
        self, path: str, line: int, last: int, name: str, *, references: bool, within: float
    ) -> tuple[ServerSpec, tuple[Named, ...]] | None:
        """Where a name that these lines of a file have is defined, or used.

        None where no server that may be run without asking can tell. Raises `ServerFault`.
        """
        deadline = time.monotonic() + within
        (spec, *_) = await self.specs_for((path,)) or (None,)
        if spec is None or not self.may(spec):
            return None
        text = await asyncio.to_thread(self._text, path)
        found = Lines(text).named(name, line, last)
        if found is None:
            return None

        async def ask(server: Server) -> tuple[Named, ...]:
            spot = Lines(text).spot(*found, server.able.encoding)
            left = max(0.0, deadline - time.monotonic())
            places = await server.places(path, text, spot, references=references, within=left)
            return await asyncio.to_thread(self._named, server, places, {path: text})

        return spec, await self.use(spec, ask, within=within)

    def _named(self, server: Server, places: Sequence[Where], known: Mapping[str, str]) -> tuple[Named, ...]:
        texts = dict(known)
        named: list[Named] = []
        for place in places[:_MOST_PLACES]:
            path = path_of(place.uri, self._workspace.root)
            if not path:
                continue
            if path not in texts:
                texts[path] = self._text(path)
            line, column = Lines(texts[path]).place(place.spot, server.able.encoding)
            named.append(Named(path=path, line=line, column=column))
        return tuple(named)

    def _text(self, path: str) -> str:
        """The text of a file; "" when it cannot be read."""
        try:
            return text_of(read_bounded(self._workspace.resolve(path), _MOST_TEXT)) or ""
        except (AgentError, OSError, ValueError):
            return ""

    def _gone(self, spec: ServerSpec) -> bool:
        kept = self._kept.get(spec.argv)
        return bool(kept and kept.gone)

    def _keep(self, spec: ServerSpec) -> _Kept:
        kept = self._kept.get(spec.argv)
        if kept is None:
            disk = Disk(self._workspace.root, language=spec.language)
            kept = self._kept[spec.argv] = _Kept(spec=spec, disk=disk, lock=asyncio.Lock())
        if kept.gone:
            raise ServerFault(kept.gone)
        return kept

    async def _running(self, kept: _Kept, deadline: float) -> Server:
        """The server; starting it goes on in the background where there is no time for it."""
        if kept.server is not None:
            if not kept.server.ended.done():
                return kept.server
            raise kept.server.ended.result()
        if self._closed:
            raise StillReading("The session ends")
        starting = kept.starting
        if starting is None:
            starting = kept.starting = asyncio.create_task(self._begun(kept))
        left = max(0.0, deadline - time.monotonic())
        done, _ = await asyncio.wait({starting}, timeout=left)
        if not done and left >= _LONG_S:
            # Its own limit is about as long: whoever waited so long is not told the opposite a moment later.
            done, _ = await asyncio.wait({starting}, timeout=_MOMENT_S)
        if not done:
            raise StillReading("It is starting")
        if kept.server is None:
            raise ServerFault(kept.gone or "It was ended")
        return kept.server

    async def _begun(self, kept: _Kept) -> None:
        """Start it; whoever waits may have gone by then."""
        try:
            await asyncio.to_thread(kept.disk.changes)
            kept.server = await self._start(kept.spec, self._workspace)
        except ServerFault as fault:
            await self._give_up(kept, fault)
        except Exception as error:  # noqa: BLE001 - the edge of a task that nobody awaits
            _log.exception("language server %s", kept.spec.name)
            await self._give_up(kept, ServerFault(f"It cannot be started ({type(error).__name__}: {error})"))
        finally:
            kept.starting = None
            kept.used = time.monotonic()
        self._watch()

    def reads_long(self, spec: ServerSpec) -> bool:
        """Whether it was waited for once in vain: it is not waited for as long again."""
        kept = self._kept.get(spec.argv)
        return bool(kept and kept.reading_since)

    async def _give_up(self, kept: _Kept, fault: ServerFault) -> None:
        if kept.gone:
            return
        server, kept.server = kept.server, None
        complaint = server.complaint if server is not None and server.ended.done() else ""
        why = (
            f"{fault.message} ({complaint})"
            if complaint and complaint not in fault.message
            else fault.message
        )
        kept.gone = one_line(why)
        _log.warning("language server %s given up: %s", kept.spec.name, why)
        self._publish(
            Notice(
                level="warning",
                message=f"{one_line(kept.spec.name)} is not asked any more: {kept.gone}",
                hint=f"`lsp` shows how it stands; lsp_commands.{kept.spec.language} = off leaves it out.",
            )
        )
        if server is not None:
            await asyncio.shield(server.aclose())

    def _watch(self) -> None:
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        """End the servers that nobody has used for a while, until there are none."""
        while any(kept.server is not None for kept in self._kept.values()):
            await asyncio.sleep(self._idle_s / 10)
            now = time.monotonic()
            for kept in list(self._kept.values()):
                server = kept.server
                if server is None or kept.users or now - kept.used < self._idle_s:
                    continue
                async with kept.lock:
                    kept.server = None
                    await asyncio.shield(server.aclose())

    async def aclose(self) -> None:
        """End all of them, and everything that they started."""
        self._closed = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(*(self._end(kept) for kept in self._kept.values()), return_exceptions=True)

    async def _end(self, kept: _Kept) -> None:
        if (task := kept.starting) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if (server := kept.server) is not None:
            kept.server = None
            await server.aclose()
