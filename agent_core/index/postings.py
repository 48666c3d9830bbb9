"""An inverted index in memory: which documents hold a term, and how often.

A compact base (terms, offsets, documents, counts as arrays that may lie in a mapped file) and a small
overlay of what was added since; a removed document stays in both, and whoever reads masks it out. `joined`
makes a new base.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.index.arrays import Arrays, BrokenArrays

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
_NOTHING: Ints = np.empty(0, np.int32)
MOST_COUNT = 255
_USED_SHARE = 0.75
"""When fewer of the terms than that have documents, the others are forgotten."""


class Document(NamedTuple):
    """A document's distinct terms and, for each, how often it occurs (1 to 255)."""

    terms: Sequence[str]
    counts: bytes


class _Numbers(dict[str, int]):
    """Gives each new term the next number."""

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self)
        return number


class PostingsBuilder:
    """Collects documents, numbered from 0 in the order in which they come."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._owners: list[int] = []
        self._sizes: list[int] = []
        self._counts = bytearray()

    def add(self, document: Document) -> None:
        """Take in the next document."""
        self._owners.extend(map(self._numbers.__getitem__, document.terms))
        self._sizes.append(len(document.counts))
        self._counts += document.counts

    def build(self) -> Postings:
        """The index of what was added."""
        owners = np.array(self._owners, np.int32)
        order = np.argsort(owners, kind="stable")
        documents = np.repeat(np.arange(len(self._sizes), dtype=np.int32), self._sizes)
        offsets = np.zeros(len(self._numbers) + 1, np.int64)
        np.cumsum(np.bincount(owners, minlength=len(self._numbers)), out=offsets[1:])
        counts = np.frombuffer(bytes(self._counts), np.uint8)
        return Postings(tuple(self._numbers), offsets, documents[order], counts[order])


class Postings:
    """The documents of each term.

    Args:
        terms: The base's terms.
        offsets: Shape (terms + 1,): where each term's documents begin.
        documents: Their numbers, term after term.
        counts: How often the term occurs in each.
    """

    def __init__(
        self,
        terms: Sequence[str] = (),
        offsets: NDArray[np.int64] | None = None,
        documents: Ints = _NOTHING,
        counts: NDArray[np.uint8] | None = None,
    ) -> None:
        self._numbers = dict(zip(terms, range(len(terms)), strict=True))
        self._offsets = np.zeros(1, np.int64) if offsets is None else offsets
        self._documents = documents
        self._counts = np.empty(0, np.uint8) if counts is None else counts
        self._added: dict[str, tuple[list[int], list[int]]] = {}
        self.overlay = 0
        """Postings that lie outside the base."""

    @property
    def size(self) -> int:
        """How many postings there are, dead ones included."""
        return len(self._documents) + self.overlay

    def absorb(self, other: Postings) -> None:
        """Take in the base of another index, whose documents have numbers of this one."""
        documents: list[int] = other._documents.tolist()
        counts: list[int] = other._counts.tolist()
        offsets: list[int] = other._offsets.tolist()
        for term, begin, end in zip(other._numbers, offsets, offsets[1:], strict=False):
            entry = self._added.get(term)
            if entry is None:
                entry = self._added[term] = ([], [])
            entry[0].extend(documents[begin:end])
            entry[1].extend(counts[begin:end])
        self.overlay += len(documents)

    def get(self, term: str) -> tuple[Ints, NDArray[np.uint8]]:
        """The documents that hold a term and its counts in them, in their order."""
        number = self._numbers.get(term)
        added = self._added.get(term)
        if number is None:
            if added is None:
                return _NOTHING, np.empty(0, np.uint8)
            return np.array(added[0], np.int32), np.array(added[1], np.uint8)
        begin, end = self._offsets[number], self._offsets[number + 1]
        documents, counts = self._documents[begin:end], self._counts[begin:end]
        if added is None:
            return documents, counts
        return (
            np.concatenate([documents, np.array(added[0], np.int32)]),
            np.concatenate([counts, np.array(added[1], np.uint8)]),
        )

    def within(self, term: str, first: int, count: int) -> Ints:
        """Those of `count` documents from `first` on that hold a term, in their order."""
        number = self._numbers.get(term)
        found = _NOTHING
        if number is not None:
            own = self._documents[self._offsets[number] : self._offsets[number + 1]]
            # Bounds of another type would have all documents copied.
            begin, end = own.searchsorted(np.array((first, first + count), np.int32)).tolist()
            found = own[begin:end]
        added = self._added.get(term)
        if added is not None:
            more = added[0][bisect_left(added[0], first) : bisect_left(added[0], first + count)]
            found = np.concatenate([found, np.array(more, np.int32)]) if more else found
        return found

    def select(self, terms: Sequence[str]) -> tuple[NDArray[np.int64], Ints]:
        """The documents of many terms: for each posting its term's place in `terms`, and its document."""
        known = [(place, self._numbers[term]) for place, term in enumerate(terms) if term in self._numbers]
        places = np.array([place for place, _ in known], np.int64)
        numbers = np.array([number for _, number in known], np.int64)
        begin, sizes = self._offsets[numbers], np.diff(self._offsets)[numbers]
        inner = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        owners, documents = np.repeat(places, sizes), self._documents[np.repeat(begin, sizes) + inner]
        if self._added:
            added = [(place, self._added[term][0]) for place, term in enumerate(terms) if term in self._added]
            more = [np.full(len(numbers), place, np.int64) for place, numbers in added]
            owners = np.concatenate([owners, *more])
            documents = np.concatenate([documents, _chained(numbers for _, numbers in added)])
        return owners, documents

    def names(self) -> Iterable[str]:
        """Every term, those of removed documents included."""
        yield from self._numbers
        yield from (term for term in self._added if term not in self._numbers)

    @classmethod
    def joined(cls, parts: Iterable[tuple[Postings, Ints]]) -> Postings:
        """One base of several, with documents renumbered.

        Args:
            parts: Each with the new number of each of its documents, shape (documents,), -1 for one that is
                left out.
        """
        numbers: dict[str, int] = {}
        flat = [part._flat(numbers, renumbered) for part, renumbered in parts]
        owners, documents, counts = (np.concatenate(column) for column in zip(*flat, strict=True))
        order = np.argsort(owners, kind="stable")
        found = np.bincount(owners, minlength=len(numbers))
        used = found > 0
        kept = [name for name, keep in zip(numbers, used.tolist(), strict=True) if keep]
        offsets = np.concatenate([[0], np.cumsum(found[used])]).astype(np.int64)
        return cls(kept, offsets, documents[order], counts[order])

    def _flat(self, numbers: dict[str, int], renumbered: Ints) -> tuple[NDArray[Any], ...]:
        """Term, new document and count of every posting that stays; terms get the next free numbers."""
        own = np.fromiter((numbers.setdefault(term, len(numbers)) for term in self._numbers), np.int32)
        owners = np.repeat(own, np.diff(self._offsets))
        documents, counts = self._documents, self._counts
        if self._added:
            added = self._added.items()
            sizes = [len(entry[0]) for _, entry in added]
            more = np.array([numbers.setdefault(term, len(numbers)) for term, _ in added], np.int32)
            owners = np.concatenate([owners, np.repeat(more, sizes)])
            documents = np.concatenate([documents, _chained(entry[0] for _, entry in added)])
            counts = np.concatenate([counts, _chained(entry[1] for _, entry in added)]).astype(np.uint8)
        documents = renumbered[documents]
        stay = documents >= 0
        return owners[stay], documents[stay], counts[stay]

    def compact(self, renumbered: Ints) -> None:
        """Make one base of everything.

        Args:
            renumbered: The new number of each document, shape (documents,), in the order of the old ones; -1
                for one that is left out.
        """
        owners = np.repeat(np.arange(len(self._numbers), dtype=np.int32), np.diff(self._offsets))
        documents, counts = self._documents, self._counts
        if self._added:
            for term in self._added:
                self._numbers.setdefault(term, len(self._numbers))
            more = [self._numbers[term] for term in self._added]
            sizes = [len(documents) for documents, _ in self._added.values()]
            owners = np.concatenate([owners, np.repeat(np.array(more, np.int32), sizes)])
            documents = np.concatenate([documents, _chained(entry[0] for entry in self._added.values())])
            counts = np.concatenate([counts, _chained(entry[1] for entry in self._added.values())])
        documents = renumbered[documents]
        stay = documents >= 0
        owners, documents, counts = owners[stay], documents[stay], counts[stay].astype(np.uint8)
        if self._added:
            order = np.argsort(owners, kind="stable")
            documents, counts = documents[order], counts[order]
        found = np.bincount(owners, minlength=len(self._numbers))
        if np.count_nonzero(found) < _USED_SHARE * len(found):
            used = found > 0
            kept = compress(self._numbers, used.tolist())
            self._numbers = {term: number for number, term in enumerate(kept)}
            found = found[used]
        self._offsets = np.concatenate([[0], np.cumsum(found)]).astype(np.int64)
        self._documents, self._counts = documents, counts
        self._added, self.overlay = {}, 0

    def save(self, arrays: Arrays, name: str) -> None:
        """Put the base under a name; what was added since must have been merged."""
        arrays.put_text(f"{name}.terms", "\n".join(self._numbers))
        arrays.put(f"{name}.offsets", self._offsets)
        arrays.put(f"{name}.documents", self._documents)
        arrays.put(f"{name}.counts", self._counts)

    @classmethod
    def load(cls, arrays: Arrays, name: str) -> Postings:
        """What `save` put there; raises BrokenArrays when its parts do not belong together."""
        text = arrays.text(f"{name}.terms")
        terms = text.split("\n") if text else []
        offsets, documents = arrays.get(f"{name}.offsets"), arrays.get(f"{name}.documents")
        if len(offsets) != len(terms) + 1 or len(documents) != offsets[-1]:
            raise BrokenArrays(f"the terms and postings of {name} do not belong together")
        return cls(terms, offsets, documents, arrays.get(f"{name}.counts"))


def _chained(lists: Iterable[list[int]]) -> Ints:
    return np.fromiter(chain.from_iterable(lists), np.int32)
