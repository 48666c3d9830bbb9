"""The heads of the lines of a block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.names import Names
from agent_core.logs.formats.patterns import AFTER, TAILS, WIDTH
from agent_core.logs.formats.text import Mask, Offsets, Text, pack
from agent_core.logs.formats.times import Clock
from agent_core.logs.levels import WORDS


@dataclass(slots=True)
class Heads:
    """What the heads of n lines say; a column each, filled step by step.

    Attributes:
        found: Which lines have a head.
        time: Milliseconds since the epoch, or `NO_TIME`.
        level: Of `Level`.
        name: Numbers of components.
        body: Where the message begins; the line's beginning where there is no head.
    """

    found: Mask
    time: Offsets
    level: NDArray[np.int8]
    name: NDArray[np.int32]
    body: Offsets


class HeadReader:
    """Reads the heads of lines.

    Args:
        clock: Reads their times.
        names: Numbers their components.
    """

    def __init__(self, *, clock: Clock, names: Names) -> None:
        self._clock = clock
        self._names = names

    def read(self, text: Text, start: Offsets, end: Offsets) -> Heads:
        """The heads of the lines from `start` to `end` (without their line breaks)."""
        count = len(start)
        heads = Heads(
            found=np.zeros(count, np.bool_),
            time=np.full(count, NO_TIME),
            level=np.zeros(count, np.int8),
            name=np.zeros(count, np.int32),
            body=start.copy(),
        )
        self._stamped(text, heads)
        self._tails(text, heads, np.flatnonzero(heads.found))
        np.minimum(heads.body, end, out=heads.body)
        return heads

    def _stamped(self, text: Text, heads: Heads) -> None:
        first = text.bytes[heads.body]
        bracket = (first == 91) | (first == 40)
        at = heads.body + bracket
        rows = np.flatnonzero(text.bytes[at] - 48 < 10)
        if not len(rows):
            return
        ok, time, behind = self._clock.iso(text, at[rows])
        rows, behind = rows[ok], behind[ok]
        closed = bracket[rows] & _CLOSING[text.bytes[behind]]
        heads.found[rows] = True
        heads.time[rows] = time[ok]
        heads.body[rows] = behind + closed

    def _tails(self, text: Text, heads: Heads, rows: Offsets) -> None:
        """Find level, component and message of lines whose message begins, so far, behind the time."""
        levelled: list[Offsets] = []
        for pattern in TAILS:
            done = self._apply(text, heads, rows, pattern)
            levelled.append(rows[done])
            rows = rows[~done]
            if not len(rows):
                break
        heads.body[rows] = _behind_spaces(text, heads.body[rows])
        rows = np.concatenate(levelled)
        rows = rows[heads.name[rows] == 0]
        for pattern in AFTER:
            if not len(rows):
                break
            rows = rows[~self._apply(text, heads, rows, pattern)]

    def _apply(self, text: Text, heads: Heads, rows: Offsets, pattern: str) -> Mask:
        """Match a pattern where the messages of the rows begin so far, and keep what it found."""
        if not len(rows):
            return np.zeros(0, np.bool_)
        found = text.match(pattern, heads.body[rows], WIDTH)
        ok = found.ok
        hit = rows[ok]
        if not len(hit):
            return ok
        if "level" in found:
            start, length = found["level"]
            heads.level[hit] = levels_of(text.words(start[ok], length[ok]))
        if "name" in found:
            start, length = found["name"]
            heads.name[hit] = self._names.of(text, start[ok], length[ok])
        heads.body[hit] = found.end("all")[ok]
        return ok


_CLOSING = np.zeros(256, np.bool_)
_CLOSING[[ord("]"), ord(")")]] = True

_PACKED = sorted((pack(word), int(level)) for word, level in WORDS.items())
_KEYS = np.array([key for key, _ in _PACKED], dtype=np.uint64)
_VALUES = np.array([value for _, value in _PACKED], dtype=np.int8)


def levels_of(words: NDArray[np.uint64]) -> NDArray[np.int8]:
    """The levels of words as `Text.words` gives them; UNKNOWN for others."""
    at = np.searchsorted(_KEYS, words)
    at[at == len(_KEYS)] = 0
    return np.where(_KEYS[at] == words, _VALUES[at], 0).astype(np.int8)


def _behind_spaces(text: Text, at: Offsets) -> Offsets:
    for _ in range(8):
        space = (text.bytes[at] == 32) | (text.bytes[at] == 9)
        if not space.any():
            break
        at = at + space
    return at
