"""What the words of a question say for each file, as numbers that can be compared between questions.

Okapi BM25 scores (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) over whole files,
chunks and defined names, divided by what a file could reach at most, so that one set of weights fits all
questions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.code.terms import split
from agent_core.index.image import Image
from agent_core.index.passage import as_written, whole
from agent_core.index.postings import Postings
from agent_core.index.question import Wanted

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEATURES: tuple[str, ...] = (
    "file",
    "chunk",
    "names",
    "base",
    "path",
    "defined",
    "spoken",
    "literal",
    "stem",
    "size",
    "near",
    "nearby",
    "twin",
    "fan_in",
    "recent",
    "uses",
    "used",
)
"""In the order of the columns of a table of features.

`file`, `chunk`: BM25 of the whole file and of its best chunk. `names`: BM25 over what it defines. `base`,
`path`: the question's words in the file's own name and in all of its path. `defined`: it defines a name that
the question spells out; `spoken`: it defines a single word that the question takes for a name; `literal`: it
mentions a name; `stem`: it is called like one. `size`: logarithm of its length. `near`, `nearby`: similarity
of its best chunk and of its best three (`similar`). `twin`: what the test or document of the same name says;
`fan_in`: how many files use it; `recent`: it was committed lately (`recency`); `uses`: it uses what the best
files define; `used`: the best files use what it defines (`links`).
"""
_K1 = 1.2
_FILE_B, _CHUNK_B, _NAMES_B = 0.4, 0.75, 0.6

_OTHER_CASE = 0.6
"""What a name counts that differs from the question's in its capitals."""

Columns = Mapping[str, Floats]
"""The features by name, each of shape (files,)."""


class Lexical(NamedTuple):
    """The score of each chunk in 0..1, and the weight of each term."""

    chunks: Floats
    rarity: dict[str, float]


class Measures:
    """What the features need of an image in one state: lengths, roles, which chunks are whose."""

    def __init__(self, image: Image) -> None:
        self.changes = image.changes
        self.files = len(image.by_number)
        self.alive: Bools = image.alive.view
        self.file_of: NDArray[np.int32] = image.file_of.view
        entries = [entry for entry in image.by_number if entry is not None]
        self.alive_file: Bools = np.zeros(self.files, np.bool_)
        self.alive_file[[entry.number for entry in entries]] = True
        self.roles: tuple[str, ...] = tuple({entry.row.role: None for entry in entries})
        places = {role: place for place, role in enumerate(self.roles)}
        self.role: NDArray[np.intp] = np.zeros(self.files, np.intp)
        self.role[self.alive_file] = [places[entry.row.role] for entry in entries]
        length = np.where(self.alive, image.length.view, 0)
        by_file = self.by_file(length)
        self.size: Floats = np.log1p(by_file) / 10
        self.file_norm: Floats = _norm(by_file, len(entries), _FILE_B)
        self.chunk_norm: Floats = _norm(length, image.chunks, _CHUNK_B)
        named = self.by_file(np.where(self.alive, image.named.view, 0))
        self.names_norm: Floats = _norm(named, len(entries), _NAMES_B)
        self.base_size: NDArray[np.int32] = np.maximum(image.base_size.view, 1)
        filled = [entry for entry in entries if entry.count]
        self.with_chunks: NDArray[np.intp] = np.array([entry.number for entry in filled], np.intp)
        self.first: NDArray[np.intp] = np.array([entry.first for entry in filled], np.intp)
        self.count: NDArray[np.intp] = np.array([entry.count for entry in filled], np.intp)

    def by_file(self, values: NDArray[Any], chunks: NDArray[np.int32] | None = None) -> Floats:
        """The sum over each file's chunks, shape (files,); `values` belong to `chunks`, or to all of them."""
        places = self.file_of if chunks is None else self.file_of[chunks]
        return np.bincount(places, weights=values, minlength=self.files).astype(np.float64, copy=False)

    def most(self, values: Floats) -> Floats:
        """The largest value among each file's chunks, shape (files,), 0 for files without chunks."""
        found = np.zeros(self.files)
        if len(self.first):
            found[self.with_chunks] = np.maximum.reduceat(values, self.first)
        return found

    def in_files(self, postings: Postings, term: str) -> Floats:
        """How often the term occurs in each file, by an index of chunks."""
        documents, counts = postings.get(term)
        return self.by_file(counts * self.alive[documents], documents)

    def holding(self, postings: Postings, term: str) -> Bools:
        """Which files hold the term, by an index of files."""
        found = np.zeros(self.files, np.bool_)
        found[postings.get(term)[0]] = True
        return found

    def weights(self, of_role: Mapping[Any, float]) -> Floats:
        """The weight of each file by its role; 0 for the dead."""
        by_role = np.array([of_role[role] for role in self.roles] or [0.0])
        return np.where(self.alive_file, by_role[self.role], 0.0)


def _norm(lengths: NDArray[Any], living: int, b: float) -> Floats:
    mean = float(lengths.sum()) / max(living, 1) or 1.0
    return _K1 * (1 - b + b * lengths / mean)


def _saturated(counts: Floats, norm: Floats) -> Floats:
    return counts * (_K1 + 1) / (counts + norm)


def rarity(total: int, found: int) -> float:
    """The weight of a term that `found` of `total` documents hold (BM25's inverse document frequency)."""
    return math.log(1 + (total - found + 0.5) / (found + 0.5))


def lexical(image: Image, measures: Measures, wanted: Wanted, usual: Bools, columns: Columns) -> Lexical:
    """Fill the columns that words speak for.

    Args:
        image: What is searched.
        measures: Of this image as it is.
        wanted: What is looked for.
        usual: The files, shape (files,), that rarity is counted in: where half of a tree are tests, what is
            common in tests is not common in what is looked for.
        columns: The features, all zero.
    """
    chunks = np.zeros(len(measures.alive))
    weights: dict[str, float] = {}
    base_hits = np.zeros(measures.files)
    total, most_chunk = int(np.count_nonzero(usual)), 0.0
    living = int(np.count_nonzero(measures.alive))
    for term, weight in wanted.terms.items():
        documents, counts = image.body.get(term)
        keep = measures.alive[documents]
        documents, counts = documents[keep], counts[keep].astype(np.float64)
        in_file = measures.by_file(counts, documents)
        idf = weights[term] = weight * rarity(total, int(np.count_nonzero(in_file[usual])))
        chunk_idf = weight * rarity(living, len(documents))
        most_chunk += chunk_idf
        chunks[documents] += chunk_idf * _saturated(counts, measures.chunk_norm[documents])
        columns["file"][:] += idf * _saturated(in_file, measures.file_norm)
        columns["names"][:] += idf * _saturated(measures.in_files(image.names, term), measures.names_norm)
        in_base = measures.holding(image.base, term)
        base_hits += in_base
        columns["base"][:] += idf * in_base
        columns["path"][:] += idf * (in_base | measures.holding(image.folders, term))
    most = sum(weights.values()) or 1.0
    chunks /= (_K1 + 1) * (most_chunk or 1.0)
    columns["file"][:] /= (_K1 + 1) * most
    columns["names"][:] /= (_K1 + 1) * most
    columns["base"][:] *= base_hits / measures.base_size / most
    columns["path"][:] /= most
    columns["size"][:] = measures.size
    columns["chunk"][:] = measures.most(chunks)
    _spelled(image, measures, wanted, columns)
    return Lexical(chunks, weights)


def _spelled(image: Image, measures: Measures, wanted: Wanted, columns: Columns) -> None:
    """The names that the question spells out: the rarer one is, the more it says."""
    total = int(np.count_nonzero(measures.alive_file))
    top = rarity(total, 1) or 1.0
    for name in wanted.names:
        for column, postings in (("defined", image.names), ("literal", image.body)):
            found = measures.in_files(postings, name) > 0
            weight = max(rarity(total, int(np.count_nonzero(found))) / top, 0.0)
            np.maximum(columns[column], weight * found, out=columns[column])
        columns["stem"][image.base.get(name)[0]] = 1.0
    for name in wanted.spoken:
        for term, value in ((whole(split(name)), _OTHER_CASE), (as_written(name), 1.0)):
            found = measures.in_files(image.names, term) > 0
            np.maximum(columns["spoken"], value * found, out=columns["spoken"])
