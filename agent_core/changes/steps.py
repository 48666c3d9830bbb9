"""The steps from old lines to new ones."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

Opcode = tuple[str, int, int, int, int]
"""What happens (equal, replace, insert, delete), and to which of the old and of the new lines, from 0."""

_MANY = 3000
"""Of more lines those that each side has once are matched first: every line against every other takes too
long. What is left between them is looked at line by line."""


def steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[Opcode, ...]:
    """The steps, in order."""
    head = 0
    while head < len(old) and head < len(new) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    found: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    for tag, i1, i2, j1, j2 in _inner(inner_old, inner_new):
        found.append((tag, i1 + head, i2 + head, j1 + head, j2 + head))
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return tuple(_joined(found))


def _inner(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Opcode]:
    many = len(old) > _MANY and len(new) > _MANY
    i = j = 0
    for i2, j2 in [*(_anchors(old, new) if many else ()), (len(old), len(new))]:
        part_old, part_new = old[i:i2], new[j:j2]
        junk = len(part_old) > _MANY and len(part_new) > _MANY
        matcher = SequenceMatcher(None, part_old, part_new, autojunk=junk)
        for tag, a1, a2, b1, b2 in matcher.get_opcodes():
            yield (str(tag), a1 + i, a2 + i, b1 + j, b2 + j)
        if i2 < len(old):
            yield ("equal", i2, i2 + 1, j2, j2 + 1)
        i, j = i2 + 1, j2 + 1


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of lines that each side has once, in order on both: as many as there can be."""
    counted_old, counted_new = Counter(old), Counter(new)
    places = {line: place for place, line in enumerate(new) if counted_new[line] == 1}
    pairs = [
        (place, places[line]) for place, line in enumerate(old) if counted_old[line] == 1 and line in places
    ]
    ends: list[int] = []  # the smallest end of a rising row of each length
    last: list[int] = []  # the pair that has it
    before = [-1] * len(pairs)
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before[number] = last[length - 1] if length else -1
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    out: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        out.append(pairs[number])
        number = before[number]
    return out[::-1]


def _joined(found: Sequence[Opcode]) -> Iterator[Opcode]:
    """The same with neighbours that are equal as one."""
    open_step: Opcode | None = None
    for step in found:
        if open_step and open_step[0] == step[0] == "equal":
            open_step = ("equal", open_step[1], step[2], open_step[3], step[4])
            continue
        if open_step:
            yield open_step
        open_step = step
    if open_step:
        yield open_step
