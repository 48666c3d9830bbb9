"""The index in memory: files, chunks, their postings and vectors; changed file by file, saved as a whole.

Files and chunks are numbered as they come. A file that changes is dead under its old number and alive under
a new one; its chunks lie together. When too much is dead, everything is renumbered (`compact`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.index.alike import Alike
from agent_core.index.arrays import Arrays, BrokenArrays
from agent_core.index.columns import Column, renumbered
from agent_core.index.digest import ChunkFacts, Digest, FileRow
from agent_core.index.postings import Postings
from agent_core.index.scan import FileState

VERSION = 4
"""To be raised whenever chunks or terms of the same content change: unchanged files keep theirs."""
_FIELDS = ("body", "names", "base", "folders")
_BY_CHUNK = ("body", "names")
_MANY_POSTINGS = 100_000
_DEAD_SHARE = 0.25
_DEAD_ALLOWED = 2000


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    embedder: str
    dims: int
    files: list[FileRow]


class FileEntry(msgspec.Struct, frozen=True):
    """A file: what the digest says of it, its number, and which chunks are its own."""

    row: FileRow
    number: int
    first: int
    count: int


class Image:
    """What is in the index.

    Args:
        embedder: Whose vectors it holds (`EmbedderInfo.id`); "" for none.
        dims: The length of its vectors.
    """

    def __init__(self, *, embedder: str = "", dims: int = 0) -> None:
        self.embedder, self.dims = embedder, dims
        self.files: dict[str, FileEntry] = {}
        """The files that are alive, by path."""
        self.by_number: list[FileEntry | None] = []
        """Every file by number; None for the dead."""
        self.body, self.names = Postings(), Postings()
        self.base, self.folders = Postings(), Postings()
        self.file_of = Column(np.int32)
        """The file of each chunk."""
        self.length = Column(np.int32)
        """Terms of each chunk, repeated ones counted."""
        self.named = Column(np.int32)
        """Terms of the names that each chunk defines."""
        self.alive = Column(np.bool_)
        """Whether each chunk is."""
        self.base_size = Column(np.int32)
        """Distinct terms in each file's own name."""
        self.vectors = Column(np.float32, dims)
        self.embedded = Column(np.bool_)
        """Whether each chunk has a vector."""
        self._alike = Alike()
        self._dead = 0
        self.changes = 0
        """Counts every change, so that what is derived knows when it is old."""

    # Reading

    @property
    def chunks(self) -> int:
        """How many chunks are alive."""
        return len(self.alive) - self._dead

    @property
    def with_vector(self) -> int:
        """How many of them have a vector."""
        return int(np.count_nonzero(self.embedded.view & self.alive.view))

    def facts(self, chunk: int) -> ChunkFacts:
        """What is known of a living chunk."""
        entry = self.entry_of(chunk)
        return entry.row.chunks[chunk - entry.first]

    def entry_of(self, chunk: int) -> FileEntry:
        """The file of a living chunk."""
        entry = self.by_number[int(self.file_of.view[chunk])]
        assert entry is not None, "a living chunk has a living file"
        return entry

    def missing_vectors(self, entry: FileEntry | None = None) -> list[int]:
        """The living chunks without a vector, of one file or of all, those that came last first."""
        own = slice(0, None) if entry is None else slice(entry.first, entry.first + entry.count)
        missing = np.flatnonzero(self.alive.view[own] & ~self.embedded.view[own])
        return (missing[::-1] + (own.start or 0)).tolist()

    # Changing

    def take(self, *digests: Digest) -> None:
        """Take in files, each in the place of what was there under its path."""
        parts: list[tuple[Digest, int, int]] = []
        start = len(self.alive)
        for digest in digests:
            parts.append((digest, len(self.alive), len(self.by_number)))
            for path in digest.gone:
                self.remove(path)
            for path, state in digest.same:
                self._touch(path, state)
            for row in digest.files:
                self.remove(row.path)
                self._append(row)
            self.base_size.extend(_sizes(digest.base, len(digest.files)))
        for name in _FIELDS:
            self._take_postings(name, parts)
        self._share_vectors(start)
        self.changes += 1
        if self._dead > _DEAD_ALLOWED and self._dead > _DEAD_SHARE * len(self.alive):
            self.compact()

    def _take_postings(self, name: str, parts: list[tuple[Digest, int, int]]) -> None:
        """A few go on top; many make a new base."""
        own: Postings = getattr(self, name)
        total = len(self.alive) if name in _BY_CHUNK else len(self.by_number)
        numbers = np.arange(total, dtype=np.int32)
        added = [
            (getattr(digest, name), numbers[first_chunk if name in _BY_CHUNK else first_file :])
            for digest, first_chunk, first_file in parts
        ]
        if sum(part.size for part, _ in added) < _MANY_POSTINGS:
            own.absorb(Postings.joined(added))
        else:
            setattr(self, name, Postings.joined([(own, numbers), *added]))

    def remove(self, path: str) -> None:
        """Take a file out, if it is there."""
        entry = self.files.pop(path, None)
        if entry is None:
            return
        self.by_number[entry.number] = None
        own = slice(entry.first, entry.first + entry.count)
        self.alive.view[own] = False
        self._dead += entry.count
        self.changes += 1

    def _touch(self, path: str, state: FileState) -> None:
        """Note another state of a file whose content is the same."""
        entry = self.files.get(path)
        if entry is not None:
            row = entry.row._replace(state=state)
            self.files[path] = self.by_number[entry.number] = msgspec.structs.replace(entry, row=row)

    def _append(self, row: FileRow) -> None:
        number, first = len(self.by_number), len(self.alive)
        entry = FileEntry(row, number, first, len(row.chunks))
        self.files[row.path] = entry
        self.by_number.append(entry)
        count = len(row.chunks)
        self.file_of.extend(np.full(count, number, np.int32))
        self.length.extend(np.array([chunk.length for chunk in row.chunks], np.int32))
        self.named.extend(np.array([chunk.named for chunk in row.chunks], np.int32))
        self.alive.extend(np.ones(count, np.bool_))

    def _share_vectors(self, first: int) -> None:
        """Give the chunks from `first` on the vectors that their texts have already."""
        count = len(self.alive) - first
        self.embedded.extend(np.zeros(count, np.bool_))
        self.vectors.extend(np.zeros((count, self.dims), np.float32))
        for chunk in (np.flatnonzero(self.alive.view[first:]) + first).tolist():
            text_hash = self.facts(chunk).text_hash
            same = self._alike.get(text_hash)
            if same and self.embedded.view[same[-1]]:
                self.vectors.view[chunk] = self.vectors.view[same[-1]]
                self.embedded.view[chunk] = True
            living = (number for number in same if self.alive.view[number])
            self._alike.put(text_hash, (*living, chunk))

    def add_vectors(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Give every living chunk whose text is among these its vector."""
        for text_hash, vector in vectors.items():
            for chunk in self._alike.get(text_hash):
                self.vectors.view[chunk] = vector
                self.embedded.view[chunk] = True
        self.changes += 1

    def drop_vectors(self, *, embedder: str, dims: int) -> None:
        """Begin anew with another embedder."""
        self.embedder, self.dims = embedder, dims
        count = len(self.alive)
        self.vectors = Column(np.float32, dims)
        self.vectors.extend(np.zeros((count, dims), np.float32))
        self.embedded.view[:] = False
        self.changes += 1

    def compact(self) -> None:
        """Renumber what is alive, and make one base of every index."""
        rows = [entry.row for entry in self.by_number if entry is not None]
        chunk_numbers = renumbered(self.alive.view)
        file_numbers = renumbered(np.array([entry is not None for entry in self.by_number], np.bool_))
        kept_chunks, kept_files = chunk_numbers >= 0, file_numbers >= 0
        for name in _FIELDS:
            numbers = chunk_numbers if name in _BY_CHUNK else file_numbers
            getattr(self, name).compact(numbers)
        self.file_of.replace(file_numbers[self.file_of.view[kept_chunks]])
        self.base_size.keep(kept_files)
        for column in (self.length, self.named, self.vectors, self.embedded, self.alive):
            column.keep(kept_chunks)
        self._reindex(rows)
        self._dead = 0
        self.changes += 1

    def _reindex(self, rows: Sequence[FileRow]) -> None:
        """Number the files, and their chunks, from 0 on."""
        firsts = accumulate((len(row.chunks) for row in rows), initial=0)
        entries = [
            FileEntry(row, number, first, len(row.chunks))
            for number, (row, first) in enumerate(zip(rows, firsts, strict=False))
        ]
        self.files = {entry.row.path: entry for entry in entries}
        self.by_number = [*entries]
        self._alike = Alike([chunk.text_hash for row in rows for chunk in row.chunks])

    # On disk

    def saving(self) -> Callable[[Path], None]:
        """Make ready to be written; returns what writes it, in any thread, whatever changes meanwhile."""
        if self._dead or None in self.by_number or any(getattr(self, name).overlay for name in _FIELDS):
            self.compact()
        arrays = Arrays()
        for name in _FIELDS:
            getattr(self, name).save(arrays, name)
        arrays.put("base_size", self.base_size.view.copy())
        arrays.put("embedded", self.embedded.view.copy())
        arrays.put("vectors", self.vectors.view.astype(np.float16))
        rows = [entry.row for entry in self.by_number if entry is not None]
        embedder, dims = self.embedder, self.dims

        def write(path: Path) -> None:
            arrays.put_bytes("files", msgspec.msgpack.encode(_Saved(embedder, dims, rows)))
            arrays.write(path, version=VERSION)

        return write

    def save(self, path: Path) -> None:
        """Write it, in one step; raises OSError."""
        self.saving()(path)

    @classmethod
    def load(cls, path: Path) -> Image:
        """Read what `save` wrote; raises FileNotFoundError, OSError, BrokenArrays."""
        arrays = Arrays.read(path, version=VERSION)
        try:
            saved = msgspec.msgpack.decode(arrays.bytes("files"), type=_Saved)
            image = cls(embedder=saved.embedder, dims=saved.dims)
            for name in _FIELDS:
                setattr(image, name, Postings.load(arrays, name))
            image.base_size.replace(arrays.get("base_size"))
            image.embedded.replace(arrays.get("embedded"))
            image.vectors.replace(arrays.get("vectors"))
            image._restore(saved.files)
        except (ValueError, IndexError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise BrokenArrays(str(error)) from error
        return image

    def _restore(self, rows: Sequence[FileRow]) -> None:
        self._reindex(rows)
        counts = [len(row.chunks) for row in rows]
        total = sum(counts)
        if total != len(self.embedded) or total != len(self.vectors) or len(rows) != len(self.base_size):
            raise BrokenArrays("the parts do not belong together")
        self.file_of.replace(np.repeat(np.arange(len(rows), dtype=np.int32), counts))
        for name in ("length", "named"):
            values = (getattr(chunk, name) for row in rows for chunk in row.chunks)
            getattr(self, name).replace(np.fromiter(values, np.int32, total))
        self.alive.replace(np.ones(total, np.bool_))


def _sizes(postings: Postings, files: int) -> NDArray[np.int32]:
    """How many distinct words each of the files has in its name."""
    found = np.zeros(files, np.int32)
    for term in postings.names():
        if not term.startswith("="):
            found[postings.get(term)[0]] += 1
    return found
