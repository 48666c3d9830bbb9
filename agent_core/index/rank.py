"""The ranking: files by what speaks for them, in each the chunks that do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.code.roles import role_weights
from agent_core.code.terms import split
from agent_core.index.api import SearchMode
from agent_core.index.features import FEATURES, Floats, Lexical, Measures, lexical
from agent_core.index.graph import Graph
from agent_core.index.image import FileEntry, Image
from agent_core.index.links import Links
from agent_core.index.passage import whole
from agent_core.index.question import Question
from agent_core.index.recency import Recency
from agent_core.index.similar import similar

WEIGHTS: Mapping[str, float] = {
    "file": 0.8, "chunk": 0.4, "names": 0.5, "base": 0.3, "path": 0.5, "defined": 0.3, "spoken": 1.0,
    "literal": 0.2, "stem": 0.6, "size": 0.1, "near": 0.4, "nearby": 0.2, "twin": 0.15, "fan_in": 0.1,
    "recent": 0.05, "uses": 0.1,
}  # fmt: skip
"""What each feature counts; `benchmarks/search.py` measures it."""
VECTOR_WEIGHTS: Mapping[str, float] = {"near": 1.0, "nearby": 1.0, "size": 0.2}
GRAPH_WEIGHTS: Mapping[str, float] = {**WEIGHTS, "used": 0.1}
MODES: Mapping[SearchMode, Mapping[str, float]] = {
    "hybrid": WEIGHTS,
    "vector": VECTOR_WEIGHTS,
    "graph": GRAPH_WEIGHTS,
}
_ORDERING = ("size", "fan_in", "recent")
"""Features that order what is found, but are no reason to show it."""
_USUAL = 0.9
"""Files of roles that weigh as much are what is usually looked for."""
_CHUNK_LEXICAL, _CHUNK_VECTOR, _CHUNK_DEFINES = 1.0, 0.5, 0.6
_MOST_PARTS = 4


class RankedChunk(NamedTuple):
    """A chunk of a ranked file and its share in 0..1 or so."""

    chunk: int
    score: float


class RankedFile(NamedTuple):
    """A file, best first by `score`; `parts` its chunks, best first.

    `features` are what spoke for it, `shares` what each of them comes to in the score before the file's role
    counts. `terms` are the question's terms that occur in it, the rarest first.
    """

    entry: FileEntry
    score: float
    parts: tuple[RankedChunk, ...]
    features: dict[str, float]
    shares: dict[str, float]
    terms: tuple[str, ...]


class Features(NamedTuple):
    """The features of one question.

    `table` has shape (files, features), zero for dead files; `weights` are those of the files' roles, shape
    (files,); `similar` is each chunk's similarity, None without vectors.
    """

    table: Floats
    weights: Floats
    words: Lexical
    similar: Floats | None


class Ranker:
    """Ranks the files of an image; keeps what can be computed once for each state of it."""

    def __init__(self, image: Image, graph: Graph | None = None, recency: Recency | None = None) -> None:
        self._image = image
        self._recency = recency or Recency()
        self._links = Links(image, graph or Graph(image))
        self._measures: Measures | None = None

    def features(
        self,
        question: Question,
        vector: Floats | None,
        *,
        mode: SearchMode = "hybrid",
        tests: bool | None = None,
    ) -> Features:
        """The features of every file; the arguments are those of `rank`."""
        measures = self._measured()
        table = np.zeros((measures.files, len(FEATURES)))
        columns = {name: table[:, number] for number, name in enumerate(FEATURES)}
        weights = measures.weights(_role_weights(question.text, tests))
        usual = weights >= _USUAL
        usual = usual if usual.any() else measures.alive_file
        words = lexical(self._image, measures, question.wanted, usual, columns)
        near = None
        if vector is not None:
            near = similar(self._image, measures, vector, usual, columns, fill=mode != "vector")
        if mode != "vector":
            columns["recent"][:] = self._recency.column(self._image)
            self._links.fill(columns, _scored(table, MODES[mode]) * weights, usual)
        table[~measures.alive_file] = 0
        return Features(table, weights, words, near)

    def rank(
        self,
        question: Question,
        vector: Floats | None,
        *,
        limit: int,
        mode: SearchMode = "hybrid",
        tests: bool | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> list[RankedFile]:
        """The best files; those for which nothing speaks are left out.

        Args:
            question: What is asked.
            vector: Its vector, None to go without.
            limit: How many at most.
            mode: What counts: words and vectors, the vectors alone, or the knowledge graph, too.
            tests: Whether tests count in full (True), not at all (False), or as the question asks (None).
            weights: Of the features; by default those of the mode.
        """
        seen = self.features(question, vector, mode=mode, tests=tests)
        counted = MODES[mode] if weights is None else weights
        scores = _scored(seen.table, counted) * seen.weights
        best = _best(scores, limit)
        return [self._ranked(number, float(scores[number]), question, seen, counted) for number in best]

    def _measured(self) -> Measures:
        if self._measures is None or self._measures.changes != self._image.changes:
            self._measures = Measures(self._image)
        return self._measures

    def _ranked(
        self,
        number: int,
        score: float,
        question: Question,
        seen: Features,
        weights: Mapping[str, float],
    ) -> RankedFile:
        entry = self._image.by_number[number]
        assert entry is not None, "only living files score"
        own = slice(entry.first, entry.first + entry.count)
        said = _CHUNK_LEXICAL * seen.words.chunks[own]
        if seen.similar is not None:
            said = said + _CHUNK_VECTOR * np.maximum(seen.similar[own], 0)
        for name in (*question.wanted.names, *(whole(split(name)) for name in question.wanted.spoken)):
            defining = self._image.names.within(name, entry.first, entry.count)
            said[defining - entry.first] += _CHUNK_DEFINES
        order = np.argsort(-said, kind="stable")[:_MOST_PARTS].tolist()
        parts = tuple(RankedChunk(entry.first + index, float(said[index])) for index in order)
        values = dict(zip(FEATURES, seen.table[number].tolist(), strict=True))
        shares = {name: value * weights.get(name, 0.0) for name, value in values.items()}
        return RankedFile(
            entry, score, parts, values, shares, self._terms_in(entry, question, seen.words.rarity)
        )

    def _terms_in(self, entry: FileEntry, question: Question, rarity: Mapping[str, float]) -> tuple[str, ...]:
        found = [term for term in question.wanted.terms if self._holds(entry, term)]
        return tuple(sorted(found, key=lambda term: -rarity[term]))

    def _holds(self, entry: FileEntry, term: str) -> bool:
        return len(self._image.body.within(term, entry.first, entry.count)) > 0


def _role_weights(text: str, tests: bool | None) -> dict[str, float]:
    weights: dict[str, float] = {**role_weights(text)}
    if tests is not None:
        weights["test"] = 1.0 if tests else 0.0
    return weights


def _scored(table: Floats, weights: Mapping[str, float]) -> Floats:
    """The score of each file, 0 where nothing speaks for it."""
    counted = np.array([weights.get(name, 0.0) for name in FEATURES])
    speaking = (counted > 0) & [name not in _ORDERING for name in FEATURES]
    return np.where(table[:, speaking].any(axis=1), table @ counted, 0.0)


def _best(scores: NDArray[np.float64], limit: int) -> list[int]:
    """The numbers of the largest positive scores, the largest first, equal ones in their order."""
    if len(scores) > limit:
        places = np.argpartition(-scores, limit - 1)[:limit]
        places = np.flatnonzero(scores >= scores[places].min())
    else:
        places = np.arange(len(scores))
    order = places[np.argsort(-scores[places], kind="stable")]
    return [number for number in order.tolist() if scores[number] > 0][:limit]
