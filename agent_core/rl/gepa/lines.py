"""Comparing what was changed with what had to be."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from difflib import SequenceMatcher


def changed_lines(before: str, after: str) -> set[str]:
    """The lines that went (with -) and came (with +), without the white space around them."""
    old, new = before.splitlines(), after.splitlines()
    found: set[str] = set()
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found |= {f"-{line.strip()}" for line in old[a:b] if line.strip()}
            found |= {f"+{line.strip()}" for line in new[c:d] if line.strip()}
    return found


def f1(made: AbstractSet[str], wanted: AbstractSet[str]) -> float:
    """How far two sets are the same, 0 to 1: twice what they share over what they have together."""
    if not made and not wanted:
        return 1.0
    return 2 * len(made & wanted) / (len(made) + len(wanted))
