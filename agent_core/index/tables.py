"""The LanceDB tables of an index, brought up to date with its image, in a process of their own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_core.errors import IndexFault
from agent_core.index import store_protocol as p
from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.image import Image
from agent_core.index.rows import ChunkRow, stamp_of
from agent_core.index.saying import not_kept
from agent_core.index.store_process import StoreProcess
from agent_core.index.texts import rows_of

Vectors = Mapping[bytes, NDArray[np.float32]]
_STUCK_S = 120.0
"""No call to LanceDB takes that long; one that does is given up."""
_OPENING_S = 30.0
"""The same for opening tables that lie elsewhere: a place that cannot be reached is found out late."""
_AGAIN_S = 60.0
"""After such a failure they are left alone so long, unless somebody asks for them."""
_DEATHS = 3
"""After so many processes in a row that did not survive what they were asked, the same."""
_FILES_AT_ONCE = 200
_VECTORS_AT_ONCE = 512
_KNOWN_BYTES = 4_000_000
"""Of vectors that are asked for together: those of large embedders have thousands of numbers."""
_CHARS_AT_ONCE = 4_000_000
"""Of the texts of files that are written together: sending more would hold up a search."""
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
        self._store = StoreProcess(root)
        self._time = 0
        self._in_use = False
        self._pending: dict[str, None] = {}
        self._compared = self._given = False
        self._synced_changes: int = -1
        self._synced_at = time.monotonic()
        self._rest_until = 0.0
        self._deaths = 0
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
        self._time += 1
        self._in_use = False
        self._compared = self._given = False
        self._synced_changes = -1

    def gone(self) -> bool:
        """Whether somebody removed them while they were in use."""
        return self._own is not None and self._in_use and not self._own.exists()

    def changed(self, paths: Iterable[str]) -> None:
        """These files are to be written."""
        self._pending.update(dict.fromkeys(paths))

    async def known(self, hashes: Sequence[bytes]) -> Vectors:
        """The vectors that were made before, by text hash."""
        if self._embedder is None or not hashes:
            return {}
        found: dict[bytes, NDArray[np.float32]] = {}
        at_once = max(1, _KNOWN_BYTES // (4 * self._embedder.dims))
        for start in range(0, len(hashes), at_once):
            wanted = list(hashes[start : start + at_once])
            packed: p.Packed | None = await self._guarded(p.Known(wanted), p.Packed)
            if packed is None:
                break
            found.update((key, np.frombuffer(numbers, np.float32)) for key, numbers in packed.items())
        return found

    async def keep(self, vectors: Vectors) -> None:
        """Keep vectors, so that their texts are never embedded again."""
        packed = {key: vector.astype(np.float32).tobytes() for key, vector in vectors.items()}
        if await self._guarded(p.Keep(packed), bool) is None:
            self._given = False

    def due(self, *, quiet: bool) -> bool:
        """Whether it is time for `sync`; `quiet` when no file changed lately."""
        if time.monotonic() < self._rest_until:
            return False
        if len(self._pending) >= _FILES_AT_ONCE:
            return True
        if not quiet or self._image.changes == self._synced_changes:
            return False
        if self._pending or self._synced_changes < 0:
            return True
        # Only vectors came: a process that ended has kept them, and is not started to look after the tables.
        return self._store.awake and time.monotonic() - self._synced_at > _UPKEEP_S

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
        size: int | None = await self._guarded(p.Tidy(), int) if self._compared else None
        if size is not None:
            self._synced_changes, self.size = changes, size
            self._store.settle()

    async def _put(self, paths: Sequence[str]) -> bool:
        """Bring some files in the tables up to date; returns whether that worked."""
        for path in paths:  # first, so that what changes from here on comes again
            self._pending.pop(path, None)
        done = None
        try:
            entries = [entry.row for path in paths if (entry := self._image.files.get(path)) is not None]
            rows = await asyncio.to_thread(rows_of, self._root, entries)
            for some, their_rows in _together(paths, rows):
                done = await self._guarded(p.Apply(their_rows, some), bool)
                if done is None:
                    break
        finally:
            if done is None:
                self._pending.update(dict.fromkeys(paths))
        return done is not None

    async def _compare(self) -> None:
        """Find the files of which the tables hold something else: an earlier process may have been killed."""
        stored: dict[str, bytes] | None = await self._guarded(p.Stamps(), dict[str, bytes])
        if stored is None:
            return
        for path, entry in self._image.files.items():
            content = entry.row.hash.hex()
            own = stamp_of({chunk.id.hex(): content for chunk in entry.row.chunks})
            if own != stored.get(path, b""):
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
        unknown = await self._guarded(p.Unknown(list(chunks)), set[bytes]) if chunks else set[bytes]()
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
            if self._in_use and self._store.awake and self._may_write():
                await self._guarded(p.Flush(), bool)
        finally:
            await self._store.aclose()

    async def _guarded(self, call: p.Call, kind: Any) -> Any:
        """Ask the tables; None when that fails: the index goes on in memory, and says so."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            # Those that are in use may be at work for somebody else, which takes longer than opening them.
            await self._ask(p.Open(), bool, _STUCK_S if self._own or self._in_use else _OPENING_S)
            self._in_use = True
            result = await self._ask(call, kind, _STUCK_S)
        except TimeoutError as error:
            # LanceDB has been seen to wait for itself; the next use gets another process.
            self.begin_anew()
            self._failed(f"LanceDB does not answer within {error}")
        except IndexFault as error:
            self._given = False  # what waited in a process that died is lost
            if error.broken and self._may_write():
                self.begin_anew()
            self._failed(error.message, error.hint)
        else:
            self._deaths, self.trouble = 0, ""
            return result
        self._deaths += not self._store.awake
        if self._own is None or self._deaths >= _DEATHS:
            self._rest_until = time.monotonic() + _AGAIN_S
        return None

    async def _ask(self, call: p.Call, kind: Any, seconds: float) -> Any:
        place = p.Place(self._uri, str(self._root), self._own is None, self._embedder, self._time)
        return await self._store.ask(p.Asked(call, place, self._may_write()), kind, seconds=seconds)

    def _failed(self, reason: str, hint: str = "") -> None:
        told = not_kept(reason, hint)
        if self.trouble != told:
            _log.warning("%s", told)
        self.trouble = told


def _together(paths: Sequence[str], rows: Iterable[ChunkRow]) -> Iterator[tuple[list[str], list[ChunkRow]]]:
    """The paths with their rows, in groups of so many characters; all of a path are in one."""
    by_path: dict[str, list[ChunkRow]] = {path: [] for path in paths}
    for row in rows:
        by_path[row.path].append(row)
    some: list[str] = []
    theirs: list[ChunkRow] = []
    chars = 0
    for path, own in by_path.items():
        some.append(path)
        theirs += own
        chars += sum(len(row.text) + len(row.terms) for row in own)
        if chars >= _CHARS_AT_ONCE:
            yield some, theirs
            some, theirs, chars = [], [], 0
    if some:
        yield some, theirs
