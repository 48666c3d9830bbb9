"""From files to what the index takes in: read, hashed, cut into chunks, their terms counted.

Pure and synchronous: it runs in worker processes when there is much to do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from agent_core.code.model import Chunk, ParsedFile, Symbol
from agent_core.code.parse import parse
from agent_core.code.roles import role
from agent_core.code.terms import split, stems_of
from agent_core.files import open_regular
from agent_core.index.counting import TermCounter, Vocabulary
from agent_core.index.passage import as_written, digest16, text_hash, whole, words_of
from agent_core.index.postings import Document, Postings, PostingsBuilder
from agent_core.index.scan import MOST_BYTES, FileState

_BINARY_HEAD = 8192
_START = attrgetter("start")
_CLOCK_TICK_NS = 20_000_000
"""Longer than the steps of any system's clock for file times."""


class ChunkFacts(NamedTuple):
    """A chunk without its text.

    `id` is stable by content; `text_hash` names what is embedded of it. `length` and `named` count the terms
    of its text and of the names that it defines.
    """

    start: int
    end: int
    kind: str
    name: str
    id: bytes
    text_hash: bytes
    length: int
    named: int


_Piece = tuple[int, int, str, str, bytes, bytes]
"""The facts of a chunk whose terms are not counted yet."""


class FileRow(NamedTuple):
    """A file of the index.

    `hash` is that of its content, `symbols` a tuple of `Symbol` as msgpack (they are many, and few are looked
    at); `skipped` says why it has no chunks, "" if it may have some.
    """

    path: str
    state: FileState
    hash: bytes
    language: str
    role: str
    lines: int
    symbols: bytes
    imports: tuple[str, ...]
    broken: bool
    skipped: str
    chunks: tuple[ChunkFacts, ...]


class Digest(NamedTuple):
    """Some files, their chunks numbered through all of them.

    `gone` are paths that are no more; `same` are those whose content is what it was, with their present
    state.
    """

    files: list[FileRow]
    gone: list[str]
    same: list[tuple[str, FileState]]
    body: Postings
    """The words of each chunk."""
    names: Postings
    """The words of the names that each chunk defines."""
    base: Postings
    """The words of each file's own name, and that name as a whole."""
    folders: Postings
    """The words of the folders above it."""


def read_file(root: Path, path: str) -> tuple[FileState, bytes] | None:
    """A file's state and content, both of the same moment; None when it is gone.

    The content is empty for one that is too large. A file that changes while it is read has a state that the
    next look does not confirm, so it is read again then.
    """
    try:
        descriptor = open_regular(f"{root}/{path}", follow=False)
    except OSError:
        return None
    try:
        state = _state(os.fstat(descriptor))
        if state.size > MOST_BYTES:
            return state, b""
        content = os.read(descriptor, MOST_BYTES + 1)
        while len(content) <= MOST_BYTES and (more := os.read(descriptor, MOST_BYTES + 1 - len(content))):
            content += more
        return state, content
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _state(status: os.stat_result) -> FileState:
    """What the next look must find for the file to count as unchanged.

    Of a file that changed just now the system's clock could not tell a second change: it is looked at again.
    """
    fresh = time.time_ns() - status.st_ctime_ns < _CLOCK_TICK_NS
    return FileState(status.st_size, status.st_mtime_ns, 0 if fresh else status.st_ctime_ns)


def digest(
    root: Path,
    paths: Iterable[str],
    known: Mapping[str, bytes] = MappingProxyType({}),
    *,
    vocabulary: Vocabulary | None = None,
    structure: bool = True,
) -> Digest:
    """Read some files; what cannot be read counts as gone.

    Args:
        root: The workspace's root.
        paths: Files below it.
        known: The hashes of contents that need not be read again, by path.
        vocabulary: One that is kept over many calls makes them quicker.
        structure: Whether the files are parsed, or cut into plain windows.
    """
    work = _Work(Vocabulary() if vocabulary is None else vocabulary, structure=structure)
    for path in paths:
        read = read_file(root, path)
        if read is None:
            work.gone.append(path)
            continue
        state, raw = read
        content = blake2b(raw, digest_size=16).digest()
        if known.get(path) == content:
            work.same.append((path, state))
        else:
            work.take(path, state, raw, content)
    return work.digest()


def digest_of_gone(paths: Iterable[str]) -> Digest:
    """The digest of paths that are no more, or no longer wanted."""
    work = _Work(Vocabulary())
    work.gone += paths
    return work.digest()


class _Work:
    def __init__(self, vocabulary: Vocabulary, *, structure: bool = True) -> None:
        self._structure = structure
        self._files: list[FileRow] = []
        self._chunks: list[list[_Piece]] = []
        self.gone: list[str] = []
        self.same: list[tuple[str, FileState]] = []
        self._body, self._names = TermCounter(vocabulary), TermCounter(vocabulary)
        self._base, self._folders = PostingsBuilder(), PostingsBuilder()

    def digest(self) -> Digest:
        body, names = self._body.build(), self._names.build()
        sizes = zip(body.lengths, names.lengths, strict=True)
        files = [
            row._replace(chunks=tuple(ChunkFacts(*piece, *next(sizes)) for piece in pieces))
            for row, pieces in zip(self._files, self._chunks, strict=True)
        ]
        base, folders = self._base.build(), self._folders.build()
        return Digest(files, self.gone, self.same, body.postings, names.postings, base, folders)

    def take(self, path: str, state: FileState, raw: bytes, content: bytes) -> None:
        skipped = _unfit(state, raw)
        text = "" if skipped else raw.decode("utf-8", "replace")
        parsed = parse(path, text, structure=self._structure) if text else ParsedFile("", ())
        pieces: list[_Piece] = []
        seen: dict[bytes, int] = {}
        for chunk, symbols in zip(parsed.chunks, _shared_out(parsed), strict=True):
            self._body.add(words_of(chunk.text))
            self._names.add(_names_of(symbols, chunk))
            pieces.append(_piece(path, chunk, seen))
        folder, _, name = path.rpartition("/")
        stem = name.partition(".")[0] or name
        self._base.add(_document({*stems_of(stem), whole(split(stem))}))
        self._folders.add(_document(set(stems_of(folder))))
        self._chunks.append(pieces)
        self._files.append(
            FileRow(
                path=path,
                state=state,
                hash=content,
                language=parsed.language,
                role=role(path),
                lines=text.count("\n") + (not text.endswith("\n") and bool(text)),
                symbols=msgspec.msgpack.encode(parsed.symbols),
                imports=parsed.imports,
                broken=parsed.broken,
                skipped=skipped,
                chunks=(),
            )
        )


def _unfit(state: FileState, raw: bytes) -> str:
    """Why a file has no chunks."""
    if state.size > MOST_BYTES or len(raw) > MOST_BYTES:
        return "too large"
    return "binary" if b"\0" in raw[:_BINARY_HEAD] else ""


def _shared_out(parsed: ParsedFile) -> list[list[Symbol]]:
    """The symbols that begin in each chunk."""
    shares: list[list[Symbol]] = [[] for _ in parsed.chunks]
    index = 0
    ends = [chunk.end for chunk in parsed.chunks]
    for symbol in sorted(parsed.symbols, key=_START):
        start = symbol.start
        while index < len(ends) and ends[index] < start:
            index += 1
        if index == len(ends):
            break
        shares[index].append(symbol)
    return shares


def _names_of(symbols: Sequence[Symbol], chunk: Chunk) -> list[str]:
    """The words of the names that a chunk defines; single words as names, too. A test's title is no name."""
    words: list[str] = []
    alone: set[str] = set()
    section = chunk.kind == "section"
    for symbol in symbols:
        if symbol.kind == "test":
            continue
        found, terms = _name(symbol.name.rpartition(".")[2])
        words += found
        if terms and not section:
            alone.update(terms)
    if section:
        words += words_of(chunk.name)
    return [*words, *alone] if alone else words


@lru_cache(maxsize=65_536)
def _name(name: str) -> tuple[list[str], tuple[str, ...]]:
    """The words of a name, and the terms of one that is a single word."""
    parts = split(name)
    single = len(parts) == 1 and name.isidentifier()
    return words_of(name), (as_written(name), whole(parts)) if single else ()


def _document(terms: set[str]) -> Document:
    return Document(tuple(terms), bytes([1]) * len(terms))


def _piece(path: str, chunk: Chunk, seen: dict[bytes, int]) -> _Piece:
    content = digest16(f"{path}\0{chunk.kind}\0{chunk.name}\0{chunk.text}")
    count = seen[content] = seen.get(content, 0) + 1
    identity = content if count == 1 else digest16(f"{content.hex()}\0{count}")
    return chunk.start, chunk.end, chunk.kind, chunk.name, identity, text_hash(path, chunk.text)
