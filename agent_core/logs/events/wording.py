"""How new the wording of a message is: the share of its pairs of words that others do not have.

A message that differs from a common one in a name or a number shares most pairs of words with it, however
its template was mined; a message of its own shares none. Words alone would not do: a new event mostly uses
words that occur elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

_WORD = re.compile(r"[^\W\d_][^\W\d]*")
_MOST_WORDS = 40
_FAMILIAR = 3
"""Occurrences elsewhere that halve the newness of a pair."""


@lru_cache(maxsize=1 << 16)
def pairs(template: str) -> tuple[int, ...]:
    """The distinct pairs of words that follow each other, its beginning and its end included, as hashes."""
    words = ["^", *_WORD.findall(template.lower())[:_MOST_WORDS], "$"]
    return tuple({hash(pair) for pair in pairwise(words)})


class Wordings:
    """Counts pairs of words over all records."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, templates: Iterable[str], counts: Iterable[int]) -> None:
        """Count templates with the numbers of their records."""
        counted = self._counts
        for template, count in zip(templates, counts, strict=True):
            for pair in pairs(template):
                counted[pair] += count

    def newness(self, template: str, count: int) -> float:
        """From 0 (all of it is common) to 1, for a template with that many of the records counted here."""
        counted, found = self._counts, pairs(template)
        return sum(_FAMILIAR / (_FAMILIAR + max(0, counted[pair] - count)) for pair in found) / len(found)
