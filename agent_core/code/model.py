"""What is known of one file: its chunks, what it defines, what it imports."""

from __future__ import annotations

from typing import Literal

import msgspec

ChunkKind = Literal["function", "type", "test", "module", "section", "window"]
SymbolKind = Literal["function", "type", "constant", "test", "section"]


class Chunk(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A piece of a file that is found as one: lines `start` to `end`, counted from 1, both inclusive.

    `name` is the dotted name of what it defines (`Session.submit`; `""` for module level and windows, the
    path of headings for a section, that of titles for a test), one line of a few hundred characters. `text`
    is the lines as they are, without the last line's end. The chunks of a file are in order, do not overlap,
    and hold every line that is not blank.
    """

    start: int
    end: int
    kind: ChunkKind
    name: str
    text: str


class Symbol(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A definition: its name as a chunk's, its lines, and the line that introduces it, shortened."""

    name: str
    kind: SymbolKind
    start: int
    end: int
    signature: str = ""


class ParsedFile(msgspec.Struct, frozen=True, array_like=True):
    """A file as the index takes it in.

    `language` is "" where no grammar fits; `imports` are the modules or paths as they are written;
    `broken` says that the grammar met something that it does not know (what could be read is there).
    """

    language: str
    chunks: tuple[Chunk, ...]
    symbols: tuple[Symbol, ...] = ()
    imports: tuple[str, ...] = ()
    broken: bool = False
