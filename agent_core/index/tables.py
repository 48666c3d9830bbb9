"""The LanceDB tables of an index, brought up to date with its image, in a thread of their own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent_core.errors import IndexFault
from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.image import Image
from agent_core.index.rows import ChunkRow
from agent_core.index.saying import not_kept
from agent_core.index.texts import rows_of

if TYPE_CHECKING:
    from agent_core.index.store import Store

R = TypeVar("R")
Vectors = Mapping[bytes, NDArray[np.float32]]
_STUCK_S = 120.0
"""No call to LanceDB takes that long; one that does is given up."""
_OPENING_S = 30.0
"""The same for opening tables that lie elsewhere: a place that cannot be reached is found out late."""
_AGAIN_S = 60.0
"""After such a failure they are left alone so long, unless somebody asks for them."""
_FILES_AT_ONCE = 200
_VECTORS_AT_ONCE = 512
_UPKEEP_S = 10.0
"""How often the tables are looked after while only vectors come."""
_log = logging.getLogger(__name__)


class Tables:
    """What the image holds, in LanceDB; where that fails, `trouble` says why, and the index goes on without.

    Args:
        root: The workspace's root.
        folder: Where the index lies; its tables too, unless `uri` names another place.
        uri: A place that other workspaces may use as well; "" for none.
        image: What is kept.
        may_write: Whether this process is the one that writes.
    """

    def __init__(
        self, *, root: Path, folder: Path, uri: str, image: Image, may_write: Callable[[], bool]
    ) -> None:
        self._root, self._image, self._may_write = root, image, may_write
        self._own = None if uri else folder / "lance"
        self._uri = uri or str(self._own)
        self._embedder: EmbedderInfo | None = None
        self._syncing = asyncio.Lock()
        self._thread = _thread()
        self._store: Store | None = None
        self._pending: dict[str, None] = {}
        self._compared = self._given = False
        self._synced_changes: int = -1
        self._synced_at = time.monotonic()
        self._rest_until = 0.0
        self.trouble = ""
        """Why they are not up to date, for people; "" when all is well."""
        self.size = 0
        """Bytes; 0 until they were counted."""

    def use(self, embedder: EmbedderInfo) -> None:
        """Keep the vectors of this embedder, too."""
        self._embedder = embedder
        self.begin_anew()

    def begin_anew(self) -> None:
        """They may hold anything: open and compare them again."""
        self._store = None
        self._compared = self._given = False
        self._synced_changes = -1

    def gone(self) -> bool:
        """Whether somebody removed them while they were in use."""
        return self._own is not None and self._store is not None and not self._own.exists()

    def changed(self, paths: Iterable[str]) -> None:
        """These files are to be written."""
        self._pending.update(dict.fromkeys(paths))

    async def known(self, hashes: Sequence[bytes]) -> Vectors:
        """The vectors that were made before, by text hash."""
        if self._embedder is None or not hashes:
            return {}
        return await self._guarded(lambda store: store.cached_vectors(hashes)) or {}

    async def keep(self, vectors: Vectors) -> None:
        """Keep vectors, so that their texts are never embedded again."""
        if await self._guarded(lambda store: _added(store, vectors)) is None:
            self._given = False

    def due(self, *, quiet: bool) -> bool:
        """Whether it is time for `sync`; `quiet` when no file changed lately."""
        if len(self._pending) >= _FILES_AT_ONCE:
            return True
        if not quiet or self._image.changes == self._synced_changes:
            return False
        return bool(self._pending) or time.monotonic() - self._synced_at > _UPKEEP_S

    async def sync(self, *, now: bool = False) -> None:
        """Bring them up to date with the image, if they are not.

        Args:
            now: Somebody waits: try it also where it failed a moment ago.
        """
        if now:
            self._rest_until = 0.0
        async with self._syncing:
            if self._image.changes != self._synced_changes or self._pending:
                await self._sync()

    async def _sync(self) -> None:
        changes, self._synced_at = self._image.changes, time.monotonic()
        if not self._given:  # first, so that rows are written with their vectors
            await self._give_vectors()
        if not self._compared:
            await self._compare()
        while self._pending and self._compared:
            if not await self._put(list(self._pending)[:_FILES_AT_ONCE]):
                return
        size = await self._guarded(_tidied) if self._compared else None
        if size is not None:
            self._synced_changes, self.size = changes, size

    async def _put(self, paths: Sequence[str]) -> bool:
        """Bring some files in the tables up to date; returns whether that worked."""
        for path in paths:  # first, so that what changes from here on comes again
            self._pending.pop(path, None)
        done = None
        try:
            entries = [entry.row for path in paths if (entry := self._image.files.get(path)) is not None]
            rows = await asyncio.to_thread(rows_of, self._root, entries)
            done = await self._guarded(lambda store: _applied(store, rows, paths))
        finally:
            if done is None:
                self._pending.update(dict.fromkeys(paths))
        return done is not None

    async def _compare(self) -> None:
        """Find the files of which the tables hold something else: an earlier process may have been killed."""
        stored = await self._guarded(lambda store: store.ids_by_path())
        if stored is None:
            return
        for path, entry in self._image.files.items():
            content = entry.row.hash.hex()
            if {chunk.id.hex(): content for chunk in entry.row.chunks} != stored.get(path, {}):
                self._pending[path] = None
        self._pending.update(dict.fromkeys(path for path in stored if path not in self._image.files))
        self._compared = True

    async def _give_vectors(self) -> None:
        """Give them the vectors that only the image has: they were removed, or could not be written."""
        if self._embedder is None:
            return
        image = self._image
        living = np.flatnonzero(image.alive.view & image.embedded.view).tolist()
        chunks = {image.facts(chunk).text_hash: chunk for chunk in living}
        unknown = await self._guarded(lambda store: store.unknown(chunks)) if chunks else set[bytes]()
        if unknown is None:
            return
        self._given = True
        vectors = list(self._still(chunks, unknown).items())
        for start in range(0, len(vectors), _VECTORS_AT_ONCE):
            await self.keep(dict(vectors[start : start + _VECTORS_AT_ONCE]))
            if not self._given:
                return

    def _still(self, chunks: Mapping[bytes, int], wanted: Iterable[bytes]) -> Vectors:
        """The vectors of chunks that are what they were before the image may have changed."""
        image = self._image
        found: dict[bytes, NDArray[np.float32]] = {}
        for text_hash in wanted:
            chunk = chunks[text_hash]
            same = chunk < len(image.alive) and image.alive.view[chunk] and image.embedded.view[chunk]
            if same and image.facts(chunk).text_hash == text_hash:
                found[text_hash] = image.vectors.view[chunk].copy()
        return found

    async def aclose(self) -> None:
        """Write what waits, if this process writes."""
        try:
            if self._store is not None and self._may_write():
                await self._guarded(lambda store: store.close())
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _guarded(self, work: Callable[[Store], R]) -> R | None:
        """Do it in the thread; the index goes on in memory when that fails, and says so."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            store = await self._in_thread(self._opened, _STUCK_S if self._own else _OPENING_S)
            result = await self._in_thread(lambda: work(store), _STUCK_S)
        except TimeoutError as error:
            # LanceDB has been seen to wait for itself; the next use gets another thread.
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = _thread()
            self.begin_anew()
            self._failed(f"LanceDB does not answer within {error}")
        except IndexFault as error:
            if error.broken and self._may_write():
                self.begin_anew()
            self._failed(error.message, error.hint)
        else:
            self.trouble = ""
            return result
        if self._own is None:
            self._rest_until = time.monotonic() + _AGAIN_S
        return None

    async def _in_thread(self, work: Callable[[], R], seconds: float) -> R:
        """Do it in the thread; raises TimeoutError, and leaves it to itself, when it takes longer."""
        call = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.wait_for(asyncio.shield(call), seconds)
        except TimeoutError:
            raise TimeoutError(f"{seconds:.0f} s") from None

    def _failed(self, reason: str, hint: str = "") -> None:
        told = not_kept(reason, hint)
        if self.trouble != told:
            _log.warning("%s", told)
        self.trouble = told

    def _opened(self) -> Store:
        """The store; opened by the first use, since LanceDB takes a second to be imported."""
        if self._store is None:
            from agent_core.index.store import Store, workspace_name

            owner = "" if self._own is not None else workspace_name(self._root)
            try:
                self._store = Store.open(self._uri, embedder=self._embedder, owner=owner)
            except IndexFault as fault:
                if not fault.broken or not self._may_write():
                    raise
                _log.warning("the tables of the index are broken and made anew: %s", fault.message)
                self._store = Store.open(self._uri, embedder=self._embedder, owner=owner, fresh=True)
        return self._store


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="lancedb")


def _applied(store: Store, rows: Sequence[ChunkRow], paths: Sequence[str]) -> bool:
    store.apply(rows, paths=paths)
    return True


def _added(store: Store, vectors: Vectors) -> bool:
    store.add_vectors(vectors)
    return True


def _tidied(store: Store) -> int:
    """What it takes after upkeep, in bytes."""
    store.flush()
    store.maintain()
    return store.size()
