"""The embedding cache: vectors by the hash of their text, one table per embedder, bounded."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from agent_core.index.store_lance import Database, Table, arrow
from agent_core.index.store_schema import (
    hash_array,
    hashes_condition,
    vector_array,
    vector_field,
    vector_name,
    vector_rows,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent_core.index.embed.port import EmbedderInfo

T = TypeVar("T")

_LOOKUP = 1000
"""Hashes that one query asks for: its cost grows a little faster than their number."""
_DAY = 86_400


class VectorCache:
    """Vectors of one embedder. A text that comes back (an undone edit, another branch) is not embedded again.

    A table of its own rather than the chunks': it outlives the chunks that a text came from, and a broken
    table of chunks. `used` is the day (since 1970) on which a text was last known to be in use.
    """

    def __init__(self, database: Database, embedder: EmbedderInfo) -> None:
        self.name = vector_name(embedder)
        self.dims = embedder.dims
        self._database = database
        self._opened: Table | None = None
        self._asked: set[bytes] = set()

    def table(self) -> Table | None:
        """The table, None as long as it has never held anything."""
        if self._opened is None and (handle := self._database.handle(self.name)) is not None:
            self._opened = Table(self._database, self.name, handle)
        return self._opened

    def get(self, hashes: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that are there, of those that are asked for."""
        table = self.table()
        found: dict[bytes, NDArray[np.float32]] = {}
        if table is None:
            return found
        for part in parts(list(dict.fromkeys(hashes)), _LOOKUP):
            rows = table.run("cannot be read", lambda handle, part=part: self._read(handle, part))
            known = vector_rows(rows, "vector", self.dims)
            found.update(zip(known.hashes, known.matrix, strict=True))
        self._asked.update(found)
        return found

    def add(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep vectors; one commit."""
        if not vectors:
            return
        hashes = list(vectors)
        columns = [hash_array(hashes), vector_array(hashes, vectors, self.dims), _days(len(hashes), today())]
        rows = arrow().table(columns, schema=self._schema())
        table = self.table()
        if table is None:
            table = self._opened = Table(
                self._database, self.name, self._database.create(self.name, self._schema())
            )
        table.run(
            "cannot be written",
            lambda handle: (
                handle.merge_insert("text_hash")
                .when_not_matched_insert_all()
                .execute(rows, on_bad_vectors="drop")
            ),
        )

    def tidy(self, live: Collection[bytes], *, keep: int) -> None:
        """Note which texts are in use, and forget the others, those unused for longest first, beyond `keep`
        texts."""
        table = self.table()
        if table is None:
            return
        rows = table.run(
            "cannot be read", lambda handle: handle.search().select(["text_hash", "used"]).to_arrow()
        )
        used: dict[bytes, int] = dict(
            zip(rows["text_hash"].to_pylist(), rows["used"].to_pylist(), strict=True)
        )
        now = today()
        in_use = (self._asked | set(live)) & used.keys()
        stale = [text_hash for text_hash in in_use if used[text_hash] < now]
        if stale:
            self._stamp(table, stale, now)
        self._asked.clear()
        spare = sorted(used.keys() - in_use, key=lambda text_hash: used[text_hash])
        for part in parts(spare[: max(len(used) - keep, 0)], _LOOKUP):
            condition = hashes_condition(part)
            table.run("cannot be written", lambda handle, where=condition: handle.delete(where))

    def last_used(self) -> int | None:
        """The day on which any text was last in use; None for an empty table."""
        return newest_day(self.table())

    def _read(self, handle: Any, hashes: Sequence[bytes]) -> Any:
        return handle.search().where(hashes_condition(hashes)).select(["text_hash", "vector"]).to_arrow()

    def _stamp(self, table: Table, hashes: list[bytes], day: int) -> None:
        pa = arrow()
        rows = pa.table({"text_hash": hash_array(hashes), "used": _days(len(hashes), day)})
        table.run(
            "cannot be written",
            lambda handle: handle.merge_insert("text_hash").when_matched_update_all().execute(rows),
        )

    def _schema(self) -> Any:
        pa = arrow()
        return pa.schema(
            [
                pa.field("text_hash", pa.binary(16)),
                vector_field("vector", self.dims),
                pa.field("used", pa.int32()),
            ]
        )


def newest_day(table: Table | None) -> int | None:
    """The newest `used` of a vector table; None for an empty one."""
    if table is None:
        return None
    rows = table.run("cannot be read", lambda handle: handle.search().select(["used"]).to_arrow())
    return max(rows["used"].to_pylist(), default=None)


def today() -> int:
    """The day, counted from 1970."""
    return int(time.time() // _DAY)


def parts(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive parts of at most `size` values."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _days(count: int, day: int) -> Any:
    return arrow().array(np.full(count, day, dtype=np.int32))
