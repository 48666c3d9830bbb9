"""The text of a file as lines that can be replaced, with everything kept that an edit is not about."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Sequence

import msgspec

from agent_core.changes.model import RefusalCode
from agent_core.text import human_size

MOST_BYTES = 4 * 1024 * 1024
"""Larger files are not edited."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Unfit(Exception):
    """The file cannot be edited as text."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code: RefusalCode = code
        self.message = message


class FileText(msgspec.Struct, frozen=True, kw_only=True):
    """Lines without their ends, and the ends beside them ("" only of the last)."""

    lines: tuple[str, ...]
    ends: tuple[str, ...]
    mark: bytes = b""
    encoding: str = "utf-8"
    foreign: bool = False
    """It is no UTF-8 and says nothing of what it is: bytes are kept, but only ASCII can be added."""

    @classmethod
    def of(cls, content: bytes) -> FileText:
        """The text of a file's bytes. Raises `Unfit` for what is no text or too large."""
        if len(content) > MOST_BYTES:
            raise Unfit(
                "too-large", f"The file has {human_size(len(content))}; {human_size(MOST_BYTES)} is the most."
            )
        mark, encoding = next(
            ((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "utf-8")
        )
        foreign = False
        try:
            text = content[len(mark) :].decode(encoding)
        except UnicodeDecodeError:
            if mark or b"\0" in content:
                raise Unfit("binary", "The file is binary, or its text cannot be decoded.") from None
            text, encoding, foreign = content.decode("latin-1"), "latin-1", True
        if "\0" in text:
            raise Unfit("binary", "The file is binary.")
        lines, ends = _split(text)
        return cls(lines=lines, ends=ends, mark=mark, encoding=encoding, foreign=foreign)

    @classmethod
    def new(cls, lines: Sequence[str], *, final: bool = True) -> FileText:
        """A file of these lines that was none before."""
        ends = ["\n"] * len(lines)
        if ends and not final:
            ends[-1] = ""
        return cls(lines=tuple(lines), ends=tuple(ends))

    def content(self) -> bytes:
        """The bytes. Raises `Unfit` where a line cannot be written in the file's encoding."""
        text = "".join(line + end for line, end in zip(self.lines, self.ends, strict=True))
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            char = text[error.start]
            raise Unfit(
                "binary", f"The file is not UTF-8, so that {char!r} cannot be written into it."
            ) from None

    def spliced(self, start: int, end: int, lines: Sequence[str]) -> FileText:
        """With lines `start` to `end` (from 0, exclusive) replaced.

        A new line ends as the line did that it stands for, else as its neighbours do; the last line keeps
        having an end or none.
        """
        if self.foreign and any(not line.isascii() for line in lines if line not in self.lines[start:end]):
            raise Unfit(
                "binary", "The file is not UTF-8 and does not say what it is: only ASCII can be added to it."
            )
        old = self.ends[start:end]
        around = (*self.ends[max(start - 1, 0) : start], *old, *self.ends[end : end + 1])
        usual = next((found for found in around if found), "") or self.usual_end
        ends = [old[index] if index < len(old) and old[index] else usual for index in range(len(lines))]
        all_lines = (*self.lines[:start], *lines, *self.lines[end:])
        all_ends = [*self.ends[:start], *ends, *self.ends[end:]]
        if all_ends:
            all_ends = [found or usual for found in all_ends[:-1]] + all_ends[-1:]
            all_ends[-1] = "" if self.ends and not self.ends[-1] else (all_ends[-1] or usual)
        return msgspec.structs.replace(self, lines=all_lines, ends=tuple(all_ends))

    def ended(self, final: bool) -> FileText:
        """With a last line that has an end, or none."""
        if not self.ends:
            return self
        end = (self.ends[-1] or self.usual_end) if final else ""
        return msgspec.structs.replace(self, ends=(*self.ends[:-1], end))

    @property
    def usual_end(self) -> str:
        """The line end that most lines have."""
        counted = Counter(end for end in self.ends if end)
        return counted.most_common(1)[0][0] if counted else "\n"


def _split(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "\r" in text and "\n" not in text:
        parts = text.split("\r")
        ends = ["\r"] * (len(parts) - 1) + [""]
    else:
        raw = text.split("\n")
        parts = [part.removesuffix("\r") for part in raw[:-1]] + raw[-1:]
        ends = ["\r\n" if part.endswith("\r") else "\n" for part in raw[:-1]] + [""]
    if not parts[-1]:
        parts.pop()
        ends.pop()
    return tuple(parts), tuple(ends)
