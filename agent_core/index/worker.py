"""The index process: serves one workspace over its standard input and output, and ends with them."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from agent_core.errors import WorkspaceError
from agent_core.index import protocol as p
from agent_core.index.api import IndexStatus
from agent_core.index.engine import Engine
from agent_core.index.saying import not_kept
from agent_core.workers.server import Server, Tell, serve_process
from agent_core.workspace import Workspace

_STATUS_S = 0.1
_SELDOM = 50_000
"""Objects between two searches for garbage: a build makes many, and hardly any cycles."""


class Teller:
    """Answers questions from an engine, and tells how that stands.

    Args:
        engine: The engine.
        tell: Tells the program.
    """

    def __init__(self, engine: Engine, tell: Callable[[IndexStatus], None]) -> None:
        self._engine, self._tell = engine, tell
        self._due: asyncio.TimerHandle | None = None

    def status_changed(self) -> None:
        """Tell how it stands, soon."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_STATUS_S, self.tell_status)

    def tell_status(self) -> None:
        """Tell how it stands."""
        self.stop()
        self._tell(self._engine.status)

    def stop(self) -> None:
        """Tell nothing of what is due."""
        if self._due is not None:
            self._due.cancel()
        self._due = None

    async def answer(self, call: p.Call, _: Tell) -> object:
        """Answer a question; how it stands is told before the answer."""
        try:
            return await self._do(call)
        finally:
            self.tell_status()

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
            case p.Names():
                return engine.names(call.query, call.limit)
            case p.Survey():
                return await engine.overview(call.path)
            case p.Opened():
                return engine.opened(call.paths)
            case p.Expect():
                return engine.expect()
            case p.Stirred():
                return engine.stirred()


async def _main(first: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    from agent_core.index.embed.select import open_embedder
    from agent_core.log import open_log
    from agent_core.masking import masker

    start = msgspec.msgpack.decode(first, type=p.Start)
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
            on_status=lambda: teller.status_changed(),
            mask=mask,
            trouble=trouble,
        )
        teller = Teller(engine, lambda status: server.tell(status))
        server = Server(name="index", calls=p.Call, do=teller.answer, out=out)
        try:
            await engine.open()
            teller.tell_status()
            await server.serve(reader)
        finally:
            teller.stop()
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
    os.environ.setdefault("LANCEDB_LOG", "error")
    gc.set_threshold(_SELDOM)
    serve_process(_main)
