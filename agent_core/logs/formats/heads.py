"""What the heads of the lines of a block say, and the block as its records show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.text import PAD, Mask, Offsets, Text


class Laid(NamedTuple):
    """What is to be read in place of a line: a text, maybe of several lines, and where in it the message
    begins. A line that is `gone` belongs to the text of a line before it."""

    text: bytes
    body: int = 0
    gone: bool = False


@dataclass(slots=True)
class Heads:
    """What the heads of n lines say; a column each, filled step by step.

    Attributes:
        found: Which lines have a head.
        time: Milliseconds since the epoch, or `NO_TIME`.
        level: Of `Level`.
        name: Numbers of components.
        body: Where the message begins; the line's beginning where there is no head.
        end: Where the line with the message ends, without its line break: the head line, or the next.
        laid: What is to be read in place of lines, by their places.
    """

    found: Mask
    time: Offsets
    level: NDArray[np.int8]
    name: NDArray[np.int32]
    body: Offsets
    end: Offsets
    laid: dict[int, Laid] = field(default_factory=dict[int, Laid])

    @property
    def gone(self) -> list[int]:
        """The lines that belong to the text of a line before them."""
        return [row for row, laid in self.laid.items() if laid.gone]

    @classmethod
    def none(cls, start: Offsets, end: Offsets) -> Heads:
        """Of lines of which nothing is known yet."""
        count = len(start)
        return cls(
            found=np.zeros(count, np.bool_),
            time=np.full(count, NO_TIME),
            level=np.zeros(count, np.int8),
            name=np.zeros(count, np.int32),
            body=start.copy(),
            end=end.copy(),
        )


class Shown(NamedTuple):
    """A block as its records show it: offsets as in `Records`, for each line."""

    block: bytes
    start: Offsets
    body: Offsets
    head_end: Offsets
    end: Offsets


def shown(text: Text, start: Offsets, end: Offsets, heads: Heads) -> Shown:
    """The block with what was laid out in place of the lines that it stood in."""
    if not heads.laid:
        return Shown(text.block, start, heads.body, heads.end, end)
    stop = text.breaks
    rows, all_laid = np.fromiter(heads.laid, np.int64, len(heads.laid)), list(heads.laid.values())
    texts = [laid.text for laid in all_laid]
    pieces = [b""] * len(start)
    plain = np.ones(len(pieces), np.bool_)
    plain[rows] = False
    for row in np.flatnonzero(plain).tolist():
        pieces[row] = text.block[start[row] : stop[row]]
    for row, laid in zip(rows.tolist(), texts, strict=True):
        pieces[row] = laid
    sizes = np.array(list(map(len, texts)))
    body, head_end, length, whole = heads.body - start, heads.end - start, end - start, stop - start
    body[rows] = [laid.body for laid in all_laid]
    line = np.array([text.find(b"\n") for text in texts])
    head_end[rows] = np.where(line >= 0, line, sizes)
    length[rows] = whole[rows] = sizes
    breaks = np.ones(len(pieces), np.int64)
    breaks[rows] = [not laid.gone for laid in all_laid]
    first = np.zeros(len(pieces), np.int64)
    first[1:] = np.cumsum((whole + breaks)[:-1])
    ends = first + length
    last = np.maximum.accumulate(np.where(breaks == 1, np.arange(len(pieces)), 0))
    ends[breaks == 0] = ends[last[breaks == 0]]
    block = b"\n".join([piece for piece, broken in zip(pieces, breaks.tolist(), strict=True) if broken])
    return Shown(b"".join((block, b"\n", PAD)), first, first + body, first + head_end, ends)
