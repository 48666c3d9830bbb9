"""Keeping the index on disk: the image as a file, chunks and vectors in LanceDB; by one process at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent_core.errors import AgentError, IndexFault
from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.image import Image
from agent_core.index.lock import WriterLock
from agent_core.index.rows import ChunkRow
from agent_core.index.texts import rows_of

if TYPE_CHECKING:
    from agent_core.index.store import Store

R = TypeVar("R")
Vectors = Mapping[bytes, NDArray[np.float32]]
_TICK_S = 1.0
_QUIET_S = 3.0
_STUCK_S = 120.0
"""No call to LanceDB takes that long; one that does is given up."""
_FILES_AT_ONCE = 200
_UPKEEP_S = 10.0
"""How often the tables are looked after while only vectors come."""
_SAVE_BUSY_S = 20.0
_SAVE_LATEST_S = 300.0
_SAVE_FILES = 200
"""The image is written as a whole, which takes a tenth of a second of the index's time. So it is written when
so many files changed, and otherwise late: reading few files again after a kill takes no longer."""
_log = logging.getLogger(__name__)


class Keeper:
    """Writes what changes, soon but not at once.

    Args:
        root: The workspace's root.
        folder: Where the image and the lock lie.
        uri: Where the LanceDB tables lie.
        image: What is kept.
        on_tick: Called whenever this process may have become the writer, or another one may have written.
    """

    def __init__(
        self,
        *,
        root: Path,
        folder: Path,
        uri: str,
        image: Image,
        on_tick: Callable[[], None],
    ) -> None:
        self._root, self._folder, self._uri = root, folder, uri
        self._image, self._on_tick = image, on_tick
        self._embedder: EmbedderInfo | None = None
        self._syncing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lancedb")
        self._store: Store | None = None
        self._lock = WriterLock(root=root, folder=folder)
        self._pending: dict[str, None] = {}
        self._unsaved: set[str] = set()
        self._compared = False
        self._synced_changes: int = -1
        self._saved_changes: int = image.changes
        self._saved_at = self._changed_at = self._synced_at = time.monotonic()
        self._troubles = {"lock": "", "tables": "", "image": ""}
        self.size = 0
        """Bytes on disk; 0 until they were counted."""

    @property
    def trouble(self) -> str:
        """Why it cannot be kept, in one sentence; "" when all is well."""
        return next(filter(None, self._troubles.values()), "")

    @property
    def writer(self) -> bool:
        """Whether this process holds the lock."""
        return self._lock.held

    def use(self, embedder: EmbedderInfo) -> None:
        """Keep the vectors of this embedder, too."""
        self._embedder, self._store = embedder, None

    def try_lock(self) -> bool:
        """Become the writer if no other process is."""
        try:
            taken = self._lock.take()
        except (AgentError, OSError) as error:
            reason = error.message if isinstance(error, AgentError) else error.strerror or str(error)
            self._troubles["lock"] = f"the index is not kept ({reason})"
            return False
        self._troubles["lock"] = ""
        return taken

    def changed(self, paths: Iterable[str]) -> None:
        """These files are to be kept."""
        added = dict.fromkeys(paths)
        self._pending.update(added)
        self._unsaved.update(added)
        self._changed_at = time.monotonic()

    async def known(self, hashes: Sequence[bytes]) -> Vectors:
        """The vectors that were made before, by text hash."""
        if self._embedder is None or not hashes:
            return {}
        return await self._guarded(lambda store: store.cached_vectors(hashes)) or {}

    async def keep(self, vectors: Vectors) -> None:
        """Keep vectors, so that their texts are never embedded again."""
        if self.writer:
            await self._guarded(lambda store: store.add_vectors(vectors))

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            if self._lock.lost():
                self._begin_anew()
            if not self.writer:
                if not self.try_lock():
                    self._on_tick()
                    continue
                self._on_tick()
            quiet = time.monotonic() - self._changed_at > _QUIET_S
            if len(self._pending) >= _FILES_AT_ONCE or (quiet and self._sync_due()):
                await self.sync()
            if self._save_due(quiet):
                await self.save()

    def _begin_anew(self) -> None:
        """Somebody removed what was kept, the lock too."""
        self._lock.release()
        self._store, self._compared = None, False
        self._synced_changes = self._saved_changes = -1

    def _sync_due(self) -> bool:
        if self._image.changes == self._synced_changes:
            return False
        return bool(self._pending) or time.monotonic() - self._synced_at > _UPKEEP_S

    def _save_due(self, quiet: bool) -> bool:
        age = time.monotonic() - self._saved_at
        if self._image.changes == self._saved_changes or age < _QUIET_S:
            return False
        many = len(self._unsaved) >= _SAVE_FILES and (quiet or age > _SAVE_BUSY_S)
        return many or age > _SAVE_LATEST_S

    async def sync(self) -> None:
        """Bring the tables up to date with the image, if they are not."""
        async with self._syncing:
            if self._image.changes != self._synced_changes or self._pending:
                await self._sync()

    async def _sync(self) -> None:
        changes, self._synced_at = self._image.changes, time.monotonic()
        if not self._compared:
            await self._compare()
        while self._pending and self._compared:
            if not await self._put(list(self._pending)[:_FILES_AT_ONCE]):
                return
        await self._guarded(_tidied)
        size = await self._guarded(lambda store: store.size())
        if size is not None:
            self._synced_changes = changes
            self.size = size + _size(self._folder / "image")

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

    async def save(self) -> None:
        """Write the image, if there is anything new in it."""
        if self._image.changes == self._saved_changes:
            return
        try:
            write = self._image.saving()
            changes = self._image.changes
            self._unsaved.clear()
            await asyncio.to_thread(write, self._folder / "image")
        except OSError as error:
            self._troubles["image"] = f"the index cannot be written ({error.strerror or error})"
            return
        self._troubles["image"] = ""
        self._saved_changes, self._saved_at = changes, time.monotonic()

    async def aclose(self) -> None:
        """Write what is not kept yet, and let others write."""
        try:
            if self.writer and self._image.changes != self._saved_changes and self._image.files:
                await self.save()
            if self._store is not None and self.writer:
                await self._guarded(lambda store: store.close())
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._lock.release()

    async def _guarded(self, work: Callable[[Store], R]) -> R | None:
        """Do it in the store's thread; the index goes on in memory when that fails, and says so."""
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._thread, lambda: work(self._opened()))
        try:
            result = await asyncio.wait_for(asyncio.shield(call), _STUCK_S)
        except TimeoutError:  # LanceDB has been seen to wait for itself; the next use gets another thread
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="lancedb")
            self._store, self._compared = None, False
            self._troubles["tables"] = f"LanceDB does not answer within {_STUCK_S:.0f} s"
            _log.warning("the index is not kept: %s", self._troubles["tables"])
            return None
        except IndexFault as error:
            if error.broken and self.writer:  # the next use begins anew
                self._store = None
                self._compared = False
            if self._troubles["tables"] != error.message:
                _log.warning("the index is not kept: %s", error.message)
            self._troubles["tables"] = error.message
            return None
        self._troubles["tables"] = ""
        return result

    def _opened(self) -> Store:
        """The store; opened by the first use, since LanceDB takes a second to be imported."""
        if self._store is None:
            from agent_core.index.store import Store

            try:
                self._store = Store.open(self._uri, embedder=self._embedder)
            except IndexFault as fault:
                if not fault.broken or not self.writer:
                    raise
                _log.warning("the tables of the index are broken and made anew: %s", fault.message)
                self._store = Store.open(self._uri, embedder=self._embedder, fresh=True)
        return self._store


def _applied(store: Store, rows: Sequence[ChunkRow], paths: Sequence[str]) -> bool:
    store.apply(rows, paths=paths)
    return True


def _tidied(store: Store) -> bool:
    store.flush()
    return store.maintain()


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
