"""Large fields of the journal's entries (dumps of memory, files), left out before anything else reads them.

They may have hundreds of megabytes and lines of any form. See `journal` for the form of the entries.
"""

from __future__ import annotations

import re

from agent_core.logs.formats.journal import FIRST

_MESSAGE = b"MESSAGE"
_MOST, _MOST_OTHERS = 64 * 1024 - 1, 1023
"""Bytes that are kept of a message, and of any other field that is told with its length."""
_MOST_BREAKS = 1000
"""Line breaks that are kept of a message; spaces stand for further ones."""
_SIZE = 8
_LENGTH = re.compile(rb"(?s)(?<![^\n])([A-Z_][A-Z0-9_]{0,63})\n(.{5}\0\0\0)")
_BEGUN = re.compile(rb"(?s)(?<![^\n])[A-Z_][A-Z0-9_]{0,63}(?:\n.{0,7})?\Z")
_LONGEST = 80
"""Bytes of a name with the length behind it, at most."""
_ENTRY = re.compile(rb"(?<![^\n])" + FIRST)


class Fields:
    """Shortens the large fields of a source, block by block; other sources stay as they are.

    The line breaks that are left out follow at the end of the entry, so that all others keep their numbers.
    """

    def __init__(self) -> None:
        self._entries: bool | None = None
        self._held = b""
        self._keep = self._skip = self._breaks = self._owed = 0

    @property
    def entries(self) -> bool:
        """Whether the source is entries of the journal, as far as it is known."""
        return bool(self._entries)

    @property
    def held(self) -> int:
        """Bytes that are kept back, since they may begin a field."""
        return len(self._held)

    def feed(self, block: bytes) -> bytes:
        """The next bytes, shortened."""
        if self._entries is None and len(self._held) + len(block) >= len(FIRST):
            self._entries = _ENTRY.search(self._held + block) is not None
        if self._entries:
            return self._shortened(self._held + block)
        if self._entries is None and FIRST.startswith(self._held + block):
            self._held += block
            return b""
        return self.rest() + block

    def rest(self) -> bytes:
        """What was kept back since it may be the beginning of a field."""
        rest, self._held = self._held, b""
        return rest

    def _shortened(self, block: bytes) -> bytes:
        self._held = b""
        pieces: list[bytes] = []
        at = 0
        while at < len(block):
            if self._keep:
                pieces.append(self._lined(block[at : at + self._keep]))
                at += len(pieces[-1])
                self._keep -= len(pieces[-1])
            elif self._skip:
                gone = min(self._skip, len(block) - at)
                self._owed += block.count(b"\n", at, at + gone)
                at += gone
                self._skip -= gone
            else:
                at = self._up_to_large(block, at, pieces)
        return b"".join(pieces)

    def _up_to_large(self, block: bytes, at: int, pieces: list[bytes]) -> int:
        """Take all up to the data of the next large field; where that begins, or the end."""
        search = at
        while (found := _LENGTH.search(block, search)) is not None:
            size = int.from_bytes(found[2], "little")
            kept = min(size, _MOST if found[1] == _MESSAGE else _MOST_OTHERS)
            kept -= kept & 0xFF == 0 < kept  # a length that begins with a NUL looks like a hole in the file
            if kept > _MOST_OTHERS or kept < size:
                length = kept.to_bytes(_SIZE, "little")
                pieces += (self._paid(block[at : found.start(2)]), length)
                self._owed += found[2].count(b"\n") - length.count(b"\n")
                self._keep, self._skip, self._breaks = kept, size - kept, _MOST_BREAKS
                return found.end()
            search = found.end() + size
        begun = _BEGUN.search(block, max(search, len(block) - _LONGEST)) if search < len(block) else None
        until = begun.start() if begun else len(block)
        pieces.append(self._paid(block[at:until]))
        self._held = block[until:]
        return len(block)

    def _lined(self, data: bytes) -> bytes:
        """What is kept of a field, with line breaks as long as there are some left."""
        first = b"\n".join(data.split(b"\n")[: self._breaks + 1])
        rest = data[len(first) :]
        self._breaks -= first.count(b"\n")
        self._owed += rest.count(b"\n")
        return first + rest.replace(b"\n", b" ")

    def _paid(self, piece: bytes) -> bytes:
        """The piece with the line breaks that were left out, where the next entry begins in it."""
        found = _ENTRY.search(piece) if self._owed else None
        if found is None:
            return piece
        owed, self._owed = self._owed, 0
        return b"".join((piece[: found.start()], b"\n" * owed, piece[found.start() :]))
