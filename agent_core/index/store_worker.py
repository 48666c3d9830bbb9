"""The process that LanceDB runs in: it serves one index over its standard input and output, and ends with
them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent_core.errors import AgentError, IndexFault
from agent_core.index import store_protocol as p
from agent_core.index.rows import stamp_of
from agent_core.index.store import Store, workspace_name
from agent_core.workers import wire
from agent_core.workers.server import Server, Tell, serve_process

_CLOSING_S = 6.0
"""What waits in memory is written at the end; LanceDB has been seen to wait for itself."""
_log = logging.getLogger(__name__)


class Opened:
    """The store that was asked for last. Belongs to one thread."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self._place: p.Place | None = None
        self._may_write = False

    def answer(self, asked: p.Asked) -> p.Outcome:
        """Answer a question; what fails is told with whether the tables are broken."""
        self._may_write = asked.may_write
        try:
            return p.Outcome(wire.packed(_answered(self._opened(asked), asked.call)))
        except IndexFault as fault:
            if fault.broken:
                self._store = None
            return p.Outcome(error=fault.info, broken=fault.broken)

    def close(self) -> None:
        """Write what waits, unless another process writes by now."""
        if self._store is not None and self._may_write:
            with suppress(AgentError):  # nobody is left to be told; the image has what the tables lack
                self._store.close()

    def _opened(self, asked: p.Asked) -> Store:
        place = asked.place
        if self._store is None or self._place != place:
            self._store, self._place = None, place
            owner = workspace_name(Path(place.root)) if place.shared else ""
            try:
                self._store = Store.open(place.uri, embedder=place.embedder, owner=owner)
            except IndexFault as fault:
                if not fault.broken or not asked.may_write:
                    raise
                _log.warning("the tables of the index are broken and made anew: %s", fault.message)
                self._store = Store.open(place.uri, embedder=place.embedder, owner=owner, fresh=True)
        return self._store


def _answered(store: Store, call: p.Call) -> object:
    match call:
        case p.Open():
            return True
        case p.Known():
            return packed(store.cached_vectors(call.hashes))
        case p.Keep():
            store.add_vectors(unpacked(call.vectors))
        case p.Unknown():
            return store.unknown(call.hashes)
        case p.Apply():
            store.apply(call.rows, paths=call.paths)
        case p.Stamps():
            return {path: stamp_of(chunks) for path, chunks in store.ids_by_path().items()}
        case p.Tidy():
            store.flush()
            store.maintain()
            return store.size()
        case p.Flush():
            store.flush()
    return True


def packed(vectors: Mapping[bytes, NDArray[np.float32]]) -> p.Packed:
    """Vectors as they go over a pipe."""
    return {key: vector.astype(np.float32, copy=False).tobytes() for key, vector in vectors.items()}


def unpacked(vectors: p.Packed) -> dict[bytes, NDArray[np.float32]]:
    """Vectors that came over a pipe; they are not to be written to."""
    return {key: np.frombuffer(numbers, np.float32) for key, numbers in vectors.items()}


class Noting(logging.Handler):
    """Tells what is logged, from whatever thread, to the process that has the program's log.

    Args:
        tell: Called in the event loop.
    """

    def __init__(self, tell: Callable[[p.Noted], None]) -> None:
        super().__init__(logging.INFO)
        self._tell, self._loop = tell, asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one record."""
        noted = p.Noted(record.name, record.levelno, self.format(record))
        self._loop.call_soon_threadsafe(self._tell, noted)


async def _main(_: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    opened = Opened()
    thread = ThreadPoolExecutor(1, thread_name_prefix="lancedb")
    loop = asyncio.get_running_loop()

    async def answer(asked: p.Asked, _: Tell) -> p.Outcome:
        return await loop.run_in_executor(thread, opened.answer, asked)

    server = Server(name="store", calls=p.Asked, do=answer, out=out)
    logging.getLogger("agent_core").addHandler(Noting(server.tell))
    await server.serve(reader)
    with suppress(TimeoutError):
        await asyncio.wait_for(loop.run_in_executor(thread, opened.close), _CLOSING_S)


if __name__ == "__main__":
    serve_process(_main)
