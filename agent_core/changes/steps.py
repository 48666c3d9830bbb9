"""The steps from old lines to new ones."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

Opcode = tuple[str, int, int, int, int]
"""What happens (equal, replace, insert, delete), and to which of the old and of the new lines, from 0."""

_MANY = 3000
"""Of more lines those that are very frequent are not looked at one by one: the steps may then be larger."""


def steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[Opcode, ...]:
    """The steps, in order."""
    head = 0
    while head < len(old) and head < len(new) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    many = len(inner_old) > _MANY and len(inner_new) > _MANY
    found: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, inner_old, inner_new, autojunk=many).get_opcodes():
        found.append((str(tag), i1 + head, i2 + head, j1 + head, j2 + head))
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return tuple(found)
