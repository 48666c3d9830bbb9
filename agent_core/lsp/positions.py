"""Places as language servers count them: lines from 0, and units of UTF-8, UTF-16 or UTF-32 within a line.

Our own lines and columns count from 1, columns in characters. What a server says of a place that the text
does not have is brought to the nearest one that it has.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote, urlsplit

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_END = re.compile(r"\r\n|\n|\r")
_LONGEST_URI = 8192


class Spot(NamedTuple):
    """A place as a server counts it."""

    line: int
    character: int


class Lines:
    """The lines of a text, split as the protocol does: form feeds and the like are part of a line."""

    def __init__(self, text: str) -> None:
        self._lines = _END.split(text)

    def place(self, spot: Spot, encoding: Encoding) -> tuple[int, int]:
        """Line and column, from 1, of what a server names; the nearest ones that there are."""
        if spot.line >= len(self._lines):
            return len(self._lines), len(self._lines[-1]) + 1
        if spot.line < 0:
            return 1, 1
        return spot.line + 1, _characters(self._lines[spot.line], spot.character, encoding) + 1

    def spot(self, line: int, column: int, encoding: Encoding) -> Spot:
        """What a server calls a line and a column, both from 1."""
        line = max(1, min(line, len(self._lines)))
        before = self._lines[line - 1][: max(0, column - 1)]
        return Spot(line - 1, sum(_width(char, encoding) for char in before))

    def source(self, line: int) -> str:
        """The line, which counts from 1; "" where there is none."""
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""

    def named(self, name: str, first: int, last: int) -> tuple[int, int] | None:
        """Line and column of the first whole word of these lines, both from 1."""
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        for line in range(max(1, first), min(last, len(self._lines)) + 1):
            if found := word.search(self._lines[line - 1]):
                return line, found.start() + 1
        return None


def _characters(line: str, units: int, encoding: Encoding) -> int:
    """How many characters these units are; half of one does not count."""
    if encoding == "utf-32" or line.isascii():
        return max(0, min(units, len(line)))
    count = used = 0
    for char in line:
        used += _width(char, encoding)
        if used > units:
            break
        count += 1
    return count


def _width(char: str, encoding: Encoding) -> int:
    if encoding == "utf-16":
        return 2 if ord(char) > 0xFFFF else 1
    if encoding == "utf-8":
        return len(char.encode("utf-8", "surrogatepass"))
    return 1


def uri_of(path: Path) -> str:
    """The address of a file, whatever bytes its name has."""
    return "file://" + quote(os.fsencode(path), safe="/")


def path_of(uri: str, root: Path) -> str:
    """The path below the root, posix, that an address names; "" for anything else."""
    if len(uri) > _LONGEST_URI:
        return ""
    try:
        parts = urlsplit(uri)
        name = os.fsdecode(unquote(parts.path, errors="surrogateescape"))
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or "\0" in name:
        return ""
    path = os.path.normpath(name)
    prefix = f"{str(root).rstrip('/')}/"
    return path[len(prefix) :] if path.startswith(prefix) else ""
