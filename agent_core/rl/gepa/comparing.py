"""Whether one prompt is better than another: on the same examples, and beyond chance."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import msgspec

CHANCE = 0.1
"""A run that tries prompts which are as good as those in use saves any of them at most so often."""
_EXACT = 14
_DRAWN = 20_000
_TINY = 1e-9


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two prompts on the same examples: mean scores, on how many the second was better or worse, and how
    likely as great a gain is by chance."""

    before: float
    after: float
    better: int
    worse: int
    chance: float


def beyond_chance(chances: Sequence[float]) -> tuple[bool, ...]:
    """Which of the gains that a run came to are beyond chance, all of them together.

    Each prompt that is tried is another occasion for luck: at a tenth for each, nine that are no better
    would save one in more than half of all runs. So the tenth is for the run (Holm 1979, "A simple
    sequentially rejective multiple test procedure"): the least likely gain has to stay below a tenth divided
    by how many there are, the next one by one less, until one does not.

    Args:
        chances: How likely each gain is by chance, of every prompt that a gain was looked for of.
    """
    by_chance = sorted(range(len(chances)), key=lambda number: chances[number])
    found: set[int] = set()
    for left, number in zip(range(len(chances), 0, -1), by_chance, strict=True):
        if chances[number] * left > CHANCE:
            break
        found.add(number)
    return tuple(number in found for number in range(len(chances)))


def compare(before: Sequence[float], after: Sequence[float]) -> Compared:
    """Compare the scores of two prompts, example by example; there is at least one.

    The chance is that of a paired permutation test: if both prompts are as good as each other, then each
    difference might as well have had the other sign. All signs are tried for up to 14 differences, 20,000
    drawn ones otherwise (the same ones each time).
    """
    differences = [two - one for one, two in zip(before, after, strict=True)]
    count = len(differences)
    return Compared(
        before=sum(before) / count,
        after=sum(after) / count,
        better=sum(one > _TINY for one in differences),
        worse=sum(one < -_TINY for one in differences),
        chance=_chance([one for one in differences if abs(one) > _TINY]),
    )


def _chance(differences: Sequence[float]) -> float:
    """How often random signs give at least the sum that there is."""
    if not differences:
        return 1.0
    reached = sum(differences) - _TINY
    sizes = [abs(one) for one in differences]
    if len(sizes) <= _EXACT:
        signs = itertools.product((1.0, -1.0), repeat=len(sizes))
        sums = [sum(sign * size for sign, size in zip(row, sizes, strict=True)) for row in signs]
        return sum(one >= reached for one in sums) / len(sums)
    drawn = random.Random(0)
    hits = sum(
        sum(size if drawn.random() < 0.5 else -size for size in sizes) >= reached for _ in range(_DRAWN)
    )
    return (hits + 1) / (_DRAWN + 1)
