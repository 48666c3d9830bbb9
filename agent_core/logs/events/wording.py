"""How new the wording of a message is: the share of its pairs of words that others do not have.

A message that differs from a common one in a name or a number shares most pairs of words with it, however
its template was mined; a message of its own shares none. Words alone would not do: a new event mostly uses
words that occur elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W\d_][^\W\d]*")
_MOST_WORDS = 40
_FAMILIAR = 3.0
"""Occurrences elsewhere that halve the newness of a pair."""


@lru_cache(maxsize=1 << 16)
def _pairs(template: str) -> tuple[int, ...]:
    """The distinct pairs of words that follow each other, its beginning and its end included, as hashes."""
    words = ["^", *_WORD.findall(template.lower())[:_MOST_WORDS], "$"]
    return tuple({hash(pair) for pair in pairwise(words)})


class Wordings:
    """The wordings of some templates, each with the number of its records."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        pairs = [_pairs(template) for template in counts]
        sizes = np.fromiter(map(len, pairs), np.int64, len(pairs))
        flat = np.fromiter(chain.from_iterable(pairs), np.int64, int(sizes.sum()))
        own = np.repeat(np.fromiter(counts.values(), np.float64, len(counts)), sizes)
        self._known, places = np.unique(flat, return_inverse=True)
        self._often = np.bincount(places, own, len(self._known))
        self._templates = counts
        self._new = _means(_new(self._often[places] - own), sizes)

    def newness(self) -> dict[str, float]:
        """Of each template among the others: from 0, all of it is common, to 1."""
        return dict(zip(self._templates, self._new.tolist(), strict=True))

    def newness_of(self, template: str) -> float:
        """The same of a template that is none of them."""
        pairs = np.array(_pairs(template), np.int64)
        if not len(self._known):
            return 1.0
        places = np.searchsorted(self._known, pairs).clip(max=len(self._known) - 1)
        often = np.where(self._known[places] == pairs, self._often[places], 0.0)
        return float(_new(often).mean())


def _means(values: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    if not len(sizes):
        return np.zeros(0)
    return np.add.reduceat(values, np.cumsum(sizes) - sizes) / sizes


def _new(often: NDArray[np.float64]) -> NDArray[np.float64]:
    return _FAMILIAR / (_FAMILIAR + np.maximum(often, 0.0))
