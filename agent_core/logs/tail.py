"""The latest lines of a file that grows, is truncated, or is rotated away."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from agent_core.files import open_regular
from agent_core.text import printable, shorten

_BLOCK = 64 * 1024
_MAX_READ = 1024 * 1024
"""Bytes read at most in one look; what a burst wrote before them is left out."""
_LONGEST = 2000


class Tail:
    """Keeps the last lines of one file; every look is short and bounded.

    Args:
        path: The file; it need not exist.
        keep: How many lines are kept.
    """

    def __init__(self, path: Path, *, keep: int = 50) -> None:
        self._path = path
        self._lines: deque[str] = deque(maxlen=keep)
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self._broken = False
        """The line being read began before what was read, or is too long: its beginning is missing."""
        self.gone = False
        """Whether the file was not there, or could not be read, at the last look."""
        self.size, self.mtime_ns = 0, 0
        """Bytes of the file and its last change, at the last look."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The latest lines, the newest last, printable; an unfinished one is among them."""
        if not self._rest:
            return tuple(self._lines)
        return (*self._lines, self._shown(self._rest))[-(self._lines.maxlen or 1) :]

    def look(self) -> bool:
        """Read what is new; whether anything changed."""
        try:
            fd = open_regular(self._path)
        except OSError:
            changed, self.gone = not self.gone, True
            return changed
        try:
            return self._read(fd)
        except OSError:
            changed, self.gone = not self.gone, True
            return changed
        finally:
            os.close(fd)

    def _read(self, fd: int) -> bool:
        status = os.fstat(fd)
        self.size, self.mtime_ns = status.st_size, status.st_mtime_ns
        identity = (status.st_dev, status.st_ino)
        came_back, self.gone = self.gone, False
        fresh = self._identity is None
        if identity != self._identity or status.st_size < self._offset:
            # Another file in its place (rotated), or the same emptied (truncated): it begins anew.
            self._identity, self._offset, self._rest, self._broken = identity, 0, b"", False
            if not fresh:
                self._lines.clear()
        start = max(self._offset, status.st_size - (_BLOCK if fresh else _MAX_READ))
        if start > self._offset:
            self._rest, self._broken = b"", True
        data = _read_exactly(fd, start, status.st_size - start)
        self._offset = start + len(data)
        if data:
            self._take(data)
        return bool(data) or fresh or came_back

    def _take(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for number, line in enumerate(whole):
            if number == 0 and self._broken:
                self._broken = False
                continue
            self._lines.append(self._shown(line))
        if len(self._rest) > _LONGEST * 4:
            self._rest = self._rest[: _LONGEST * 4]

    def _shown(self, line: bytes) -> str:
        text = printable(line[: _LONGEST * 4].decode("utf-8", "replace").rstrip("\r"))
        return shorten(text.expandtabs(4), _LONGEST)


def _read_exactly(fd: int, start: int, size: int) -> bytes:
    chunks: list[bytes] = []
    while size > 0 and (chunk := os.pread(fd, min(size, _MAX_READ), start)):
        chunks.append(chunk)
        start += len(chunk)
        size -= len(chunk)
    return b"".join(chunks)
