"""The index process: serves one workspace over its standard input and output, and ends with them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from agent_core.errors import AgentError, ErrorInfo, Interrupted, WorkspaceError
from agent_core.index import protocol as p
from agent_core.index.engine import Engine
from agent_core.index.saying import not_kept
from agent_core.workspace import Workspace

_STATUS_S = 0.1
_log = logging.getLogger(__name__)


class Server:
    """Answers requests from an engine."""

    def __init__(self, engine: Engine, out: asyncio.StreamWriter) -> None:
        self._engine, self._out = engine, out
        self._running: dict[int, asyncio.Task[None]] = {}
        self._due: asyncio.TimerHandle | None = None

    def status_changed(self) -> None:
        """Tell how it stands, soon."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_STATUS_S, self.tell_status)

    def tell_status(self) -> None:
        """Tell how it stands."""
        if self._due is not None:
            self._due.cancel()
        self._due = None
        self._out.write(p.frame(p.StatusChanged(self._engine.status)))

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer until the pipe is at its end."""
        decoder = msgspec.msgpack.Decoder(p.Request)
        while (body := await p.read_frame(reader)) is not None:
            request = decoder.decode(body)
            if request.call is None:
                task = self._running.get(request.number)
                if task is not None:
                    task.cancel()
                continue
            task = asyncio.create_task(self._answer(request.number, request.call))
            self._running[request.number] = task
            task.add_done_callback(lambda _, number=request.number: self._running.pop(number, None))
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._due is not None:
            self._due.cancel()

    async def _answer(self, number: int, call: p.Call) -> None:
        try:
            reply = p.Reply(number, msgspec.Raw(msgspec.msgpack.encode(await self._do(call))))
        except asyncio.CancelledError:
            reply = p.Reply(number, error=Interrupted("It was cancelled").info)
        except AgentError as error:
            reply = p.Reply(number, error=error.info)
        except Exception as error:  # noqa: BLE001 - the edge of the worker
            _log.exception("the index could not answer")
            reply = p.Reply(
                number, error=ErrorInfo("index", f"The index broke: {type(error).__name__}: {error}")
            )
        self.tell_status()
        self._out.write(p.frame(reply))
        with suppress(ConnectionError):
            await self._out.drain()

    async def _do(self, call: p.Call) -> object:
        engine = self._engine
        match call:
            case p.Look():
                return await engine.looked()
            case p.Search():
                return await engine.search(call.query, mode=call.mode, limit=call.limit, tests=call.tests)
            case p.Build():
                return await engine.build()
            case p.Embed():
                return await engine.embed()
            case p.Facts():
                return await engine.file_facts(call.path)
            case p.Survey():
                return await engine.overview(call.path)
            case p.Opened():
                return engine.opened(call.paths)


async def _streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Standard input and output; whatever else prints goes to standard error."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(0), "rb"))
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, out)
    return reader, asyncio.StreamWriter(transport, protocol, None, loop)


async def _main() -> int:
    reader, out = await _streams()
    first = await p.read_frame(reader)
    if first is None:
        return 0
    start = msgspec.msgpack.decode(first, type=p.Start)
    try:
        await _serve(start, reader, out)
    except AgentError as error:
        out.write(p.frame(p.Failed(error.info)))
        await out.drain()
        return 1
    return 0


async def _serve(start: p.Start, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    from agent_core.index.embed.select import open_embedder
    from agent_core.log import open_log
    from agent_core.masking import masker

    workspace = Workspace.open(start.root)
    mask = masker(start.settings)
    log = open_log(workspace, mask=mask)
    with ExitStack() as stack:
        stack.callback(log.close)
        folder, trouble = _folder(workspace, stack)
        engine = Engine(
            root=workspace.root,
            folder=folder,
            uri=start.uri,
            embedder=open_embedder(start.settings),
            on_status=lambda: server.status_changed(),
            mask=mask,
            trouble=trouble,
        )
        server = Server(engine, out)
        try:
            await engine.open()
            server.tell_status()
            await server.serve(reader)
        finally:
            await engine.aclose()


def _folder(workspace: Workspace, stack: ExitStack) -> tuple[Path, str]:
    """Where the index lies, and what is wrong with that; where nothing may be written, it is not kept."""
    try:
        return workspace.ensure_state_dir("index"), ""
    except WorkspaceError as error:
        folder = stack.enter_context(TemporaryDirectory(prefix="dspy-tui-index-"))
        return Path(folder), not_kept(error.message, error.hint)


def main() -> None:
    """Serve one workspace, and end the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program; its end is ours
    os.environ.setdefault("LANCEDB_LOG", "error")
    code = asyncio.run(_main())
    # What was to be kept is kept; a thread that still imports a library must not hold up the end.
    os._exit(code)


if __name__ == "__main__":
    main()
