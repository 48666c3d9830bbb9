"""The ranking: files by what speaks for them, in each the chunks that do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.agent.ranking import role_weights
from agent_core.agent.terms import analyse, split
from agent_core.index.features import FEATURES, Features, Floats, Measures, Wanted, features
from agent_core.index.image import FileEntry, Image
from agent_core.index.passage import whole

WEIGHTS: Mapping[str, float] = {
    "file": 1.0, "chunk": 0.3, "names": 0.3, "base": 0.6, "path": 0.6, "defined": 0.3, "literal": 0.2,
    "stem": 0.6, "size": 0.1, "near": 0.4, "nearby": 0.2,
}  # fmt: skip
"""What each feature counts in a hybrid search; `benchmarks/search.py` measures it."""
VECTOR_WEIGHTS: Mapping[str, float] = {"near": 1.0, "nearby": 1.0}
_CHUNK_LEXICAL, _CHUNK_VECTOR = 1.0, 0.5


class RankedChunk(NamedTuple):
    """A chunk of a ranked file and its share in 0..1 or so."""

    chunk: int
    score: float


class RankedFile(NamedTuple):
    """A file, best first by `score`; `parts` its chunks, best first; `features` what spoke for it."""

    entry: FileEntry
    score: float
    parts: tuple[RankedChunk, ...]
    features: dict[str, float]
    terms: tuple[str, ...]


class Question(msgspec.Struct, frozen=True):
    """A question as the ranking sees it. `words` are the words behind its terms, for people."""

    text: str
    wanted: Wanted
    words: dict[str, str]


def read_question(text: str) -> Question:
    """Find out what a question looks for."""
    query = analyse(text)
    spelled = [*query.identifiers, *(phrase for phrase in query.phrases if re.fullmatch(r"\S+", phrase))]
    names = dict.fromkeys(whole(parts) for word in spelled if (parts := split(word)))
    return Question(text, Wanted(query.stems, tuple(names)), query.words)


class Ranker:
    """Ranks the files of an image; keeps what can be computed once for each state of it."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._measures: Measures | None = None

    def features(self, question: Question, vector: Floats | None) -> Features:
        """The features of every file."""
        if self._measures is None or self._measures.changes != self._image.changes:
            self._measures = Measures(self._image)
        return features(self._image, self._measures, question.wanted, vector)

    def rank(
        self,
        question: Question,
        vector: Floats | None,
        *,
        limit: int,
        weights: Mapping[str, float] = WEIGHTS,
    ) -> list[RankedFile]:
        """The `limit` best files; those for which nothing speaks are left out."""
        seen = self.features(question, vector)
        scores = seen.table @ np.array([weights.get(name, 0.0) for name in FEATURES])
        spoken = seen.table[:, [number for number, name in enumerate(FEATURES) if name != "size"]]
        scores = np.where(spoken.any(axis=1), scores * self._role_weights(question.text), 0.0)
        best = _best(scores, limit)
        return [self._ranked(number, float(scores[number]), question, seen) for number in best]

    def _role_weights(self, text: str) -> Floats:
        weights = role_weights(text)
        return np.array(
            [0.0 if entry is None else weights[entry.row.role] for entry in self._image.by_number]  # pyright: ignore[reportArgumentType]
        )

    def _ranked(self, number: int, score: float, question: Question, seen: Features) -> RankedFile:
        entry = self._image.by_number[number]
        assert entry is not None, "only living files score"
        own = slice(entry.first, entry.first + entry.count)
        shares = _CHUNK_LEXICAL * seen.chunks[own]
        if seen.similar is not None:
            shares = shares + _CHUNK_VECTOR * np.maximum(seen.similar[own], 0)
        order = np.argsort(-shares, kind="stable")[:4].tolist()
        parts = tuple(RankedChunk(entry.first + index, float(shares[index])) for index in order)
        values = dict(zip(FEATURES, seen.table[number].tolist(), strict=True))
        return RankedFile(entry, score, parts, values, self._terms_in(entry, question, seen))

    def _terms_in(self, entry: FileEntry, question: Question, seen: Features) -> tuple[str, ...]:
        """The question's terms that occur in the file, the rarest first."""
        found = [term for term in question.wanted.terms if self._holds(entry, term)]
        return tuple(sorted(found, key=lambda term: -seen.rarity[term]))

    def _holds(self, entry: FileEntry, term: str) -> bool:
        documents, _ = self._image.body.get(term)
        return bool(((documents >= entry.first) & (documents < entry.first + entry.count)).any())


def _best(scores: NDArray[np.float64], limit: int) -> list[int]:
    """The numbers of the largest positive scores, the largest first, equal ones in their order."""
    if len(scores) > limit:
        places = np.argpartition(-scores, limit - 1)[:limit]
        threshold = scores[places].min()
        places = np.flatnonzero(scores >= threshold)
    else:
        places = np.arange(len(scores))
    order = places[np.argsort(-scores[places], kind="stable")]
    return [number for number in order.tolist() if scores[number] > 0][:limit]
