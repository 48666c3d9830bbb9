"""What is kept of a stream: the last entries, bounded in number and in bytes."""

from __future__ import annotations

from agent_core.streaming.live.raw import Entry

MOST = 50_000
"""Entries that are kept."""
MOST_BYTES = 64 * 1024 * 1024
_NEARLY = 0.9
"""The share of the bytes from which on it counts as full: the next message may be a large one."""


class Ring:
    """Entries in the order of their numbers, which need not be without gaps; of more the first go.

    Args:
        most: How many are kept.
        most_bytes: How many bytes they take at most, about; the last one is kept whatever it takes.
    """

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._all: list[Entry] = []
        self._first = 0  # those before it are gone; the list is cut now and then, since it moves all others
        self.bytes = 0
        """What they take, about."""
        self.dropped = 0
        """How many are gone."""

    def __len__(self) -> int:
        return len(self._all) - self._first

    @property
    def full(self) -> bool:
        """Whether more entries make others go."""
        return len(self) >= self._most or self.bytes >= _NEARLY * self._most_bytes

    def append(self, entry: Entry) -> None:
        """One more, with a higher number than those before."""
        self._all.append(entry)
        self.bytes += entry.weight
        while (self.bytes > self._most_bytes or len(self._all) - self._first > self._most) and len(self) > 1:
            self.bytes -= self._all[self._first].weight
            self._first += 1
            self.dropped += 1
        if self._first > self._most // 4:
            del self._all[: self._first]
            self._first = 0

    def between(self, begin: int, end: int) -> list[Entry]:
        """Those at these places, from 0."""
        return self._all[self._first + max(0, begin) : self._first + max(0, end)]

    def at_or_after(self, number: int) -> int:
        """The place of the first entry of this number or a higher one."""
        low, high = self._first, len(self._all)
        while low < high:
            middle = (low + high) // 2
            if self._all[middle].number < number:
                low = middle + 1
            else:
                high = middle
        return low - self._first
