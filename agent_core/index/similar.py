"""How near the chunks of each file are to a question in meaning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent_core.index.features import Bools, Columns, Floats, Measures
from agent_core.index.image import Image

_BEST = 3
_CANDIDATES = 400
_SPREAD = 4.0
_BELOW = 1e-4
"""Where vectors alone are asked for, what is less near than most is still listed, last."""
_FED_BACK = 5
_BACK = 0.3
_MOST_LIKELY = 100
"""The lexically best files with vectors, from which it is told how near those without are."""
_CONTENDERS = 30
"""The lexically best files: the vectors count as much as of these have theirs."""


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
        fill: Make up for vectors that are not there yet, so that no file loses its place for it; without it
            such files have 0.
    """
    usable = measures.alive & image.embedded.view
    if not usable.any():
        return None
    vectors = image.vectors.view
    near = _products(vectors, vector, usable)
    found = _products(vectors, _moved(vectors, vector, _some(near, usable & usual[measures.file_of])), usable)
    best = np.maximum.reduceat(found, measures.first)
    have = best > -1.0
    if fill:  # half of a file does not tell how near it is
        made = np.add.reduceat(usable, measures.first, dtype=np.int64)
        have &= 2 * made >= measures.count
    typical = have & usual[measures.with_chunks]
    typical = typical if typical.any() else have
    if not typical.any():
        return found
    several = _several(measures, found, best)
    below = 0.0 if fill else _BELOW
    columns["near"][measures.with_chunks] = _deviations(best, have, typical, below)
    columns["nearby"][measures.with_chunks] = _deviations(several, have, typical, below)
    if fill and not have.all():
        _make_up(columns, measures.with_chunks, have, usual[measures.with_chunks])
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


def _deviations(values: Floats, have: Bools, typical: Bools, below: float) -> Floats:
    """How far each value lies above the median; what lies below it comes to at most `below`, in its order."""
    known = values[typical]
    above = (values - np.median(known)) / (known.std() + 1e-9) / _SPREAD
    return np.where(have, np.maximum(above, below * np.exp(np.minimum(above, 0))), 0)


def _make_up(columns: Columns, files: NDArray[np.intp], have: Bools, usual: Bools) -> None:
    """Guess how near the files without vectors are, by what words say for them; trust all of it less.

    Where only some of the likely files have vectors, these must not gain on the others: a line is fitted
    through those that have, and the whole counts by the share of the contenders that have.

    Args:
        columns: The features, `near` and `nearby` 0 for files without vectors.
        files: The files with chunks.
        have: Which of them have vectors.
        usual: Which of them are looked for.
    """
    said = columns["file"][files]
    order = np.argsort(-np.where(usual, said, said - 1.0), kind="stable")
    likely = order[have[order]][:_MOST_LIKELY]
    share = float(have[order[:_CONTENDERS]].mean())
    for name in ("near", "nearby"):
        values = columns[name][files]
        values[~have] = np.maximum(_line(said[likely], values[likely], said[~have]), 0)
        columns[name][files] = share * values


def _line(known: Floats, values: Floats, asked: Floats) -> Floats:
    """What values come to elsewhere, by the line of least squares; it never falls."""
    spread = float(known.var())
    slope = 0.0
    if spread > 0:
        slope = max(float(((known - known.mean()) * (values - values.mean())).mean()) / spread, 0.0)
    return values.mean() + slope * (asked - known.mean())
