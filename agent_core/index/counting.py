"""Counting the terms of many texts at once, by arrays instead of one text and one term at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import count, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.index.columns import Column
from agent_core.index.passage import terms_of
from agent_core.index.postings import MOST_COUNT, Postings


class Vocabulary:
    """Words and the terms that they stand for, both numbered as they come.

    A word that begins with `=` is a term itself; any other stands for its `terms_of`. Whoever counts much
    keeps one: most words of a file have been met before.
    """

    def __init__(self) -> None:
        self.numbers: defaultdict[str, int] = defaultdict(count().__next__)
        """The number of each word; one that is new gets the next."""
        self.terms: list[str] = []
        """The terms by number."""
        self._term_numbers: dict[str, int] = {}
        self._of_words = Column(np.int64)
        self._first, self._width = Column(np.int64), Column(np.int64)

    def __len__(self) -> int:
        return len(self.numbers)

    def meant(self, words: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The terms of some words, one word after another, and how many each word has."""
        self._learn()
        width = self._width.view[words]
        inner = np.arange(int(width.sum())) - np.repeat(np.cumsum(width) - width, width)
        return self._of_words.view[np.repeat(self._first.view[words], width) + inner], width

    def _learn(self) -> None:
        """Find the terms of the words that are new."""
        new = list(islice(reversed(self.numbers), len(self.numbers) - len(self._width)))
        found: list[int] = []
        width: list[int] = []
        for word in reversed(new):
            meant = (word,) if word.startswith("=") else terms_of(word)
            for term in meant:
                number = self._term_numbers.get(term)
                if number is None:
                    number = self._term_numbers[term] = len(self.terms)
                    self.terms.append(term)
                found.append(number)
            width.append(len(meant))
        widths = np.array(width, np.int64)
        self._first.extend(len(self._of_words) + np.cumsum(widths) - widths)
        self._width.extend(widths)
        self._of_words.extend(np.array(found, np.int64))


class Counts(NamedTuple):
    """The index of some documents, and how many terms each has, repeated ones counted (255 times at most)."""

    postings: Postings
    lengths: list[int]


class TermCounter:
    """Collects documents as words, numbered from 0 in the order in which they come."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._words: list[int] = []
        self._sizes: list[int] = []

    def add(self, words: Sequence[str]) -> None:
        """Take in the next document; its words come as often as they occur."""
        self._words.extend(map(self._vocabulary.numbers.__getitem__, words))
        self._sizes.append(len(words))

    def build(self) -> Counts:
        """The index of what was added."""
        size = len(self._sizes)
        terms, width = self._vocabulary.meant(np.array(self._words, np.int64))
        documents = np.repeat(np.repeat(np.arange(size), self._sizes), width)
        # One number for each occurrence: sorted, equal ones stand together, term after term.
        keys, times = np.unique(terms * max(size, 1) + documents, return_counts=True)
        terms, documents = np.divmod(keys, max(size, 1))
        times = np.minimum(times, MOST_COUNT)
        used, begin = np.unique(terms, return_index=True)
        numbers: list[int] = used.tolist()
        postings = Postings(
            [self._vocabulary.terms[number] for number in numbers],
            np.append(begin, len(terms)).astype(np.int64),
            documents.astype(np.int32),
            times.astype(np.uint8),
        )
        return Counts(postings, np.bincount(documents, times, size).astype(np.int64).tolist())
