"""The knowledge graph: which file uses what another one defines, by the names that only few define."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.agent.terms import split
from agent_core.index.image import FileEntry, Image
from agent_core.index.passage import whole
from agent_core.index.postings import Postings

_FEW = 3
"""A name that more files define connects nobody."""
_MOST_NAMES = 3


class Neighbour(NamedTuple):
    """A connected file: how many names connect it, and some of them as terms. `uses` tells the direction."""

    path: str
    strength: float
    names: tuple[str, ...]
    uses: bool


class _Edges(NamedTuple):
    """One edge for each (name, definer, user): files by number, names by place in `names`."""

    names: list[str]
    name: NDArray[np.int64]
    definer: NDArray[np.int64]
    user: NDArray[np.int64]


class Graph:
    """Uses and definitions of an image; made anew when it is asked after a change."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._edges: _Edges | None = None
        self._changes = -1

    def users(self, entry: FileEntry) -> list[Neighbour]:
        """The files that use what this one defines, the most connected first."""
        edges = self._current()
        return self._neighbours(edges, edges.definer == entry.number, edges.user, uses=False)

    def used(self, entry: FileEntry) -> list[Neighbour]:
        """The files that define what this one uses, the most connected first."""
        edges = self._current()
        return self._neighbours(edges, edges.user == entry.number, edges.definer, uses=True)

    def neighbours(self, entry: FileEntry) -> list[Neighbour]:
        """Both, the most connected first."""
        return sorted(
            (*self.users(entry), *self.used(entry)), key=lambda found: (-found.strength, found.path)
        )

    def fan_in(self) -> NDArray[np.int64]:
        """In how many other files something of each file is used, shape (files,)."""
        edges = self._current()
        return self._distinct(edges.definer, edges.user)

    def fan_out(self) -> NDArray[np.int64]:
        """Of how many other files each file uses something, shape (files,)."""
        edges = self._current()
        return self._distinct(edges.user, edges.definer)

    def mentions(self, name: str, *, outside: FileEntry) -> int:
        """In how many other files a (compound) name occurs."""
        documents, _ = self._image.body.get(whole(split(name.rpartition(".")[2])))
        documents = documents[self._image.alive.view[documents]]
        files = set(self._image.file_of.view[documents].tolist())
        return len(files - {outside.number})

    def _distinct(self, ends: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
        files = len(self._image.by_number)
        pairs: NDArray[np.int64] = np.unique(ends * files + others)
        return np.bincount(pairs // max(files, 1), minlength=files)

    def _neighbours(
        self, edges: _Edges, own: NDArray[np.bool_], others: NDArray[np.int64], *, uses: bool
    ) -> list[Neighbour]:
        names: dict[int, list[str]] = {}
        for place in np.flatnonzero(own).tolist():
            names.setdefault(int(others[place]), []).append(edges.names[int(edges.name[place])])
        found: list[Neighbour] = []
        for number, shared in names.items():
            entry = self._image.by_number[number]
            if entry is not None:
                found.append(Neighbour(entry.row.path, len(shared), tuple(shared[:_MOST_NAMES]), uses))
        return sorted(found, key=lambda neighbour: (-neighbour.strength, neighbour.path))

    def _current(self) -> _Edges:
        if self._edges is None or self._changes != self._image.changes:
            self._changes = self._image.changes
            self._edges = _edges(self._image)
        return self._edges


def _edges(image: Image) -> _Edges:
    names = [term for term in image.names.names() if term.startswith("=")]
    defined = _files(image, image.names, names)
    count = np.bincount(defined[0], minlength=len(names))
    few = count <= _FEW
    kept = few[defined[0]]
    name, definer = defined[0][kept], defined[1][kept]
    used_name, user = _files(image, image.body, names)
    kept = few[used_name]
    used_name, user = used_name[kept], user[kept]
    # Both are sorted by name: the k-th definer of each name meets all of its users.
    begin = np.searchsorted(name, used_name)
    parts: list[tuple[NDArray[np.int64], ...]] = []
    for step in range(_FEW):
        there = step < count[used_name]
        other = definer[begin[there] + step]
        apart = other != user[there]
        parts.append((used_name[there][apart], other[apart], user[there][apart]))
    return _Edges(
        names,
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def _files(
    image: Image, postings: Postings, terms: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which files hold which of the terms, each pair once, sorted by term: places in `terms`, files."""
    places, documents = postings.select(terms)
    alive = image.alive.view[documents]
    places, files = places[alive], image.file_of.view[documents[alive]].astype(np.int64)
    total = max(len(image.by_number), 1)
    pairs = np.unique(places * total + files)
    return pairs // total, pairs % total
