"""What keeps the stored index small and quick: merging, tidying, and how much it takes."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from typing import Any

import msgspec

from agent_core.index.store_chunks import Chunks
from agent_core.index.store_lance import Database, Table
from agent_core.index.store_schema import VECTOR_PREFIX
from agent_core.index.store_vectors import VectorCache, newest_day, parts, today

_FRAGMENTS = 100
"""Each commit leaves a fragment; a hundred make the next commit half as slow again and searching five
times."""
_TAIL = 4096
"""Rows that the full-text index may lag behind (they are found, but by reading them)."""
_TAIL_PART = 4
"""It may lag by no more than this part of all rows, either."""
_RETENTION = {True: timedelta(milliseconds=1), False: timedelta(minutes=10)}
"""How long an old version stays, by whether the place is local. A reader that it vanishes under reads the new
one."""
_INDEXED_VECTORS = 50_000
"""From here on a vector index beats comparing with every row."""
_CACHE_FLOOR = 20_000
_CACHE_SHARE = 2
"""The cache keeps as many texts, or this many times the chunks, whichever is more."""
_HEAL = 1000
_UNUSED_DAYS = 30


class Usage(msgspec.Struct, frozen=True):
    """What the index takes: `size` in bytes, versions that are kept, chunks, chunks without a vector, cached
    texts."""

    size: int
    versions: int
    rows: int
    rows_without_vector: int
    cached: int


def due(chunks: Chunks) -> bool:
    """Whether enough has been written since the last time."""
    fragments, rows, tail = chunks.run("cannot be read", _shape)
    return fragments >= _FRAGMENTS or tail > max(_TAIL, rows // _TAIL_PART)


def maintain(database: Database, chunks: Chunks, cache: VectorCache | None) -> None:
    """Do everything that is due; only the writing process may."""
    if cache is not None:
        _heal(chunks, cache)
        live: set[bytes] = set(chunks.select(["text_hash"])["text_hash"].to_pylist())
        cache.tidy(live, keep=max(_CACHE_FLOOR, _CACHE_SHARE * len(live)))
        _index_vectors(chunks, cache)
        if (table := cache.table()) is not None:
            _optimize(database, table)
    _drop_unused(database, chunks, cache)
    _optimize(database, chunks)


def usage(database: Database, chunks: Chunks, cache: VectorCache | None) -> Usage:
    """See `Usage`."""
    column = "" if cache is None or not chunks.has_column(cache.name) else cache.name
    rows = chunks.run("cannot be read", lambda handle: int(handle.count_rows()))
    without = rows
    if column:
        without = chunks.run("cannot be read", lambda handle: int(handle.count_rows(f"{column} IS NULL")))
    cached = 0
    if cache is not None and (table := cache.table()) is not None:
        cached = table.run("cannot be read", lambda handle: int(handle.count_rows()))
    return Usage(
        size=_size(database, chunks),
        versions=chunks.run("cannot be read", lambda handle: len(handle.list_versions())),
        rows=rows,
        rows_without_vector=without,
        cached=cached,
    )


def _shape(handle: Any) -> tuple[int, int, int]:
    stats: Any = handle.stats()
    tail = sum(index.num_unindexed_rows or 0 for index in handle.list_indices() if index.index_type == "FTS")
    return int(stats["fragment_stats"]["num_fragments"]), int(stats["num_rows"]), int(tail)


def _optimize(database: Database, table: Table) -> None:
    local = database.folder is not None

    def optimize(handle: Any) -> None:
        # Twice: fragments that the index has just learnt about can be merged only then.
        for _ in range(2):
            handle.optimize(cleanup_older_than=_RETENTION[local], delete_unverified=local)

    table.run("cannot be tidied up", optimize)


def _heal(chunks: Chunks, cache: VectorCache) -> None:
    """Give chunks the vectors that the cache has for them: after a kill between the two, or a change of
    embedder."""
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
        if any(list(index.columns) == [name] for index in handle.list_indices()):
            return
        if handle.count_rows(f"{name} IS NOT NULL") >= _INDEXED_VECTORS:
            vendor: Any = import_module("lancedb.index")
            handle.create_index(name, config=vendor.IvfPq(distance_type="cosine"))

    chunks.run("cannot be written", index)


def _drop_unused(database: Database, chunks: Chunks, cache: VectorCache | None) -> None:
    """Forget embedders that nobody has used for a month."""
    own = "" if cache is None else cache.name
    for name in database.names():
        if not name.startswith(VECTOR_PREFIX) or name == own:
            continue
        day = newest_day(Table(database, name, database.handle(name)))
        if day is not None and day > today() - _UNUSED_DAYS:
            continue
        if chunks.has_column(name):
            chunks.run("cannot be written", lambda handle, name=name: handle.drop_columns([name]))
        database.drop(name)


def _size(database: Database, chunks: Chunks) -> int:
    folder = database.folder
    if folder is None:
        return chunks.run("cannot be read", lambda handle: int(handle.stats()["total_bytes"]))
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):  # tidied up meanwhile
            total += file.stat().st_size
    return total
