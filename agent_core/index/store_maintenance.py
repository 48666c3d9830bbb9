"""What keeps the stored index small and quick: merging, tidying, and how much it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent_core.errors import IndexFault
from agent_core.index.store_chunks import Chunks
from agent_core.index.store_lance import Database, Table, vector_index
from agent_core.index.store_schema import CHUNKS, VECTOR_PREFIX
from agent_core.index.store_vectors import VectorCache, parts, today

_COMMITS = 100
"""Each commit leaves a version and a fragment; a hundred of them make the next one half as slow again."""
_TAIL = 4096
"""Rows that the full-text index may lag behind (they are found, but by reading them)."""
_TAIL_PART = 4
"""It may lag by no more than this part of all rows, either."""
_RETENTION = {True: timedelta(milliseconds=1), False: timedelta(minutes=10)}
"""How long an old version stays, by whether one process alone writes; who reads it gets the new one then."""
_INDEXED_VECTORS = 50_000
"""From here on a vector index beats comparing with every row."""
_CACHE_FLOOR = 20_000
_CACHE_SHARE = 2
"""The cache keeps as many texts, or this many times the chunks, whichever is more."""
_HEAL = 1000
_UNUSED_DAYS = 30
"""What nobody used for so long is forgotten: an embedder; in a shared place, a workspace or a text, too."""


class Upkeep:
    """The upkeep of one index; only the writing process may `run` it.

    Args:
        database: Where it lies.
        chunks: Its chunks.
        cache: Its vectors by text; None for an index without.
        shared: Whether other workspaces have their tables there, too, and use the same vectors.
    """

    def __init__(
        self, *, database: Database, chunks: Chunks, cache: VectorCache | None, shared: bool
    ) -> None:
        self._database = database
        self._chunks = chunks
        self._cache = cache
        self._shared = shared
        self._tidied: int | None = None
        """The version that the last upkeep left, None as long as that is not known."""

    def due(self) -> bool:
        """Whether enough has been written since the last time."""
        version = self._chunks.version
        if self._tidied is None:
            self._tidied = version - self._versions() + 1
        if version - self._tidied >= _COMMITS:
            return True
        rows, tail = self._chunks.run("cannot be read", _shape)
        return tail > max(_TAIL, rows // _TAIL_PART)

    def run(self) -> None:
        """Do everything now."""
        chunks, cache = self._chunks, self._cache
        if cache is not None:
            _heal(chunks, cache)
            live: set[bytes] = set(chunks.select(["text_hash"])["text_hash"].to_pylist())
            cache.tidy(
                live,
                keep=max(_CACHE_FLOOR, _CACHE_SHARE * len(live)),
                unused_days=_UNUSED_DAYS if self._shared else 0,
            )
            _index_vectors(chunks, cache)
            cache.write("cannot be tidied up", self._optimize)
        _drop_unused(self._database, chunks, cache)
        if self._shared:
            _drop_left(self._database, chunks.name)
        chunks.run("cannot be tidied up", self._optimize)
        self._tidied = chunks.version

    def size(self) -> int:
        """How many bytes the index takes."""
        folder = self._database.folder
        if folder is None:
            return self._chunks.run("cannot be read", lambda handle: int(handle.stats()["total_bytes"]))
        total = 0
        for file in self._files(folder):
            with suppress(OSError):  # tidied up meanwhile
                total += file.stat().st_size
        return total

    def _files(self, folder: Path) -> Iterator[Path]:
        """The files that belong to it; where others lie beside it, those of its tables."""
        if not self._shared:
            yield from folder.rglob("*")
            return
        for table in filter(None, (self._chunks, self._cache)):
            yield from (folder / f"{table.name}.lance").rglob("*")

    def _optimize(self, handle: Any) -> None:
        alone = self._database.folder is not None and not self._shared
        # Twice: fragments that the full-text index has just learnt about can be merged only then. What killed
        # writers left can go at once where only the caller writes; elsewhere LanceDB waits for a week.
        for _ in range(2):
            handle.optimize(cleanup_older_than=_RETENTION[alone], delete_unverified=alone)

    def _versions(self) -> int:
        return self._chunks.run("cannot be read", lambda handle: len(handle.list_versions()))


def _shape(handle: Any) -> tuple[int, int]:
    """How many rows there are, and how many of them the full-text index does not have yet."""
    tails = (index.num_unindexed_rows for index in handle.list_indices() if list(index.columns) == ["terms"])
    return int(handle.count_rows()), sum(int(tail or 0) for tail in tails)


def _heal(chunks: Chunks, cache: VectorCache) -> None:
    """Give chunks the vectors that the cache has for them, after a kill or a change of embedder."""
    if not chunks.has_column(cache.name):
        return
    lacking = chunks.select(["text_hash"], f"{cache.name} IS NULL")["text_hash"].to_pylist()
    for part in parts(lacking, _HEAL):
        if known := cache.get(part):
            chunks.fill(known, cache=cache)


def _index_vectors(chunks: Chunks, cache: VectorCache) -> None:
    if not chunks.has_column(cache.name):
        return
    name = cache.name

    def index(handle: Any) -> None:
        if int(handle.count_rows(f"{name} IS NOT NULL")) >= _INDEXED_VECTORS:
            vector_index(handle, name)

    chunks.run("cannot be written", index)


def _drop_unused(database: Database, chunks: Chunks, cache: VectorCache | None) -> None:
    """Forget embedders that nobody has used for a month."""
    own = "" if cache is None else cache.name
    for name in database.names():
        if not name.startswith(VECTOR_PREFIX) or name == own:
            continue
        if _last_used(database, name) > today() - _UNUSED_DAYS:
            continue
        if chunks.has_column(name):
            chunks.run("cannot be written", lambda handle, name=name: handle.drop_columns([name]))
        database.drop(name)


def _drop_left(database: Database, own: str) -> None:
    """Forget workspaces that wrote nothing for a month; should one come back, it writes all again."""
    for name in database.names():
        if (
            name.startswith(f"{CHUNKS}_")
            and name != own
            and _last_written(database, name) < today() - _UNUSED_DAYS
        ):
            database.drop(name)


def _last_written(database: Database, name: str) -> int:
    """The day of a table's last commit; today when that cannot be told."""
    try:
        table = Table(database, name, database.handle(name))
        versions: list[Any] = table.run("cannot be read", lambda handle: handle.list_versions())
    except IndexFault as fault:
        if not fault.broken:
            raise
        return today()
    return int(versions[-1]["timestamp"].timestamp() // 86_400)


def _last_used(database: Database, name: str) -> int:
    """The day on which a vector of a table was last known to be in use; 0 when nothing usable is in it."""
    try:
        table = Table(database, name, database.handle(name))
        rows = table.run("cannot be read", lambda handle: handle.search().select(["used"]).to_arrow())
    except IndexFault as fault:
        if not fault.broken:
            raise
        return 0
    return max(rows["used"].to_pylist(), default=0)
