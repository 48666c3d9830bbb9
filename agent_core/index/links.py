"""What the ranking takes from how files belong together: who uses whom, which test is whose.

That a file uses what the best files define, or defines what they use, makes it likelier to be meant
(activation spreads one step over the graph: Crestani, "Application of Spreading Activation Techniques in
Information Retrieval", 1997). That a test or document of the same name speaks of the question does, too: they
say in words what code only does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.code.terms import split
from agent_core.index.features import Columns, Floats
from agent_core.index.graph import Graph
from agent_core.index.image import FileEntry, Image
from agent_core.index.passage import whole

_SEEDS = 30
"""The best files, from which activation spreads."""
_FEW_CHANGES = 64
"""Files that may have changed until the graph is made anew; meanwhile each has the links that it had."""
_FAN_IN_SCALE = 6.0
_SPOKEN: Mapping[str, float] = {"file": 1.0, "chunk": 0.5, "names": 0.3}
"""What counts of a test or document for the file that it is about."""
_TEST_NAME = re.compile(r"(?:tests?_)?(.+?)(?:_tests?|_spec|\.test|\.spec|Tests?|TestCase|IT|Spec)?")


class _Pairs(NamedTuple):
    """Pairs of files by number.

    `user` uses what `definer` defines, and has `share` of all uses of that (by weight); `teller` is a test or
    document that is called like `told`.
    """

    user: NDArray[np.int64]
    definer: NDArray[np.int64]
    share: Floats
    teller: NDArray[np.int64]
    told: NDArray[np.int64]


class _Made(NamedTuple):
    """Pairs, and the path and content of each file at that time, by number."""

    pairs: _Pairs
    files: list[tuple[str, bytes]]


class Links:
    """The links between the files of an image; a little behind it after a change, as they matter little."""

    def __init__(self, image: Image, graph: Graph) -> None:
        self._image, self._graph = image, graph
        self._made: _Made | None = None
        self._pairs: _Pairs | None = None
        self._numbered: list[FileEntry | None] = []
        self._state = (0, 0)

    def fill(self, columns: Columns, scores: Floats, source: NDArray[np.bool_]) -> None:
        """Fill the columns `twin`, `fan_in`, `uses` and `used`.

        Args:
            columns: The features, those that words and vectors speak for filled.
            scores: What these come to for each file, shape (files,).
            source: The files that activation spreads from, shape (files,).
        """
        pairs = self._current()
        files = len(scores)
        columns["fan_in"][:] = np.log1p(np.bincount(pairs.definer, minlength=files)) / _FAN_IN_SCALE
        spoken = sum((weight * columns[name] for name, weight in _SPOKEN.items()), np.zeros(files))
        np.maximum.at(columns["twin"], pairs.told, spoken[pairs.teller])
        seeds = _seeds(np.where(source, scores, 0.0))
        columns["uses"][:] = np.bincount(pairs.user, pairs.share * seeds[pairs.definer], files)
        columns["used"][:] = np.bincount(pairs.definer, pairs.share * seeds[pairs.user], files)

    def _current(self) -> _Pairs:
        image = self._image
        state = (len(image.by_number), len(image.files))
        if self._pairs is None or self._numbered is not image.by_number or self._state != state:
            self._pairs = self._renumbered() or self._make()
            self._numbered, self._state = image.by_number, state
        return self._pairs

    def _make(self) -> _Pairs:
        image = self._image
        edges = self._graph.edges()
        files = len(image.by_number)
        pair, place = np.unique(edges.user * files + edges.definer, return_inverse=True)
        weight = np.bincount(place, edges.weight, len(pair))
        user, definer = pair // max(files, 1), pair % max(files, 1)
        share = weight / np.bincount(definer, weight, files)[definer]
        pairs = _Pairs(user, definer, share, *_twins(image))
        self._made = _Made(
            pairs,
            [("", b"") if entry is None else (entry.row.path, entry.row.hash) for entry in image.by_number],
        )
        return pairs

    def _renumbered(self) -> _Pairs | None:
        """The pairs that were made, by the present numbers of the files; None when too much has changed."""
        if self._made is None:
            return None
        pairs, files = self._made
        numbers = np.full(len(files), -1, np.int64)
        same = 0
        for old, (path, content) in enumerate(files):
            entry = self._image.files.get(path)
            if entry is not None:
                numbers[old] = entry.number
                same += entry.row.hash == content
        if len(self._image.files) - same > _FEW_CHANGES or len(files) - same > len(self._image.files):
            return None
        user, definer = numbers[pairs.user], numbers[pairs.definer]
        teller, told = numbers[pairs.teller], numbers[pairs.told]
        linked, tells = (user >= 0) & (definer >= 0), (teller >= 0) & (told >= 0)
        return _Pairs(user[linked], definer[linked], pairs.share[linked], teller[tells], told[tells])


def _seeds(scores: Floats) -> Floats:
    """The best scores, the best of all 1, and 0 for the others."""
    if len(scores) > _SEEDS:
        least = np.partition(scores, -_SEEDS)[-_SEEDS]
        scores = np.where(scores >= least, scores, 0.0)
    return scores / (float(scores.max(initial=0.0)) or 1.0)


def _twins(image: Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tests and documents with the source files that are called like them."""
    pairs: list[tuple[int, int]] = []
    for entry in image.files.values():
        if entry.row.role not in ("test", "document"):
            continue
        name = entry.row.path.rpartition("/")[2].rpartition(".")[0]
        about = _TEST_NAME.fullmatch(name)
        if about is None:
            continue
        called: list[int] = image.base.get(whole(split(about[1])))[0].tolist()
        for number in called:
            if _is_source(image.by_number[number]):
                pairs.append((entry.number, number))
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _is_source(entry: FileEntry | None) -> bool:
    return entry is not None and entry.row.role == "source"
