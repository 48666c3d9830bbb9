"""The embedding cache: vectors by the hash of their text, one table per embedder, bounded."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from agent_core.errors import IndexFault
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
_log = logging.getLogger(__name__)


class VectorCache:
    """Vectors of one embedder. A text that comes back (an undone edit, another branch) is not embedded again.

    A table of its own rather than the chunks': it outlives the chunks that a text came from, and a broken
    table of chunks. `used` is the day (since 1970) on which a text was last known to be in use.
    """

    def __init__(self, database: Database, embedder: EmbedderInfo) -> None:
        self.name = vector_name(embedder)
        self.dims = embedder.dims
        self._database = database
        self._table: Table | None = None
        self._asked: set[bytes] = set()
        self._told = False

    def get(self, hashes: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that are there, of those that are asked for."""
        found: dict[bytes, NDArray[np.float32]] = {}
        for part in parts(list(dict.fromkeys(hashes)), _LOOKUP):
            rows = self.read(lambda handle, part=part: self._lookup(handle, part))
            if rows is None:
                break
            known = vector_rows(rows, "vector", self.dims)
            found.update(zip(known.hashes, known.matrix, strict=True))
        self._asked.update(found)
        return found

    def add(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep vectors; one commit."""
        hashes = list(vectors)
        columns = [hash_array(hashes), vector_array(hashes, vectors, self.dims), _days(len(hashes), today())]
        rows = arrow().table(columns, schema=self._schema())

        def merge(handle: Any) -> bool:
            into = handle.merge_insert("text_hash").when_not_matched_insert_all()
            into.execute(rows, on_bad_vectors="drop")
            return True

        if self.write("cannot be written", merge):
            return
        self._table = Table(self._database, self.name, self._database.create(self.name, self._schema()))
        self._table.run("cannot be written", merge)

    def hashes(self) -> set[bytes]:
        """Of which texts there are vectors."""
        rows = self.read(lambda handle: handle.search().select(["text_hash"]).to_arrow())
        return set() if rows is None else set(rows["text_hash"].to_pylist())

    def tidy(self, live: Collection[bytes], *, keep: int, unused_days: int) -> None:
        """Note which texts are in use; beyond `keep` texts, forget others, those unused for longest first.

        Args:
            live: The texts that are in use.
            keep: How many may stay.
            unused_days: A text that was in use more lately than that stays.
        """
        rows = self.read(lambda handle: handle.search().select(["text_hash", "used"]).to_arrow())
        if rows is None:
            return
        used: dict[bytes, int] = dict(
            zip(rows["text_hash"].to_pylist(), rows["used"].to_pylist(), strict=True)
        )
        now = today()
        in_use = (self._asked | set(live)) & used.keys()
        self._asked.clear()
        self._stamp([text_hash for text_hash in in_use if used[text_hash] < now], now)
        old = [text_hash for text_hash in used.keys() - in_use if used[text_hash] <= now - unused_days]
        spare = sorted(old, key=lambda text_hash: used[text_hash])
        for part in parts(spare[: max(len(used) - keep, 0)], _LOOKUP):
            condition = hashes_condition(part)
            self.write("cannot be written", lambda handle, where=condition: handle.delete(where))

    def read(self, work: Callable[[Any], T]) -> T | None:
        """The result of `work(handle)`; None when there is no table, or a broken one."""
        try:
            table = self._existing()
            return None if table is None else table.run("cannot be read", work)
        except IndexFault as fault:
            if not fault.broken:
                raise
            if not self._told:
                _log.warning("stored vectors cannot be used: %s", fault.message)
            self._told = True
            return None

    def write(self, doing: str, work: Callable[[Any], T]) -> T | None:
        """The result of `work(handle)`; None when there is no table, or is none any more.

        A broken one is kept aside: what was in it can be computed again.
        """
        try:
            table = self._existing()
            return None if table is None else table.run(doing, work)
        except IndexFault as fault:
            if not fault.broken:
                raise
            aside = self._database.set_aside(self.name)
            _log.warning("stored vectors were broken (%s); they are kept as %s", fault.message, aside)
            self._table = None
            return None

    def _existing(self) -> Table | None:
        if self._table is None and (handle := self._database.handle(self.name)) is not None:
            self._table = Table(self._database, self.name, handle)
        return self._table

    def _lookup(self, handle: Any, hashes: Sequence[bytes]) -> Any:
        return handle.search().where(hashes_condition(hashes)).select(["text_hash", "vector"]).to_arrow()

    def _stamp(self, hashes: list[bytes], day: int) -> None:
        if not hashes:
            return
        columns = {"text_hash": hash_array(hashes), "used": _days(len(hashes), day)}
        rows = arrow().table(columns)
        self.write(
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


def today() -> int:
    """The day, counted from 1970."""
    return int(time.time() // _DAY)


def parts(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive parts of at most `size` values."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _days(count: int, day: int) -> Any:
    return arrow().array(np.full(count, day, dtype=np.int32))
