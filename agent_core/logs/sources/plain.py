"""An open log file: blocks from a place on, how it grows, and whether it is still the same."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterable, Iterator

from agent_core.logs.sources.identity import identity_of, key_of, part_of
from agent_core.logs.sources.port import BLOCK, Begin, Block, Place
from agent_core.text import one_line

TimeOf = Callable[[bytes], float | None]
"""The time of the first dated record of a piece of log that starts with a line (seconds since the epoch)."""
_HEAD = 256
_PIECE = 64 * 1024
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How text of two bytes a character begins."""
_UNDATED = 8
"""Pieces in a row without a time that are looked through before the next is given up as undated."""


class PlainFile:
    """Reads a file from a descriptor, which it owns once it is made.

    Args:
        fd: The file.
        path: What it is called.
        begin: Where to begin.
        time_of: Finds the place of a time.
        numbers: Numbers its parts.

    Raises:
        OSError: It cannot be read; the descriptor stays the caller's.
    """

    note = ""

    def __init__(self, fd: int, path: str, begin: Begin, time_of: TimeOf, numbers: Iterator[int]) -> None:
        status = os.fstat(fd)
        self._fd, self.path = fd, path
        self._identity = identity_of(status)
        self.size = status.st_size
        """Bytes that it had at the last look: so far it is read."""
        self._head = os.pread(fd, _HEAD, 0)
        self._numbers = numbers
        self._part = part_of(self._identity, next(numbers))
        known = self._known(begin.places)
        self.begun_at = self._offset = known.offset if known else _place(fd, self.size, begin, time_of)
        self._first = 1 + (known.lines if known else _lines_before(fd, self._offset))
        self._begins = True

    @property
    def done(self) -> int:
        """Bytes before the next block."""
        return self._offset

    def read(self) -> Block | None:
        """The next block; None at the end. What the disk refuses counts as the end."""
        try:
            data = os.pread(self._fd, min(BLOCK, self.size - self._offset), self._offset)
        except OSError as error:
            self.note = f"{one_line(self.path)} cannot be read on: {error.strerror}"
            data = b""
        if not data:
            self._offset = max(self._offset, self.size)
            return None
        self._offset += len(data)
        block = Block(data=data, part=self._part, begins=self._begins, first=self._first, end=self._offset)
        self._begins = False
        return block

    def _known(self, places: Iterable[Place]) -> Place | None:
        """Where it was read to, if it still is the file that was read."""
        key = key_of(self._part)
        for place in places:
            if place.key == key and place.offset <= self.size and self._head.startswith(place.head[:_HEAD]):
                return place
        return None

    def look(self) -> bool:
        """Whether there is more to read: it grew, or it was emptied and is read from its beginning."""
        size = os.fstat(self._fd).st_size
        head = os.pread(self._fd, _HEAD, 0)
        if size < self._offset or not head.startswith(self._head):
            self._offset, self._first, self._begins = 0, 1, True
            self._part = part_of(self._identity, next(self._numbers))
        self.size, self._head = size, head
        return size > self._offset

    def is_at(self, status: os.stat_result) -> bool:
        """Whether a path with this status is the file that is open here."""
        return identity_of(status) == self._identity

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)


def _place(fd: int, size: int, begin: Begin, time_of: TimeOf) -> int:
    """Where to begin: the start of a line. Text of two bytes a character is read as a whole."""
    if os.pread(fd, 2, 0) in WIDE:
        return 0
    if begin.most is not None and begin.most < size:
        return _line_start(fd, size - begin.most, size)
    if begin.since is not None and size > 0:
        return _since(fd, size, begin.since, time_of)
    return 0


def _since(fd: int, size: int, since: float, time_of: TimeOf) -> int:
    """Where records of a time begin, by bisection: records are mostly in order.

    It is met within some pieces before the place; without times it is the beginning.
    """
    low, high = 0, size
    while high - low > _PIECE:
        middle = (low + high) // 2
        time = _time_at(fd, middle, high, time_of)
        if time is None or time >= since:
            high = middle
        else:
            low = middle
    # Where low stands a record is older; what wrote it late may be written before it.
    return _line_start(fd, max(0, low - _PIECE), size)


def _time_at(fd: int, offset: int, end: int, time_of: TimeOf) -> float | None:
    """The first time at or behind an offset, looked for in a few pieces."""
    for _ in range(_UNDATED):
        start = _line_start(fd, offset, end)
        if start >= end:
            return None
        time = time_of(os.pread(fd, _PIECE, start))
        if time is not None:
            return time
        offset = start + _PIECE
    return None


def _line_start(fd: int, offset: int, end: int) -> int:
    """Where the first line begins at or behind an offset; `end` when none does."""
    if offset <= 0:
        return 0
    offset -= 1  # a line that begins exactly there has its break before it
    while offset < end and (data := os.pread(fd, _PIECE, offset)):
        found = data.find(b"\n")
        if found >= 0:
            return min(offset + found + 1, end)
        offset += len(data)
    return end


def _lines_before(fd: int, offset: int) -> int:
    """Line breaks before an offset."""
    count = at = 0
    while at < offset and (data := os.pread(fd, min(BLOCK, offset - at), at)):
        count += data.count(b"\n")
        at += len(data)
    return count
