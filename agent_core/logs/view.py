"""Windows of a log file of any size, found by byte offsets: nothing is counted or read but what is shown."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from agent_core.files import open_regular
from agent_core.text import printable, shorten

_BLOCK = 64 * 1024
_SOUGHT = 64 * 1024 * 1024
"""How far the ends of one line are looked for; what is longer is shown in pieces of that length."""
_HEAD = 256
_SHOWN = 4000
"""Characters of a line that are decoded."""

Change = Literal["same", "grew", "anew", "gone"]
"""What became of a file since the last look: `anew` when another lies in its place, or it was emptied."""


class Line(NamedTuple):
    """A line: where its bytes begin, where the next line begins, and its text (printable, bounded)."""

    start: int
    next: int
    text: str


class LogView:
    """Reads lines around byte offsets of one file, which may grow, be truncated or be rotated away.

    Every call opens the file, reads as many blocks as the lines need, and closes it; nothing is held open. It
    blocks, for some 0.1 ms on usual lines.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._head = b""
        """The file's first bytes: others tell that it was emptied and written again since."""
        self.size = 0
        """Bytes at the last look."""

    def look(self) -> Change:
        """See what became of the file."""
        with _opened(self._path) as fd:
            status = os.fstat(fd)
            head = _read(fd, _HEAD, 0)
        if not stat.S_ISREG(status.st_mode):
            self._identity, self.size = None, 0
            return "gone"
        identity, before = (status.st_dev, status.st_ino), self.size
        same = identity == self._identity and status.st_size >= before and head.startswith(self._head)
        self._identity, self.size, self._head = identity, status.st_size, head
        if not same:
            return "anew"
        return "grew" if status.st_size > before else "same"

    def after(self, offset: int, count: int) -> list[Line]:
        """Up to `count` lines from the one that begins at `offset` on; the last may be unfinished."""
        with _opened(self._path) as fd:
            lines: list[Line] = []
            while len(lines) < count and (line := _line_at(fd, offset)) is not None:
                lines.append(line)
                offset = line.next
            return lines

    def before(self, offset: int, count: int) -> list[Line]:
        """Up to `count` lines that end at or before `offset`, where a line begins; in the file's order."""
        with _opened(self._path) as fd:
            lines: list[Line] = []
            while len(lines) < count and offset > 0:
                start = _start_before(fd, offset)
                line = _line_at(fd, start)
                if line is None:
                    break
                lines.append(line._replace(next=offset))
                offset = start
            return lines[::-1]

    def share(self, first: Line, last: Line) -> tuple[float, float]:
        """See `window.Lines.share`: by bytes."""
        size = max(1, self.size)
        return min(1.0, first.start / size), min(1.0, last.next / size)

    def last(self, count: int) -> list[Line]:
        """The last `count` lines."""
        with _opened(self._path) as fd:
            size = os.fstat(fd).st_size
        return self.before(size, count)

    def offset_of(self, number: int, *, still: Callable[[], bool] = lambda: True) -> int:
        """Where the line of this number begins, from 1; of the last line where there are fewer.

        Reads all that is before it, while it is `still` wanted: a gigabyte takes about half a second.
        """
        missing = number - 1
        offset = 0
        with _opened(self._path) as fd:
            for at, block in _blocks_from(fd, 0, sys.maxsize):
                if missing <= 0 or not still():
                    break
                count = block.count(b"\n")
                if count < missing:
                    missing -= count
                    offset = at + block.rfind(b"\n") + 1 if count else offset
                    continue
                end = -1
                for _ in range(missing):
                    end = block.find(b"\n", end + 1)
                return at + end + 1
        return offset

    def whole(self) -> int:
        """Offset behind the last line break: where an unfinished line begins, or the size."""
        with _opened(self._path) as fd:
            return _start_before(fd, self.size + 1)

    def start_at(self, offset: int) -> int:
        """Where the line begins that the byte at `offset` is of; the last one's where there are fewer."""
        with _opened(self._path) as fd:
            return _start_before(fd, min(offset, os.fstat(fd).st_size - 1) + 1) if offset > 0 else 0

    def number_of(self, offset: int) -> int:
        """The number of the line that begins at `offset`, from 1; reads all that is before it."""
        with _opened(self._path) as fd:
            return 1 + sum(block.count(b"\n") for _, block in _blocks_from(fd, 0, offset))


class _opened:  # noqa: N801 - used like a function
    """A descriptor of a regular file; one that is none, or gone, reads as empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def __enter__(self) -> int:
        try:
            self._fd = open_regular(self._path)
        except OSError:
            self._fd = os.open(os.devnull, os.O_RDONLY)
        return self._fd

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _read(fd: int, size: int, offset: int) -> bytes:
    """What lies there; nothing where the disk fails, as at the end."""
    try:
        return os.pread(fd, size, offset)
    except OSError:
        return b""


def _line_at(fd: int, offset: int) -> Line | None:
    """The line from `offset` on; None at the end."""
    head = _read(fd, _BLOCK, offset)
    if not head:
        return None
    end = head.find(b"\n")
    if end >= 0:
        return Line(offset, offset + end + 1, _text(head[:end]))
    past = offset + len(head)
    for at, block in _blocks_from(fd, past, _SOUGHT):
        end = block.find(b"\n")
        if end >= 0:
            return Line(offset, at + end + 1, _text(head))
        past = at + len(block)
    return Line(offset, past, _text(head))


def _blocks_from(fd: int, offset: int, most: int) -> Iterator[tuple[int, bytes]]:
    stop = offset + most
    while offset < stop and (block := _read(fd, min(16 * _BLOCK, stop - offset), offset)):
        yield offset, block
        offset += len(block)


def _start_before(fd: int, offset: int) -> int:
    """Where the line begins whose last byte (its line break, if it has one) lies before `offset`."""
    lowest = max(0, offset - _SOUGHT)
    end = offset - 1
    """The line's own break is not the one looked for."""
    size = _BLOCK
    while end > lowest:
        start = max(lowest, end - size)
        found = _read(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end, size = start, 16 * _BLOCK
    return lowest


def _text(line: bytes) -> str:
    text = line[: _SHOWN * 4].decode("utf-8", "replace").removesuffix("\r")
    return shorten(printable(text).expandtabs(4), _SHOWN)
