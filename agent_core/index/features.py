"""What speaks for each file, as numbers that can be compared between queries.

Lexical features are Okapi BM25 scores (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)
over whole files, chunks and defined names, divided by what a file could reach at most; the vector features
are similarities, counted in deviations above the query's own median. So one set of weights fits all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.index.image import Image
from agent_core.index.postings import Postings

Floats = NDArray[np.float64]

FEATURES: tuple[str, ...] = (
    "file",
    "chunk",
    "names",
    "base",
    "path",
    "defined",
    "literal",
    "stem",
    "size",
    "near",
    "nearby",
)
"""In the order of `Features.table`'s columns.

`file`, `chunk`: BM25 of the whole file and of its best chunk. `names`: BM25 over what it defines. `base`,
`path`: the query's words in the file's own name and in all of its path. `defined`: it defines a name that the
query spells out; `literal`: it mentions one; `stem`: it is called like one. `size`: logarithm of its length.
`near`, `nearby`: similarity of its best chunk and of its best three.
"""
_K1 = 1.2
_FILE_B, _CHUNK_B, _NAMES_B = 0.4, 0.75, 0.6
_BEST = 3
_CANDIDATES = 400
_SPREAD = 4.0


class Wanted(NamedTuple):
    """What is looked for: weighted terms, and the compound names that the question spells out, as terms."""

    terms: Mapping[str, float]
    names: tuple[str, ...]


class Features(NamedTuple):
    """The features of one query.

    `table` has shape (files, features), `chunks` is the lexical score of each chunk in 0..1, `similar` each
    chunk's similarity (None without vectors), `rarity` the weight of each term. Dead files have zeros.
    """

    table: Floats
    chunks: Floats
    similar: Floats | None
    rarity: dict[str, float]


class Measures:
    """The lengths that BM25 needs, for one state of an image."""

    def __init__(self, image: Image) -> None:
        files = len(image.by_number)
        self.changes = image.changes
        self.alive = image.alive.view
        self.file_of = image.file_of.view
        self.files = files
        self.live_files = max(len(image.files), 1)
        self.live_chunks = max(image.chunks, 1)
        length = np.where(self.alive, image.length.view, 0).astype(np.float64)
        by_file = _summed(self.file_of, length, files)
        self.size = np.log1p(by_file) / 10
        self.file_norm = _norm(by_file, self.live_files, _FILE_B)
        self.chunk_norm = _norm(length, self.live_chunks, _CHUNK_B)
        named = _summed(self.file_of, np.where(self.alive, image.named.view, 0), files)
        self.names_norm = _norm(named, self.live_files, _NAMES_B)
        entries = [entry for entry in image.by_number if entry is not None and entry.count]
        self.with_chunks = np.array([entry.number for entry in entries], np.intp)
        self.first = np.array([entry.first for entry in entries], np.intp)
        self.count = np.array([entry.count for entry in entries], np.intp)

    def in_files(self, postings: Postings, term: str) -> Floats:
        """How often the term occurs in each file, by an index of chunks."""
        documents, counts = postings.get(term)
        return _summed(self.file_of[documents], counts * self.alive[documents], self.files)


def _summed(places: NDArray[np.int32], values: NDArray[Any], size: int) -> Floats:
    """The sum of the values at each place, shape (size,)."""
    return np.bincount(places, weights=values, minlength=size).astype(np.float64, copy=False)


def _norm(lengths: Floats, living: int, b: float) -> Floats:
    mean = float(lengths.sum()) / living or 1.0
    return _K1 * (1 - b + b * lengths / mean)


def _saturated(counts: Floats, norm: Floats) -> Floats:
    return counts * (_K1 + 1) / (counts + norm)


def _idf(total: int, found: int) -> float:
    return math.log(1 + (total - found + 0.5) / (found + 0.5))


def features(image: Image, measures: Measures, wanted: Wanted, vector: Floats | None) -> Features:
    """Compute all features of a query; `vector` is that of the question, None to go without."""
    table = np.zeros((measures.files, len(FEATURES)))
    column = {name: table[:, number] for number, name in enumerate(FEATURES)}
    chunks = np.zeros(len(measures.alive))
    rarity: dict[str, float] = {}
    alive_file = np.zeros(measures.files, np.bool_)
    alive_file[[entry.number for entry in image.files.values()]] = True
    base_hits = np.zeros(measures.files)
    best_file = best_chunk = 0.0
    for term, weight in wanted.terms.items():
        documents, counts = image.body.get(term)
        keep = measures.alive[documents]
        documents, counts = documents[keep], counts[keep].astype(np.float64)
        in_file = _summed(measures.file_of[documents], counts, measures.files)
        idf = rarity[term] = weight * _idf(measures.live_files, int(np.count_nonzero(in_file)))
        chunk_idf = weight * _idf(measures.live_chunks, len(documents))
        best_file += idf
        best_chunk += chunk_idf
        chunks[documents] += chunk_idf * _saturated(counts, measures.chunk_norm[documents])
        column["file"] += idf * _saturated(in_file, measures.file_norm)
        column["names"] += idf * _saturated(measures.in_files(image.names, term), measures.names_norm)
        in_base = _present(image.base, term, measures.files)
        base_hits += in_base
        column["base"] += idf * in_base
        column["path"] += idf * (in_base | _present(image.folders, term, measures.files))
    most = (_K1 + 1) * (best_file or 1.0)
    chunks /= (_K1 + 1) * (best_chunk or 1.0)
    column["file"] /= most
    column["names"] /= most
    column["base"] *= base_hits / np.maximum(image.base_size.view, 1) / (best_file or 1.0)
    column["path"] /= best_file or 1.0
    column["size"] += measures.size
    if len(measures.first):
        column["chunk"][measures.with_chunks] = _most(chunks, measures)
    _names(image, measures, wanted.names, column)
    similar = None if vector is None else _similar(image, measures, vector, column)
    table[~alive_file] = 0
    return Features(table, chunks, similar, rarity)


def _present(postings: Postings, term: str, files: int) -> NDArray[np.bool_]:
    found = np.zeros(files, np.bool_)
    found[postings.get(term)[0]] = True
    return found


def _most(values: Floats, measures: Measures) -> Floats:
    """The largest value of each file's chunks; dead chunks between them must not be large."""
    return np.maximum.reduceat(values, measures.first)


def _names(image: Image, measures: Measures, names: tuple[str, ...], column: dict[str, Floats]) -> None:
    """The names that the question spells out."""
    for name in names:
        column["defined"][:] = np.maximum(column["defined"], measures.in_files(image.names, name) > 0)
        column["literal"] += (measures.in_files(image.body, name) > 0) / 2
        column["stem"][image.base.get(name)[0]] = 1.0
    np.minimum(column["literal"], 1.0, out=column["literal"])


def _similar(image: Image, measures: Measures, vector: Floats, column: dict[str, Floats]) -> Floats | None:
    """The similarity of each chunk; files without vectors get what is usual among the lexically best."""
    usable = measures.alive & image.embedded.view
    if not usable.any():
        return None
    similar = np.where(usable, image.vectors.view @ vector.astype(np.float32), -1.0).astype(np.float64)
    best = _most(similar, measures)
    have = best > -1.0
    column["near"][measures.with_chunks] = _deviations(best, have)
    several = best.copy()
    for place in np.argpartition(-best, min(_CANDIDATES, len(best) - 1))[:_CANDIDATES].tolist():
        first, count = measures.first[place], measures.count[place]
        own = np.maximum(similar[first : first + count], 0)
        several[place] = np.sort(own)[-_BEST:].sum() / _BEST
    column["nearby"][measures.with_chunks] = _deviations(several, have)
    if not have.all():
        _fill(column, measures.with_chunks[~have], measures.with_chunks[have])
    return similar


def _deviations(values: Floats, have: NDArray[np.bool_]) -> Floats:
    known = values[have]
    above = (values - np.median(known)) / (known.std() + 1e-9) / _SPREAD
    return np.where(have, np.maximum(above, 0), 0)


def _fill(column: dict[str, Floats], without: NDArray[np.intp], having: NDArray[np.intp]) -> None:
    """No file may lose its place because its vector is not made yet."""
    best = having[np.argsort(-column["file"][having])[:50]]
    for name in ("near", "nearby"):
        column[name][without] = np.median(column[name][best])
