"""What two lines have to share to count as the same: the steps from exact to tolerant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

Key = Callable[[str], str]

_ALIKE = str.maketrans(
    dict.fromkeys("‘’‚‛′´ʼ＇", "'")
    | dict.fromkeys("“”„‟″«»＂", '"')
    | dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        " ",
    )
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", "")
    | {"…": "...", "×": "x", "⁄": "/", "∗": "*", "·": "."}
)
_RUNS = re.compile(r"\s+")


def exact(line: str) -> str:
    """The line as it is."""
    return line


def trailing(line: str) -> str:
    """Whatever white space it ends with."""
    return line.rstrip()


def stripped(line: str) -> str:
    """However far it is indented."""
    return line.strip()


@lru_cache(maxsize=65536)
def folded(line: str) -> str:
    """However it is indented and spaced, and whichever of several look-alike characters it has."""
    if line.isascii():
        return _RUNS.sub(" ", line.strip())
    return _RUNS.sub(" ", unicodedata.normalize("NFC", line).translate(_ALIKE).strip())


def indent_of(line: str) -> str:
    """The white space that the line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


class Keyed:
    """The lines of a file under one key, with the places of each."""

    def __init__(self, lines: Sequence[str], key: Key, *, blanks: bool = True) -> None:
        self.at = [index for index, line in enumerate(lines) if blanks or line.strip()]
        self.keys = [key(lines[index]) for index in self.at]
        self.places: dict[str, list[int]] = {}
        for number, name in enumerate(self.keys):
            self.places.setdefault(name, []).append(number)

    def find(self, wanted: Sequence[str]) -> list[int]:
        """Where the keys stand one after the other: numbers into `at`."""
        if not wanted:
            return []
        size = len(wanted)
        # the rarest line says soonest where it can be at all
        rarest = min(range(size), key=lambda number: len(self.places.get(wanted[number], ())))
        starts = (number - rarest for number in self.places.get(wanted[rarest], ()))
        last = len(self.keys) - size
        return [
            start
            for start in starts
            if 0 <= start <= last and self.keys[start : start + size] == list(wanted)
        ]
