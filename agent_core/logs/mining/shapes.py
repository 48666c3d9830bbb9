"""The distinct masked messages ("shapes") of some logs, numbered, and kept apart only while they need be.

Numbers are never reused; a shape that became part of another one leads to it. Memory is bounded: by `MOST`
shapes, by `MOST_CHARS` of their text, and by `MOST_NUMBERS` that are ever given out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.mining.closing import FOLDED, SETTLED, Limits, Words, closed, covering, ordered, pattern
from agent_core.logs.mining.masks import VARIABLE, put_together, taken_apart

MOST = 16_384
MOST_CHARS = 1 << 22
MOST_NUMBERS = 1 << 20
_AT_LEAST = 64
"""Shapes of one frame before it is looked at which of them are one."""


@dataclass(slots=True)
class Group:
    """The shapes of one frame.

    Attributes:
        rows: Their numbers, by their words.
        patterns: The sets of positions that are variable in some shape.
        due: At so many shapes it is looked again which of them are one.
        fresh: Whether something changed since the templates were last decided.
    """

    rows: dict[Words, int] = field(default_factory=dict[Words, int])
    patterns: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    due: int = _AT_LEAST
    fresh: bool = True

    def find(self, words: Words) -> int | None:
        """The shape that such words belong to."""
        number = self.rows.get(words)
        if number is not None:
            return number
        whole = covering(words, self.patterns, self.rows)
        return self.rows[whole] if whole else None

    def note(self, words: Words) -> None:
        """Look up by the variable positions of a shape from now on."""
        positions = pattern(words)
        if positions and positions not in self.patterns:
            self.patterns = ordered((*self.patterns, positions))


class Shapes:
    """Numbers shapes and counts their messages."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self._rows: dict[int, tuple[str, Words]] = {}
        self._chars = 0
        self._numbers = 0
        self._into = np.arange(1024, dtype=np.int32)
        self._counts = np.zeros(1024, np.int64)
        self._kept = np.zeros(1024, np.int64)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._rows)

    @property
    def numbers(self) -> int:
        """How many numbers were given out."""
        return self._numbers

    def add(self, text: str) -> int:
        """The number of a masked message, which is a new shape if it belongs to none."""
        frame, words = taken_apart(text)
        group = self.groups.get(frame)
        number = group.find(words) if group else None
        if number is None:
            if self._numbers >= MOST_NUMBERS and text != VARIABLE:
                return self.add(VARIABLE)
            number = self._number()
            group = self._insert(frame, words, number)
            if len(group.rows) >= group.due:
                self._fold(frame, FOLDED)
            if len(self) > MOST or self._chars > MOST_CHARS:
                self._shrink()
        return int(self._into[number])

    def count(self, numbers: NDArray[np.int32]) -> None:
        """Count messages of shapes."""
        counts = np.bincount(numbers)
        self._counts[: len(counts)] += counts

    def now(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """The shapes that shapes became."""
        return self._into[numbers]

    def add_count(self, number: int, messages: int) -> None:
        """Count messages of one shape."""
        self._counts[number] += messages

    def text(self, number: int) -> str:
        """The masked message of a shape that is kept."""
        return put_together(*self._rows[number])

    def all(self) -> list[tuple[int, str, int]]:
        """The shapes that are kept: number, masked message, messages."""
        return [(number, put_together(*row), int(self._counts[number])) for number, row in self._rows.items()]

    def rows(self) -> list[tuple[int, str, Words, int]]:
        """The shapes that are kept, by number: number, frame, words, messages."""
        return [
            (number, frame, words, int(self._counts[number]))
            for number, (frame, words) in sorted(self._rows.items())
        ]

    def restore(self, frame: str, words: Words, messages: int) -> None:
        """Keep a shape as it was in `rows`; they are numbered in the order in which they come."""
        number = self._number()
        group = self._insert(frame, words, number)
        while group.due <= len(group.rows):
            group.due *= 2
        self._counts[number] = messages

    def since(self, number: int) -> int:
        """Messages of a shape that were counted since `keep`."""
        return int(self._counts[number] - self._kept[number])

    @property
    def any_since(self) -> bool:
        """Whether anything was counted since `keep`."""
        return not np.array_equal(self._counts, self._kept)

    def keep(self) -> None:
        """Count from here on what is new."""
        self._kept[:] = self._counts

    def fold(self) -> None:
        """Keep apart no more what need not be, whatever the order in which it came."""
        for frame, group in list(self.groups.items()):
            if group.fresh:
                self._fold(frame, FOLDED)

    def _fold(self, frame: str, limits: Limits) -> None:
        group = self.groups[frame]
        into = closed(group.rows, limits)
        self._merge(frame, {row: (frame, whole) for row, whole in into.items() if row != whole})
        group.due = max(_AT_LEAST, 2 * len(group.rows))

    def _number(self) -> int:
        number = self._numbers
        self._numbers += 1
        if number == len(self._into):
            self._into = np.concatenate((self._into, np.arange(number, 2 * number, dtype=np.int32)))
            self._counts = np.concatenate((self._counts, np.zeros(number, np.int64)))
            self._kept = np.concatenate((self._kept, np.zeros(number, np.int64)))
        return number

    def _insert(self, frame: str, words: Words, number: int) -> Group:
        group = self.groups.setdefault(frame, Group())
        group.rows[words] = number
        group.fresh = True
        group.note(words)
        self._rows[number] = frame, words
        self._chars += len(frame) + sum(map(len, words))
        return group

    def _merge(self, frame: str, into: dict[Words, tuple[str, Words]]) -> None:
        """Let rows of one frame become others, of the same or another one."""
        rows = self.groups[frame].rows
        wholes: dict[tuple[str, Words], list[int]] = {}
        for words, whole in into.items():
            number = rows.pop(words, None)
            if number is not None:
                wholes.setdefault(whole, []).append(number)
                del self._rows[number]
                self._chars -= len(frame) + sum(map(len, words))
        moved: dict[int, int] = {}
        for (other, whole), numbers in wholes.items():
            group = self.groups.get(other)
            number = group.rows.get(whole) if group else None
            if number is None:
                number = min(numbers)
                self._insert(other, whole, number)
            moved.update((old, number) for old in numbers if old != number)
        self._move(moved)
        if not rows:
            del self.groups[frame]

    def _move(self, moved: dict[int, int]) -> None:
        if not moved:
            return
        old = np.fromiter(moved, np.int32, len(moved))
        new = np.fromiter(moved.values(), np.int32, len(moved))
        for counts in (self._counts, self._kept):
            np.add.at(counts, new, counts[old])
            counts[old] = 0
        self._into[old] = new
        given = self._into[: self._numbers]
        given[:] = given[given]

    def _shrink(self) -> None:
        """Make room: first what would be one template anyway is one, then what was seen least."""
        for frame in list(self.groups):
            self._fold(frame, SETTLED)
        for least in (256, 16, 2):
            if self._roomy():
                return
            for frame in [frame for frame, group in self.groups.items() if len(group.rows) >= least]:
                self._merge_rare(frame)
        if not self._roomy():
            self._merge_rare_frames()

    def _roomy(self) -> bool:
        return len(self) <= MOST // 2 and self._chars <= MOST_CHARS // 2

    def _merge_rare(self, frame: str) -> None:
        """Keep of the shapes of a frame only those that were seen more often than half of them."""
        rows = self.groups[frame].rows
        median = _median([int(self._counts[number]) for number in rows.values()])
        rare = [words for words, number in rows.items() if self._counts[number] <= median]
        self._merge(frame, {words: (frame, (VARIABLE,) * len(words)) for words in rare})

    def _merge_rare_frames(self) -> None:
        """Keep only frames that were seen more often than half of them."""
        totals = {
            frame: int(self._counts[list(group.rows.values())].sum()) for frame, group in self.groups.items()
        }
        median = _median(list(totals.values()))
        surplus = taken_apart(VARIABLE)
        for frame, total in totals.items():
            if total <= median and frame != surplus[0]:
                self._merge(frame, dict.fromkeys(self.groups[frame].rows, surplus))


def _median(counts: list[int]) -> int:
    return sorted(counts)[len(counts) // 2]
