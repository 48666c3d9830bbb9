"""A gzipped log file, unpacked block by block, however much there is in it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

from agent_core.logs.sources.identity import identity_of, part_of
from agent_core.logs.sources.port import BLOCK, Block
from agent_core.text import human_size, one_line

_READ = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
MOST_UNPACKED = 1 << 30
"""Bytes that are taken from one packed file: a few kilobytes may unpack to a disk full."""


class PackedFile:
    """Reads a descriptor of a gzip file, which it owns; `size` and `done` count packed bytes."""

    begun_at = 0

    def __init__(self, fd: int, path: str, numbers: Iterator[int]) -> None:
        status = os.fstat(fd)
        self._fd, self.path = fd, path
        self._identity = identity_of(status)
        self._part = part_of(self._identity, next(numbers))
        self.size = status.st_size
        self.done = 0
        self.note = ""
        self._unpacker = zlib.decompressobj(_GZIP)
        self._packed = b""
        self._taken = 0

    def read(self) -> Block | None:
        """The next block; None at the end, or where it is broken."""
        pieces: list[bytes] = []
        room = min(BLOCK, MOST_UNPACKED - self._taken)
        if room <= 0:
            self.note = self.note or f"{one_line(self.path)}: only the first {human_size(self._taken)}"
            return None
        begins = self._taken == 0
        try:
            while room > 0 and (piece := self._piece(room)) is not None:
                pieces.append(piece)
                room -= len(piece)
        except (zlib.error, OSError) as error:
            self.note = f"{one_line(self.path)} is broken after {human_size(self._taken)} ({error})"
            self._packed, self.done = b"", self.size
        data = b"".join(pieces)
        self._taken += len(data)
        return Block(data=data, part=self._part, begins=begins) if data else None

    def _piece(self, room: int) -> bytes | None:
        """Some bytes, perhaps none; None at the end."""
        if not self._packed:
            self._packed = os.pread(self._fd, min(_READ, self.size - self.done), self.done)
            self.done += len(self._packed)
            if not self._packed:
                if not self._unpacker.eof and not self.note:
                    self.note = f"{one_line(self.path)} ends in the middle"
                return None
        if self._unpacker.eof:  # a further member, or zeros that only fill up
            self._packed = self._packed.lstrip(b"\0")
            self._unpacker = zlib.decompressobj(_GZIP)
            if not self._packed:
                return b""
        piece = self._unpacker.decompress(self._packed, room)
        self._packed = self._unpacker.unconsumed_tail or self._unpacker.unused_data
        return piece

    def look(self) -> bool:
        """Whether there is more to read: a packed file is not written to again."""
        return False

    def is_at(self, status: os.stat_result) -> bool:
        """Whether a path with this status is the file that is open here."""
        return identity_of(status) == self._identity

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)
