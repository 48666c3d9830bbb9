"""What a check prints: all of it in a file, up to a bound, and its last lines at hand."""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from agent_core.text import printable
from agent_core.verify.findings.model import plain

Mask = Callable[[str], str]
_LONGEST = 8 * 1024
_SPOOLED = 64 * 1024 * 1024
_READ = 32 * 1024 * 1024
_TAIL_LINES, _TAIL_CHARS, _LINE = 60, 6000, 500


class Spool:
    """Takes the output as it comes and keeps its first 64 MiB, and its end.

    Args:
        path: The file that it is kept in; it is made.
        mask: Replaces secrets in what is shown: whole lines, for which it waits up to 8 KiB.
    """

    def __init__(self, path: Path, mask: Mask) -> None:
        self._mask = mask
        self._open = ""
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._room = _SPOOLED
        self._last: deque[bytes] = deque()
        self._size = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.dropped = 0
        """Bytes that were in neither the file nor the end."""

    def feed(self, chunk: bytes) -> str:
        """Take in a piece; returns the lines that it finishes as text to be shown."""
        kept, rest = chunk[: self._room], chunk[self._room :]
        if kept:
            self._room -= os.write(self._fd, kept)
        if rest:
            self._last.append(rest)
            self._size += len(rest)
            while self._size > _READ and len(self._last) > 1:
                gone = len(self._last.popleft())
                self._size -= gone
                self.dropped += gone
        whole, end, self._open = (self._open + self._decoder.decode(chunk)).rpartition("\n")
        if len(self._open) > _LONGEST:
            whole, end, self._open = whole + end + self._open, "\n", ""
        return self._mask(printable(plain(whole + end)))

    def close(self) -> str:
        """No more comes; returns what was not shown yet."""
        os.close(self._fd)
        return self._mask(printable(plain(self._open)))

    def text(self) -> str:
        """The whole text, of what is larger than 64 MiB beginning and end, without escape sequences."""
        with self._path.open("rb") as file:
            head = file.read(_READ)
            left = os.fstat(file.fileno()).st_size - len(head)
            end = b""
            if left > 0:
                file.seek(-min(left, _READ), os.SEEK_END)
                end = file.read()
        end = (end + b"".join(self._last))[-_READ:]
        return plain((head + end).decode("utf-8", "replace"))


def tail_of(text: str) -> str:
    """The last lines, printable and bounded."""
    lines = [
        line if len(line) <= _LINE else line[:_LINE] + "…" for line in text[-200_000:].rstrip().split("\n")
    ]
    return printable("\n".join(lines[-_TAIL_LINES:])[-_TAIL_CHARS:])
