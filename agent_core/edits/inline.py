"""Two changes of one line, made to it together."""

from __future__ import annotations

import itertools
import re
from difflib import SequenceMatcher

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def merged_line(base: str, real: str, wanted: str) -> str | None:
    """The change from `base` to `wanted`, made to `real`; None where both differ in the same place."""
    tokens = [_TOKEN.findall(text) for text in (base, real, wanted)]
    mine, theirs = _changes(tokens[0], tokens[1]), _changes(tokens[0], tokens[2])
    everything = sorted([*mine, *theirs], key=lambda change: (change[0], change[1]))
    for one, two in itertools.pairwise(everything):
        if one == two:
            continue
        if two[0] < one[1] or (two[0] == one[0] and two[1] == one[1]):
            return None
    out: list[str] = []
    at = 0
    for start, end, new in dict.fromkeys(everything):
        out += tokens[0][at:start]
        out += new
        at = end
    return "".join(out + tokens[0][at:])


def _changes(base: list[str], other: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    return [
        (i1, i2, tuple(other[j1:j2]))
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, base, other, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
