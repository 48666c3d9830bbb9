"""The table of record of a workspace's index, in LanceDB: chunk texts, their full-text index and vectors.

One table holds the chunks: a row has its place, its text, the words that ranking sees, and the vector of the
current embedder (a column per embedder; two never mix). One more table per embedder keeps vectors by the hash
of their text. Where several workspaces use one place, each has a table of chunks of its own, and they share
the vectors: nobody embeds what somebody else did.

Every change is one commit: a reader, also one in another process, sees a file's old rows or its new ones, and
so does the next start after a kill. One process of a workspace writes at a time (its caller holds the lock);
others may read meanwhile. Everything here is synchronous and belongs to one thread.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agent_core.errors import IndexFault
from agent_core.index.rows import ChunkRow
from agent_core.index.store_chunks import Chunks, commits
from agent_core.index.store_lance import Database
from agent_core.index.store_maintenance import Upkeep
from agent_core.index.store_schema import CHUNKS, owned, readable
from agent_core.index.store_vectors import VectorCache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_core.index.embed.port import EmbedderInfo

_PENDING = 512
"""Vectors that wait for one common commit: some seconds of an embedder's work, which a kill may cost."""
_UNFILLED = 4096
"""Vectors that are kept and that the chunks wait for: giving them some writes these chunks anew."""


class Store:
    """The stored index of one workspace; see `open`."""

    def __init__(self, *, chunks: Chunks, cache: VectorCache | None, upkeep: Upkeep) -> None:
        self._chunks, self._cache, self._upkeep = chunks, cache, upkeep
        self._pending: dict[bytes, NDArray[np.float32]] = {}
        self._unfilled: dict[bytes, NDArray[np.float32]] = {}

    @classmethod
    def open(cls, uri: str, *, embedder: EmbedderInfo | None, owner: str = "", fresh: bool = False) -> Store:
        """The index at a folder or a LanceDB URI; what is missing is made.

        Args:
            uri: A path, `file://…`, `s3://…` or another place that LanceDB knows; credentials come from the
                environment.
            embedder: Whose vectors are read and written; None for an index without vectors.
            owner: The workspace, where others may use the place too (`workspace_name`).
            fresh: Keep chunks that turned out to be broken aside as `NAME.bad-<time>` (the log says so) and
                begin anew, with the vectors that are known. Only the writing process may.

        Raises:
            IndexFault: The place cannot be read or written; `broken` when what lies there, on this machine,
                is damaged.
        """
        database = Database(uri)
        chunks = Chunks.open(database, owned(CHUNKS, owner), fresh=fresh)
        cache = None if embedder is None else VectorCache(database, embedder)
        upkeep = Upkeep(database=database, chunks=chunks, cache=cache, shared=bool(owner))
        return cls(chunks=chunks, cache=cache, upkeep=upkeep)

    def ids_by_path(self) -> dict[str, dict[str, str]]:
        """For every path the ids of its chunks, each with the hash of the file that they were made of."""
        return self._chunks.ids_by_path()

    def apply(self, upserts: Sequence[ChunkRow], *, paths: Collection[str]) -> None:
        """Make the given rows the only ones of the given paths; paths without rows are deleted.

        One commit, or several for thousands of rows, each of them whole for every path that it touches. Rows
        whose text has a vector get it.

        Args:
            upserts: Rows; their paths count as given.
            paths: Paths that are looked at: what they had before goes.
        """
        for batch, rows in commits(upserts, paths):
            known = self.cached_vectors(row.text_hash for row in rows)
            self._chunks.replace(batch, rows, vectors=known, cache=self._cache)

    def cached_vectors(self, hashes: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that are known, of the texts that are asked for."""
        if self._cache is None:
            return {}
        wanted = list(hashes)
        found = {text_hash: self._pending[text_hash] for text_hash in wanted if text_hash in self._pending}
        return found | self._cache.get(text_hash for text_hash in wanted if text_hash not in found)

    def unknown(self, hashes: Collection[bytes]) -> set[bytes]:
        """Those of the texts whose vectors are not kept."""
        known = self._pending.keys() if self._cache is None else self._pending.keys() | self._cache.hashes()
        return set(hashes) - known

    def add_vectors(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep vectors by text hash, and give them to the chunks with these texts.

        Some hundred wait in memory for a common commit, some thousand until the chunks get theirs, or all for
        `flush`, `tidy` or `close`.
        """
        if self._cache is None:
            raise IndexFault("vectors were given to an index without an embedder")
        lengths = {vector.shape for vector in vectors.values()} - {(self._cache.dims,)}
        if lengths:
            raise IndexFault(
                f"vectors of shape {lengths.pop()} were given to an index of {self._cache.dims} numbers"
            )
        self._pending.update(vectors)
        if len(self._pending) >= _PENDING:
            self._keep(self._cache)
        if len(self._unfilled) >= _UNFILLED:
            self.flush()

    def flush(self) -> None:
        """Write the vectors that wait."""
        if self._cache is None:
            return
        self._keep(self._cache)
        if self._unfilled:
            vectors, self._unfilled = self._unfilled, {}  # should it fail, `tidy` makes up for it
            self._chunks.fill(vectors, cache=self._cache)

    def _keep(self, cache: VectorCache) -> None:
        """Put the vectors that wait into the cache; where that keeps failing, they are at last given up."""
        if not self._pending:
            return
        try:
            cache.add(self._pending)
        except IndexFault:
            if len(self._pending) >= _UNFILLED:
                self._pending = {}
            raise
        self._unfilled |= self._pending
        self._pending = {}

    def maintain(self) -> bool:
        """`tidy` when enough was written since the last time; returns whether that was so."""
        due = self._upkeep.due()
        if due:
            self.tidy()
        return due

    def tidy(self) -> None:
        """Merge fragments and the full-text index's tail, drop old versions and long unused vectors.

        It takes a second for 25,000 chunks; only the writing process may call it.
        """
        self.flush()
        self._upkeep.run()

    def size(self) -> int:
        """How many bytes it takes."""
        return self._upkeep.size()

    def close(self) -> None:
        """Write what waits. LanceDB itself holds nothing open that needs closing."""
        self.flush()


def workspace_name(root: Path) -> str:
    """What the tables of a workspace are called where others lie beside them: another on every machine."""
    machine = platform.node()
    with suppress(OSError):
        machine += Path("/etc/machine-id").read_text("utf-8", "replace")
    digest = hashlib.blake2s(f"{machine}\0{root}".encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{readable(root.name)}_{digest}".lstrip("_")
