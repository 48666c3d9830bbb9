"""What lies in LanceDB, asked of LanceDB itself, as another program would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lancedb
import numpy as np
from lancedb.query import MatchQuery
from numpy.typing import NDArray

from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.rows import ChunkRow
from agent_core.index.store_schema import CHUNKS, COLUMNS, unpack_path, vector_name, vector_rows
from tests.fakes.chunks import SMALL


class Tables:
    """The tables of an index at a folder, by an embedder's vectors."""

    def __init__(self, place: str | Path, *, embedder: EmbedderInfo = SMALL, chunks: str = CHUNKS) -> None:
        self._database = lancedb.connect(str(place))
        self._name, self._dims, self._chunks = vector_name(embedder), embedder.dims, chunks

    @property
    def names(self) -> list[str]:
        return list(self._database.list_tables().tables)

    @property
    def chunks(self) -> Any:
        return self._database.open_table(self._chunks)

    @property
    def version(self) -> int:
        return self.chunks.version

    @property
    def versions(self) -> int:
        return len(self.chunks.list_versions())

    def rows(self) -> list[ChunkRow]:
        """All chunks, of one version."""
        table = self.chunks.search().select(list(COLUMNS)).to_arrow()
        columns = {name: table[name].to_pylist() for name in COLUMNS}
        columns["path"] = [unpack_path(path) for path in columns["path"]]
        return [ChunkRow(*values) for values in zip(*columns.values(), strict=True)]

    def texts(self) -> list[str]:
        return sorted(row.text for row in self.rows())

    def vectors(self) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that the chunks have, by text hash."""
        table = self.chunks
        if self._name not in table.schema.names:
            return {}
        found = table.search().where(f"{self._name} IS NOT NULL").select(["text_hash", self._name]).to_arrow()
        known = vector_rows(found, self._name, self._dims)
        return dict(zip(known.hashes, known.matrix, strict=True))

    def without_vector(self) -> int:
        table = self.chunks
        return table.count_rows(f"{self._name} IS NULL" if self._name in table.schema.names else None)

    def cached(self) -> int:
        """How many vectors are kept by text."""
        return self._database.open_table(self._name).count_rows() if self._name in self.names else 0

    def search_text(self, terms: str, limit: int) -> list[tuple[str, float]]:
        """Ids of the chunks that match any of the terms, best first, with scores."""
        found = self.chunks.search(MatchQuery(terms, "terms")).select(["id"]).limit(limit).to_arrow()
        return list(zip(found["id"].to_pylist(), found["_score"].to_pylist(), strict=True))

    def search_vector(self, vector: NDArray[np.float32], limit: int) -> list[tuple[str, float]]:
        """Ids of the chunks nearest to a vector, best first, with their cosines."""
        query = self.chunks.search(vector.astype(np.float16), vector_column_name=self._name)
        found = query.distance_type("cosine").refine_factor(4).select(["id"]).limit(limit).to_arrow()
        distances = found["_distance"].to_pylist()
        return [(name, 1.0 - far) for name, far in zip(found["id"].to_pylist(), distances, strict=True)]
