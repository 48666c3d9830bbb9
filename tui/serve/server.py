"""`dspy-tui serve`: the screen in a browser, each page a session of its own, over textual-serve."""

from __future__ import annotations

import asyncio
import html
import logging
import re
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from string import Template

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager
from textual_serve.server import Server

from agent_core.errors import ServeFault
from tui.serve.guard import Guard

HOST, PORT = "127.0.0.1", 8765
MOST = 8
"""Sessions at once."""
_HERE = Path(__file__).parent
_END_S, _TERM_S = 10.0, 3.0
"""How long a session may take to end in good order, and once it was told to by a signal."""
_SMALL, _LARGE, _FONT = 8, 48, 16
_SIZE, _MOST_CELLS = (("width", 80), ("height", 24)), 1000
_NUMBER = re.compile(r"[0-9]{1,6}")
_ODD = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What a message is taken apart with that none of our pages sends."""
_log = logging.getLogger(__name__)


def bound(port: int | None) -> socket.socket:
    """A socket on loopback: on the port, or where none is named on ours or, if that is taken, on any other.

    Raises:
        ServeFault: The port cannot be had.
    """
    reason = ""
    for number in (PORT, 0) if port is None else (port,):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, number))
        except OSError as error:
            found.close()
            reason = error.strerror or str(error)
        else:
            return found
    raise ServeFault(f"Port {port or PORT} cannot be used: {reason}", hint="Another one: serve --port N")


class Session(AppService):
    """One page's program."""

    def __init__(
        self, words: Sequence[str], websocket: web.WebSocketResponse, downloads: DownloadManager
    ) -> None:
        super().__init__(
            words[0],
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=_closing(websocket),
            download_manager=downloads,
        )
        self._words = words

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Without a shell, and in a group of its own, which a Ctrl-C does not reach."""
        environment = self._build_environment(width, height)
        process = await asyncio.create_subprocess_exec(
            *self._words, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
        )
        assert process.stdin is not None
        self._process, self._stdin = process, process.stdin
        return process

    async def stop(self) -> None:
        """Have it end; where it does not, end it."""
        process = self._process
        ending = asyncio.ensure_future(super().stop())
        for seconds, number in ((_END_S, signal.SIGTERM), (_TERM_S, signal.SIGKILL)):
            await asyncio.wait((ending,), timeout=seconds)
            if ending.done() or process is None:
                break
            with suppress(ProcessLookupError):
                process.send_signal(number)
        await ending
        if process is not None:
            await process.wait()


class Served(Server):
    """The pages, and the programs behind them.

    Args:
        words: The program of a page.
        title: What the page is called.
        guard: Lets only some in.
    """

    def __init__(self, words: Sequence[str], *, title: str, guard: Guard) -> None:
        super().__init__(words[0], host=HOST, title=title)  # pyright: ignore[reportUnknownMemberType]
        self._words, self._guard = words, guard
        self._open: set[web.WebSocketResponse] = set()

    async def _make_app(self) -> web.Application:
        """Without lists of files, and with pages that get nothing from elsewhere."""
        app = web.Application(middlewares=[self._guard.admit])
        app.add_routes(
            [
                web.get("/", self.page),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", self.statics_path),
                *(web.get(f"/own/{name}", _file(_HERE / name)) for name in ("page.js", "page.css")),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def page(self, request: web.Request) -> web.Response:
        """The page with the terminal; one that says so where no session can begin."""
        is_full = len(self._open) >= MOST
        size = min(_LARGE, max(_SMALL, _number(request, "fontsize", _FONT)))
        text = Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(
            title=html.escape(self.title),
            address=f"ws://{html.escape(request.host)}/ws",
            font=size,
            terminal="" if is_full else "textual-terminal",
            state="-closed" if is_full else "",
            said=f"{MOST} sessions run already. Close one of their pages first."
            if is_full
            else "The session has ended.",
            again="Try again" if is_full else "Begin another",
        )
        return web.Response(text=text, content_type="text/html", status=503 if is_full else 200)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a session for as long as the page is open."""
        if len(self._open) >= MOST:
            raise web.HTTPServiceUnavailable(text=f"There are {MOST} sessions already")
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=1 << 20)
        self._open.add(websocket)
        try:
            await websocket.prepare(request)
            session = Session(self._words, websocket, self.download_manager)
            cells = (min(_MOST_CELLS, max(1, _number(request, *each))) for each in _SIZE)
            await session.start(*cells)
            try:
                await self._process_messages(websocket, session)
            finally:
                await asyncio.shield(session.stop())
        finally:
            self._open.discard(websocket)
        return websocket

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        """Pass on what the page sends; what is no message of ours ends the session."""
        try:
            await super()._process_messages(websocket, app_service)
        except _ODD as error:
            _log.warning("a page sent what is no message: %s", type(error).__name__)

    async def on_shutdown(self, app: web.Application) -> None:
        """Close every page, so that their programs end."""
        await asyncio.gather(*(each.close() for each in tuple(self._open)), return_exceptions=True)


async def serve(served: Served, listening: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until a signal ends it; all sessions have ended then."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(await served._make_app(), access_log=None, shutdown_timeout=_END_S + 2 * _TERM_S)  # pyright: ignore[reportPrivateUsage]
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        ready()
        await stop.wait()
    finally:
        await runner.cleanup()


def _number(request: web.Request, name: str, otherwise: int) -> int:
    given = request.query.get(name, "")
    return int(given) if _NUMBER.fullmatch(given) else otherwise


def _closing(websocket: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await websocket.close()

    return close


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return answer
