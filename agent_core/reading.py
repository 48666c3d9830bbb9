"""Reading part of a text file, whatever the file turns out to be, within bounds of memory and time."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator

import msgspec

from agent_core.text import human_size, plural

MAX_BYTES = 512 * 1024
_CHUNK = 256 * 1024
_MAX_SCAN = 256 * 1024 * 1024
_COUNT_ALL = 8 * 1024 * 1024
_SNIFF = 8000

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TextPart(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines of a file.

    `lines` are without their ends and stand at `start` to `end`, counted from 1, both inclusive (`end` is
    `start - 1` when there are none). `total_lines` is None where the file was not read to its end.
    `truncated` says that lines, or a part of the last one, were asked for and left out; `note` says in
    words what the reader should know, "" when all is plain. `size` is the file's, in bytes.
    """

    lines: tuple[str, ...]
    start: int
    end: int
    total_lines: int | None
    truncated: bool = False
    note: str = ""
    binary: bool = False
    size: int = 0


def read_part(fd: int, *, start: int, end: int | None, max_bytes: int) -> TextPart:
    """Read lines `start` to `end` (None: to the last) of an open regular file, `max_bytes` of them at most.

    Raises OSError when the disk does.
    """
    size = os.fstat(fd).st_size
    head = os.pread(fd, _SNIFF, 0)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if not encoding and b"\0" in head:
        return TextPart(
            lines=(),
            start=start,
            end=start - 1,
            total_lines=None,
            binary=True,
            size=size,
            note=f"binary file, {human_size(size)}",
        )
    scan = _Scan(start, end, max_bytes, count_all=size <= _COUNT_ALL)
    scanned = 0
    for chunk in _chunks(fd, encoding):
        scanned += len(chunk)
        if not scan.feed(chunk):
            break
        if scanned >= _MAX_SCAN:
            scan.give_up()
            break
    else:
        scan.at_end()
    return scan.result(size, encoding)


def _chunks(fd: int, encoding: str) -> Iterator[bytes]:
    """The file from its beginning, as UTF-8 where a byte order mark says that it is something else."""
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
    while chunk := os.read(fd, _CHUNK):
        yield chunk if decoder is None else decoder.decode(chunk).encode("utf-8", "replace")
    if decoder is not None:
        yield decoder.decode(b"", True).encode("utf-8", "replace")


class _Scan:
    """Counts lines up to the first one wanted, keeps the wanted ones, and counts the rest if cheap."""

    def __init__(self, start: int, end: int | None, max_bytes: int, *, count_all: bool) -> None:
        self.start, self.stop, self.max_bytes, self.count_all = start, end, max_bytes, count_all
        self.line = 1
        self.kept: list[bytes] = []
        self.size = 0
        self.cut = False
        self.total: int | None = None
        self.last_byte = b""
        self.seen = False

    def feed(self, chunk: bytes) -> bool:
        """Take in a chunk; False when nothing more is needed."""
        if not chunk:
            return True
        self.seen = True
        self.last_byte = chunk[-1:]
        if self.line < self.start:
            chunk = self._skip(chunk)
            if not chunk:
                return True
        if not self.cut and not self._done():
            chunk = self._keep(chunk)
        if self.cut or self._done():
            self.line += chunk.count(b"\n")
            return self.count_all
        return True

    def _done(self) -> bool:
        return self.stop is not None and self.line > self.stop

    def _skip(self, chunk: bytes) -> bytes:
        """Drop what lies before the first wanted line."""
        inside = chunk.count(b"\n")
        if self.line + inside < self.start:
            self.line += inside
            return b""
        position = -1
        while self.line < self.start:
            position = chunk.index(b"\n", position + 1)
            self.line += 1
        return chunk[position + 1 :]

    def _keep(self, chunk: bytes) -> bytes:
        """Keep what is wanted; returns the rest of the chunk."""
        wanted = len(chunk)
        if self.stop is not None and self.line + chunk.count(b"\n") > self.stop:
            wanted = 0
            for _ in range(self.stop - self.line + 1):
                wanted = chunk.index(b"\n", wanted) + 1
        room = self.max_bytes - self.size
        if wanted > room:
            self.cut = True
            wanted = room
        self.kept.append(chunk[:wanted])
        self.size += wanted
        self.line += chunk.count(b"\n", 0, wanted)
        return chunk[wanted:]

    def give_up(self) -> None:
        """The file goes on, but it was read for long enough."""
        self.cut = self.cut or (self.line >= self.start and not self._done())

    def at_end(self) -> None:
        """The file ended."""
        self.total = 0 if not self.seen else self.line - (self.last_byte == b"\n")

    def result(self, size: int, encoding: str) -> TextPart:
        content = b"".join(self.kept)
        text, notes = _decoded(content, cut=self.cut)
        if encoding.startswith(("utf-16", "utf-32")):
            notes.insert(0, f"{encoding.upper()}, shown as UTF-8")
        lines = text.split("\n") if text else []
        if lines and not lines[-1] and not self.cut:
            lines.pop()  # the end of the last line, not a line of its own
        last = self.start + len(lines) - 1
        reached = self.line >= self.start or self.total is not None
        if not reached or (self.total is None and not lines and not self.cut):
            notes.append(f"line {self.start:,} lies beyond the first {human_size(_MAX_SCAN)} of the file")
        elif self.total is not None and not lines and self.start > max(self.total, 1):
            notes.append(f"the file has only {plural(self.total, 'line')}")
        if self.cut:
            notes.append(f"cut after {human_size(self.max_bytes)} of {human_size(size)}")
        return TextPart(
            lines=tuple(line.removesuffix("\r") for line in lines),
            start=self.start,
            end=last,
            total_lines=self.total,
            truncated=self.cut or not reached,
            note="; ".join(notes),
            size=size,
        )


def _decoded(content: bytes, *, cut: bool) -> tuple[str, list[str]]:
    try:
        return codecs.getincrementaldecoder("utf-8")("strict").decode(content, not cut), []
    except UnicodeDecodeError:
        text = codecs.getincrementaldecoder("utf-8")("replace").decode(content, not cut)
        return text, ["not valid UTF-8; what could not be read is shown as �"]
