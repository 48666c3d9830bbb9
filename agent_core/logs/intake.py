"""The bytes of a log as whole lines of UTF-8, fit to be read: bounded, without what only draws."""

from __future__ import annotations

import codecs
import re

from agent_core.logs.formats.fields import Fields

LONGEST_LINE = 64 * 1024
"""Bytes of a line that are kept."""
_COLOUR = re.compile(rb"\x1b\[[0-9;:]{0,32}m")
_HOLE = re.compile(rb"^\x00+", re.MULTILINE)
_SAMPLE = 4
"""Bytes that tell UTF-16."""
_SURE = LONGEST_LINE
"""Bytes without a line break after which carriage returns are taken for line breaks."""


class WholeLines:
    """Takes whole lines of UTF-8 with their line breaks, and makes them fit to be read.

    What it does to a line depends on that line alone: the bytes behind the first `LONGEST_LINE` are left out,
    so are colours, and the NULs that a file emptied by another program begins with.
    """

    def __init__(self) -> None:
        self.cut = 0
        """Bytes left out of lines that are too long."""
        self.encoding = ""
        """"utf-16-le" or "utf-16-be" where that was found."""

    def feed(self, block: bytes) -> bytes:
        """The lines that are whole with these bytes, with their line breaks."""
        return self._cleaned(block)

    def rest(self) -> bytes:
        """The line that is not finished, with a line break; empty if there is none."""
        return b""

    def _cleaned(self, lines: bytes) -> bytes:
        if len(lines) > LONGEST_LINE:
            lines = self._shortened(lines)
        if b"\x1b" in lines:  # one byte is found many times as quickly as two
            lines = _COLOUR.sub(b"", lines)
        return _HOLE.sub(b"", lines) if b"\0" in lines else lines

    def _shortened(self, lines: bytes) -> bytes:
        at = 0
        while len(lines) - at > LONGEST_LINE:
            at = lines.rfind(b"\n", at, at + LONGEST_LINE + 1) + 1
            if at == 0:
                break
        else:
            return lines
        short = b"\n".join(line[:LONGEST_LINE] for line in lines.split(b"\n"))
        self.cut += len(lines) - len(short)
        return short


class Intake(WholeLines):
    """The same for blocks that may be cut anywhere.

    UTF-16 becomes UTF-8. Where there are carriage returns but no line breaks, those are the line breaks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._decoder: codecs.IncrementalDecoder | None = None
        self._beginning: bytes | None = b""
        """The first bytes, until they are enough to tell the encoding."""
        self._fields = Fields()
        self._partial = b""
        self._returns: bool | None = None
        """Whether lines end with carriage returns; None until that is known."""

    def feed(self, block: bytes) -> bytes:
        """See `WholeLines.feed`."""
        return self._lines(self._decoded(self._fields.feed(block), final=False))

    def rest(self) -> bytes:
        """See `WholeLines.rest`."""
        last = self._decoded(self._fields.rest(), final=True)
        if self._returns is None:
            last, self._partial = self._partial + last, b""
            self._returns = True if b"\r" in last[:-1] and b"\n" not in last else None
        whole = self._lines(last)
        rest, self._partial = self._partial, b""
        return whole + (self._cleaned(rest + b"\n") if rest else b"")

    @property
    def plain(self) -> bool:
        """Whether the lines are bytes of the source as they lie there, as far as it is known."""
        return self._decoder is None and not self._returns and not self._fields.entries

    @property
    def held(self) -> int:
        """Bytes of the unfinished line that are kept back."""
        return len(self._partial) + len(self._beginning or b"") + self._fields.held

    def _decoded(self, block: bytes, *, final: bool) -> bytes:
        if self._beginning is not None:
            block = self._beginning + block
            if len(block) < _SAMPLE and not final:
                self._beginning = block
                return b""
            if block:
                self._beginning = None
                block = self._begin(block)
        return self._decoder.decode(block).encode("utf-8", "replace") if self._decoder else block

    def _begin(self, block: bytes) -> bytes:
        """Tell the encoding by the first bytes; the block without its byte order mark."""
        if block.startswith(codecs.BOM_UTF8):
            return block[len(codecs.BOM_UTF8) :]
        marked = block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        odd, even = block[1:_SAMPLE:2], block[0:_SAMPLE:2]
        if block.startswith(codecs.BOM_UTF16_LE) or (odd == b"\0\0" and even.isascii() and 0 not in even):
            self.encoding = "utf-16-le"
        elif block.startswith(codecs.BOM_UTF16_BE) or (even == b"\0\0" and odd.isascii() and 0 not in odd):
            self.encoding = "utf-16-be"
        else:
            return block
        self._decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        return block[2:] if marked else block

    def _lines(self, block: bytes) -> bytes:
        if self._returns is not False:
            block = self._broken(block)
        end = block.rfind(b"\n") + 1
        whole = self._partial + block[:end] if end else b""
        if end:
            self._partial = b""
        rest = block[end:]
        room = LONGEST_LINE + 1 - len(self._partial)
        if len(rest) > room:
            self.cut += len(rest) - room
            rest = rest[:room]
        self._partial += rest
        return self._cleaned(whole)

    def _broken(self, block: bytes) -> bytes:
        """The block with line breaks; all that there is while it is not known what ends lines."""
        if self._returns is None:
            block, self._partial = self._partial + block, b""
            if b"\n" in block[:_SURE]:
                self._returns = False
            elif len(block) >= _SURE:
                self._returns = b"\r" in block[: _SURE - 1]
        return block.replace(b"\r", b"\n") if self._returns else block
