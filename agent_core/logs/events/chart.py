"""When there was how much: of each kind in few buckets, of all records in more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.api import Bar
from agent_core.logs.columns import Records
from agent_core.logs.events.axis import Axis, moved
from agent_core.logs.events.rows import BUCKETS, GRAVITY, Groups, Ints

_SPANS = 128
_BARS = 64
_ROWS = 3  # lines, and of them those of a warning, of an error


class Chart:
    """Counts along time, in buckets that double in width.

    Attributes:
        axis: Of the `buckets` of each kind.
        spans: Lines, those of a warning, of an error along `span_axis`; int64[3, spans].
    """

    def __init__(self) -> None:
        self.axis, self.span_axis = Axis(BUCKETS), Axis(_SPANS)
        self.spans = np.zeros((_ROWS, _SPANS), np.int64)

    @classmethod
    def restored(cls, axes: tuple[int, int, int, int], spans: Ints) -> Chart:
        """A chart with these axes (start and width of each); raises ValueError when `spans` do not fit."""
        chart = cls()
        chart.axis = Axis(BUCKETS, axes[0], axes[1])
        chart.span_axis = Axis(_SPANS, axes[2], axes[3])
        chart.spans = spans.reshape(_ROWS, _SPANS).copy()
        return chart

    def count(
        self, kinds: NDArray[Any], numbers: Ints, groups: Groups, records: Records, times: Ints
    ) -> None:
        """Count a block, see `rows.count`."""
        self._fit(kinds, int(times.min()), int(times.max()))
        np.add.at(kinds["buckets"], (numbers[groups.of], self.axis.bucket(times[groups.order])), 1)
        spans = self.span_axis.bucket(times)
        gravity = GRAVITY[records.level]
        self.spans += np.bincount(gravity * _SPANS + spans, minlength=_ROWS * _SPANS).reshape(_ROWS, _SPANS)

    def merge(self, kinds: NDArray[Any], other: Chart, buckets: NDArray[Any]) -> NDArray[Any]:
        """Add up with another; `buckets` counted along its axis are given back along this one's."""
        if not other.axis.width:
            return buckets
        for axis in (other.axis, other.span_axis):
            self._fit(kinds, axis.start, axis.start + axis.width * axis.buckets - 1)
        self.spans += moved(other.spans, self.span_axis.bucket(other.span_axis.edges))
        return moved(buckets, self.axis.bucket(other.axis.edges))

    def bars(self) -> tuple[Bar, ...]:
        """At most 64 bars of equal width over all of the time."""
        lines = self.spans.sum(axis=0)
        used = np.flatnonzero(lines)
        if not len(used):
            return ()
        first, step = int(used[0]), -(-(int(used[-1]) - int(used[0]) + 1) // _BARS)
        return tuple(
            Bar(
                began=(self.span_axis.start + place * self.span_axis.width) / 1000,
                lines=int(lines[place : place + step].sum()),
                warnings=int(self.spans[1, place : place + step].sum()),
                errors=int(self.spans[2, place : place + step].sum()),
            )
            for place in range(first, int(used[-1]) + 1, step)
        )

    def _fit(self, kinds: NDArray[Any], low: int, high: int) -> None:
        places = self.axis.fit(low, high)
        if places is not None:
            kinds["buckets"] = moved(kinds["buckets"], places)
        places = self.span_axis.fit(low, high)
        if places is not None:
            self.spans = moved(self.spans, places)


def joined_bars(charts: Sequence[tuple[Bar, ...]]) -> tuple[Bar, ...]:
    """The bars of several sources, each counted at the time it begins, along one time; at most 64."""
    charts = [bars for bars in charts if bars]
    if len(charts) < 2:
        return charts[0] if charts else ()
    all_bars = [bar for bars in charts for bar in bars]
    start, end = min(bar.began for bar in all_bars), max(bar.began for bar in all_bars)
    width = max((end - start) / _BARS * 1.001, 1.0)
    counted = np.zeros((_BARS, _ROWS), np.int64)
    places = [int((bar.began - start) / width) for bar in all_bars]
    np.add.at(counted, places, [(bar.lines, bar.warnings, bar.errors) for bar in all_bars])
    last = max(places) + 1
    return tuple(Bar(start + place * width, *counted[place].tolist()) for place in range(last))
