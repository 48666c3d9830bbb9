"""The knowledge graph: which file uses what another one defines, by the names that only few define."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.code.model import Symbol
from agent_core.code.terms import split
from agent_core.index.image import FileEntry, Image
from agent_core.index.passage import whole
from agent_core.index.postings import Postings

_FEW = 3
"""A name that more files define connects nobody."""
_MOST_NAMES = 3
_CODE = ("source", "test")


class Neighbour(NamedTuple):
    """A connected file and some of the names that connect it, as terms, the most telling first.

    `strength` is the sum of the names' weights, `uses` tells the direction: the file that was asked for uses
    this one.
    """

    path: str
    strength: float
    names: tuple[str, ...]
    uses: bool


class Edges(NamedTuple):
    """One edge for each (name, definer, user): files by number, names by place in `names`.

    The rarer a name is, and the fewer define it, the more its edges weigh.
    """

    names: list[str]
    name: NDArray[np.int64]
    definer: NDArray[np.int64]
    user: NDArray[np.int64]
    weight: NDArray[np.float64]


class Graph:
    """Uses and definitions of an image; made anew when it is asked after a change.

    Neighbours and fans are code; the edges are also those to documents that mention a name.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._edges: Edges | None = None
        self._between: Edges | None = None
        self._changes = -1

    def edges(self) -> Edges:
        """All edges of the image as it is."""
        if self._edges is None or self._changes != self._image.changes:
            self._changes = self._image.changes
            self._edges, self._between = _edges(self._image), None
        return self._edges

    def _code(self) -> Edges:
        """The edges between files of code."""
        edges = self.edges()
        if self._between is None:
            entries = self._image.by_number
            code = np.array([entry is not None and entry.row.role in _CODE for entry in entries], np.bool_)
            kept = code[edges.definer] & code[edges.user]
            self._between = Edges(
                edges.names,
                edges.name[kept],
                edges.definer[kept],
                edges.user[kept],
                edges.weight[kept],
            )
        return self._between

    def users(self, entry: FileEntry) -> list[Neighbour]:
        """The files that use what this one defines, the most connected first."""
        edges = self._code()
        return self._neighbours(edges, edges.definer == entry.number, edges.user, uses=False)

    def used(self, entry: FileEntry) -> list[Neighbour]:
        """The files that define what this one uses, the most connected first."""
        edges = self._code()
        return self._neighbours(edges, edges.user == entry.number, edges.definer, uses=True)

    def neighbours(self, entry: FileEntry) -> list[Neighbour]:
        """Both, the most connected first."""
        return sorted((*self.users(entry), *self.used(entry)), key=_strongest)

    def written(self, entry: FileEntry, neighbour: Neighbour) -> Neighbour:
        """A neighbour of a file with the names that connect them as the one that defines them writes them."""
        definer = self._image.files.get(neighbour.path) if neighbour.uses else entry
        if definer is None:
            return neighbour
        known: dict[str, str] = {}
        for symbol in msgspec.msgpack.decode(definer.row.symbols, type=tuple[Symbol, ...]):
            name = symbol.name.rpartition(".")[2]
            known.setdefault(whole(split(name)), name)
        return neighbour._replace(names=tuple(known.get(name, name[1:]) for name in neighbour.names))

    def fan_in(self) -> NDArray[np.int64]:
        """In how many other files something of each file is used, shape (files,)."""
        edges = self._code()
        return self._distinct(edges.definer, edges.user)

    def fan_out(self) -> NDArray[np.int64]:
        """Of how many other files each file uses something, shape (files,)."""
        edges = self._code()
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
        self, edges: Edges, own: NDArray[np.bool_], others: NDArray[np.int64], *, uses: bool
    ) -> list[Neighbour]:
        shared: dict[int, list[tuple[float, str]]] = {}
        for place in np.flatnonzero(own).tolist():
            name = edges.names[int(edges.name[place])]
            shared.setdefault(int(others[place]), []).append((float(edges.weight[place]), name))
        found: list[Neighbour] = []
        for number, names in shared.items():
            entry = self._image.by_number[number]
            if entry is not None:
                names.sort(key=lambda pair: (-pair[0], pair[1]))
                strength = sum(weight for weight, _ in names)
                telling = tuple(name for _, name in names[:_MOST_NAMES])
                found.append(Neighbour(entry.row.path, strength, telling, uses))
        return sorted(found, key=_strongest)


def _strongest(neighbour: Neighbour) -> tuple[float, str]:
    return -neighbour.strength, neighbour.path


def _edges(image: Image) -> Edges:
    names = [term for term in image.names.names() if term.startswith("=") and not term.startswith("==")]
    name, definer = _files(image, image.names, names)
    count = np.bincount(name, minlength=len(names))
    few = count <= _FEW
    kept = few[name]
    name, definer = name[kept], definer[kept]
    used_name, user = _files(image, image.body, names)
    kept = few[used_name]
    used_name, user = used_name[kept], user[kept]
    users = np.bincount(used_name, minlength=len(names))
    weight = np.log1p(len(image.files) / np.maximum(users, 1)) / np.maximum(count, 1)
    # Both are sorted by name: the k-th definer of each name meets all of its users.
    begin = np.searchsorted(name, used_name)
    parts: list[tuple[NDArray[np.int64], ...]] = []
    for step in range(_FEW):
        there = step < count[used_name]
        other = definer[begin[there] + step]
        apart = other != user[there]
        parts.append((used_name[there][apart], other[apart], user[there][apart]))
    edge_name, edge_definer, edge_user = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Edges(names, edge_name, edge_definer, edge_user, weight[edge_name])


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
