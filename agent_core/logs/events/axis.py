"""Time made usable: one time for each record, and buckets that double in width so that all of it fits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.columns import NO_TIME

Times = NDArray[np.int64]
_PACE = 10
"""Milliseconds from one record to the next in a log without times."""


class Clock:
    """Gives each record of a source a time, in milliseconds.

    A record without one has that of the record before it. A log that has none at all gets records at an even
    pace, and `dated` is False.
    """

    def __init__(self) -> None:
        self.dated = False
        self.last = 0
        self.records = 0

    def fill(self, times: Times) -> Times:
        """The times of the next records, int64[n], none of them missing."""
        count = len(times)
        start, self.records = self.records, self.records + count
        good = times != NO_TIME
        if not self.dated and not good.any():
            return np.arange(start, start + count, dtype=np.int64) * _PACE
        if not self.dated:
            self.dated, self.last = True, int(times[good][0])
        if not good.all():
            times = self._carried(times, good)
        if count:
            self.last = int(times[-1])
        return times

    def _carried(self, times: Times, good: NDArray[np.bool_]) -> Times:
        source = np.maximum.accumulate(np.where(good, np.arange(len(times)), -1))
        return np.where(source >= 0, times[np.maximum(source, 0)], self.last)


class Axis:
    """Buckets of equal width over time; arrays that are counted along it are moved with it.

    Args:
        buckets: How many there are.

    Attributes:
        start: Where the first begins, in milliseconds.
        width: Milliseconds of a bucket; it doubles whenever a time would lie outside.
    """

    def __init__(self, buckets: int) -> None:
        self.buckets = buckets
        self.start = self.width = 0

    def bucket(self, times: Times) -> NDArray[np.int64]:
        """The bucket of each time; those have to be within."""
        return (times - self.start) // max(self.width, 1)

    @property
    def edges(self) -> Times:
        """Where each bucket begins."""
        return self.start + np.arange(self.buckets, dtype=np.int64) * self.width

    def fit(self, low: int, high: int) -> NDArray[np.int64] | None:
        """Make room for a span of time; where each old bucket's counts belong now, None for as before."""
        if self.width and self.start <= low and high < self.start + self.buckets * self.width:
            return None
        if not self.width:
            self.start, self.width = low - low % 1000, 1000
            self._widen(low, high)
            return None
        begin, end = min(low, self.start), max(high, self.start + self.buckets * self.width - 1)
        used = self.edges
        self._widen(begin, end)
        return (used - self.start) // self.width

    def _widen(self, low: int, high: int) -> None:
        self.start = low - low % self.width
        while high >= self.start + self.buckets * self.width:
            self.width *= 2
            self.start = low - low % self.width


def moved(counts: NDArray[Any], places: NDArray[np.int64]) -> NDArray[Any]:
    """Counts along an axis (the last dimension) at their new places."""
    kept = places < counts.shape[-1]
    result = np.zeros_like(counts)
    np.add.at(np.moveaxis(result, -1, 0), places[kept], np.moveaxis(counts, -1, 0)[kept])
    return result
