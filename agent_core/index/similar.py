"""How near the chunks of each file are to a question in meaning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent_core.index.features import Bools, Columns, Floats, Measures
from agent_core.index.image import Image

_BEST = 3
_CANDIDATES = 400
_SPREAD = 4.0
_FED_BACK = 5
_BACK = 0.3
_FILLED_FROM = 50


def similar(
    image: Image, measures: Measures, vector: Floats, usual: Bools, columns: Columns, *, fill: bool
) -> Floats | None:
    """Fill the columns `near` and `nearby`; returns each chunk's similarity, None when there are no vectors.

    The vector is first moved towards the nearest chunks (pseudo relevance feedback: Rocchio, "Relevance
    Feedback in Information Retrieval", 1971), which brings it from the language of questions to that of
    code. Similarities count in deviations above the question's own median.

    Args:
        image: What is searched.
        measures: Of this image as it is.
        vector: The question's, of length 1.
        usual: The files, shape (files,), that the question is moved towards and that give the median.
        columns: The features; `file` is filled.
        fill: Give files whose vectors are not made yet what is usual among the lexically best, so that none
            loses its place for it.
    """
    usable = measures.alive & image.embedded.view
    if not usable.any():
        return None
    vectors = image.vectors.view
    near = _products(vectors, vector, usable)
    found = _products(vectors, _moved(vectors, vector, _some(near, usable & usual[measures.file_of])), usable)
    best = np.maximum.reduceat(found, measures.first)
    have = best > -1.0
    typical = have & usual[measures.with_chunks]
    typical = typical if typical.any() else have
    columns["near"][measures.with_chunks] = _deviations(best, have, typical)
    columns["nearby"][measures.with_chunks] = _deviations(_several(measures, found, best), have, typical)
    if fill and not have.all():
        _fill(columns, measures.with_chunks[~have], measures.with_chunks[typical])
    return found


def _products(vectors: NDArray[np.float32], vector: Floats, usable: Bools) -> Floats:
    return np.where(usable, vectors @ vector.astype(np.float32), -1.0).astype(np.float64)


def _some(near: Floats, usual: Bools) -> NDArray[np.intp]:
    """The chunks of usual files that are nearest; of all files where no usual one has a vector."""
    near = np.where(usual, near, -1.0) if usual.any() else near
    count = min(_FED_BACK, int(np.count_nonzero(near > -1.0)))
    return np.argpartition(-near, count - 1)[:count]


def _moved(vectors: NDArray[np.float32], vector: Floats, towards: NDArray[np.intp]) -> Floats:
    """The vector moved towards the middle of some chunks'."""
    middle = vectors[towards].mean(axis=0, dtype=np.float64)
    moved = vector + _BACK * middle / (np.linalg.norm(middle) or 1.0)
    return moved / (np.linalg.norm(moved) or 1.0)


def _several(measures: Measures, found: Floats, best: Floats) -> Floats:
    """The mean of each file's best three, missing ones counting 0; of files that are far the best one."""
    several = best.copy()
    places = np.argpartition(-best, min(_CANDIDATES, len(best) - 1))[:_CANDIDATES]
    counts = measures.count[places]
    begins = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(len(places)), counts)
    rank = np.arange(len(owner)) - begins[owner]
    own = np.maximum(found[measures.first[places][owner] + rank], 0)
    own = own[np.lexsort((-own, owner))]
    counted = rank < _BEST
    several[places] = np.bincount(owner[counted], own[counted], len(places)) / _BEST
    return several


def _deviations(values: Floats, have: Bools, typical: Bools) -> Floats:
    known = values[typical]
    above = (values - np.median(known)) / (known.std() + 1e-9) / _SPREAD
    return np.where(have, np.maximum(above, 0), 0)


def _fill(columns: Columns, without: NDArray[np.intp], having: NDArray[np.intp]) -> None:
    best = having[np.argsort(-columns["file"][having])[:_FILLED_FROM]]
    for name in ("near", "nearby"):
        columns[name][without] = np.median(columns[name][best])
