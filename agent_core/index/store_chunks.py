"""The table of chunks: what it holds, and replacing its rows.

Nothing here searches it: ranking happens in memory. Its full-text index and its vectors are for those who ask
the table itself.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent_core.errors import IndexFault
from agent_core.index.rows import ChunkRow
from agent_core.index.store_lance import Database, Table, arrow, full_text_index
from agent_core.index.store_schema import (
    VECTOR_PREFIX,
    chunk_schema,
    chunk_table,
    hash_array,
    paths_condition,
    unpack_path,
    vector_array,
    vector_field,
)
from agent_core.index.store_vectors import VectorCache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COMMIT_ROWS = 8192
_COMMIT_PATHS = 1000
_log = logging.getLogger(__name__)


def commits(
    upserts: Sequence[ChunkRow], paths: Collection[str]
) -> Iterator[tuple[list[str], list[ChunkRow]]]:
    """Rows and the paths they replace, in batches of bounded size; no path is in two of them."""
    by_path: dict[str, dict[str, ChunkRow]] = {path: {} for path in sorted(paths)}
    for row in upserts:
        by_path.setdefault(row.path, {})[row.id] = row
    batch: list[str] = []
    rows: list[ChunkRow] = []
    for path, its_rows in by_path.items():
        if batch and (len(batch) >= _COMMIT_PATHS or len(rows) + len(its_rows) > _COMMIT_ROWS):
            yield batch, rows
            batch, rows = [], []
        batch.append(path)
        rows.extend(its_rows.values())
    if batch:
        yield batch, rows


class Chunks(Table):
    """The table of chunks."""

    @classmethod
    def open(cls, database: Database, name: str, *, fresh: bool) -> Chunks:
        """The table of that name, made when it is missing.

        Raises:
            IndexFault: It can be neither read nor made.
        """
        handle = None
        if not fresh:
            handle = database.handle(name)
        elif (aside := database.set_aside(name)) is not None:
            _log.warning("the stored index was broken; it is kept as %s and built anew", aside)
        if handle is None:
            handle = database.create(name, chunk_schema())
        chunks = cls(database, name, handle)
        chunks.check()
        chunks.run("cannot be written", full_text_index)
        return chunks

    @property
    def version(self) -> int:
        """Grows with every commit of any process."""
        return self.run("cannot be read", lambda handle: int(handle.version))

    def check(self) -> None:
        """See that it has all columns. Raises `IndexFault` (`broken`) when it has not."""
        have: dict[str, Any] = self.run(
            "cannot be read", lambda handle: {field.name: field.type for field in handle.schema}
        )
        lacking = [field.name for field in chunk_schema() if have.get(field.name) != field.type]
        if lacking:
            raise IndexFault(
                f"the stored index lacks {', '.join(lacking)}",
                hint="Run `index` to build it anew.",
                broken=True,
            )

    def ids_by_path(self) -> dict[str, dict[str, str]]:
        """See `Store.ids_by_path`."""
        rows = self.select(["path", "id", "file_hash"])
        found: dict[str, dict[str, str]] = {}
        columns = (rows[name].to_pylist() for name in ("path", "id", "file_hash"))
        for path, chunk_id, file_hash in zip(*columns, strict=True):
            found.setdefault(unpack_path(path), {})[chunk_id] = file_hash
        return found

    def replace(
        self,
        paths: Sequence[str],
        rows: Sequence[ChunkRow],
        *,
        vectors: Mapping[bytes, NDArray[np.float32]],
        cache: VectorCache | None,
    ) -> None:
        """Make the rows the only ones of the paths; one commit."""
        if cache is not None and vectors:
            self._ensure_column(cache)
        data = chunk_table(rows)
        for field in self._vector_fields():
            if cache is not None and field.name == cache.name:
                column = vector_array([row.text_hash for row in rows], vectors, cache.dims)
            else:  # a row that keeps its id would keep the vector of its old text, too
                column = arrow().nulls(len(rows), field.type)
            data = data.append_column(field, column)
        condition = paths_condition(paths)

        def merge(handle: Any) -> None:
            into = handle.merge_insert(["path", "id"]).when_matched_update_all().when_not_matched_insert_all()
            into.when_not_matched_by_source_delete(condition).execute(data, on_bad_vectors="null")

        self.run("cannot be written", merge)

    def fill(self, vectors: Mapping[bytes, NDArray[np.float32]], *, cache: VectorCache) -> None:
        """Give vectors to the rows whose texts they were made of; one commit."""
        self._ensure_column(cache)
        hashes = list(vectors)
        names = ["text_hash", cache.name]
        data = arrow().table([hash_array(hashes), vector_array(hashes, vectors, cache.dims)], names=names)
        self.run(
            "cannot be written",
            lambda handle: (
                handle.merge_insert("text_hash")
                .when_matched_update_all()
                .execute(data, on_bad_vectors="null")
            ),
        )

    def select(self, columns: list[str], condition: str = "") -> Any:
        """Some columns of the rows that a condition names, or of all, as an Arrow table."""

        def read(handle: Any) -> Any:
            query = handle.search().select(columns)
            return (query.where(condition) if condition else query).to_arrow()

        return self.run("cannot be read", read)

    def count(self, condition: str | None = None) -> int:
        """How many rows there are, of those that a condition names."""
        return self.run("cannot be read", lambda handle: int(handle.count_rows(condition)))

    def has_column(self, name: str) -> bool:
        """Whether there is such a column of vectors."""
        return any(field.name == name for field in self._vector_fields())

    def _vector_fields(self) -> list[Any]:
        schema: list[Any] = self.run("cannot be read", lambda handle: list(handle.schema))
        return [field for field in schema if field.name.startswith(VECTOR_PREFIX)]

    def _ensure_column(self, cache: VectorCache) -> None:
        def add(handle: Any) -> None:
            if cache.name not in handle.schema.names:
                handle.add_columns(vector_field(cache.name, cache.dims))

        self.run("cannot be written", add)
