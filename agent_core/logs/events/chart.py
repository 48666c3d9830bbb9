"""When there was how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.api import Bar
from agent_core.logs.events.axis import Axis, moved
from agent_core.logs.events.rows import GRAVITY, Ints

_SPANS = 128
_BARS = 64
_ROWS = 3  # lines, and of them those of a warning, of an error


class Chart:
    """Counts of lines along time, in buckets that double in width.

    Attributes:
        axis: The time.
        spans: Lines, those of a warning, of an error along it; int64[3, spans].
    """

    def __init__(self) -> None:
        self.axis = Axis(_SPANS)
        self.spans = np.zeros((_ROWS, _SPANS), np.int64)

    def count(self, levels: NDArray[np.int8], times: Ints) -> None:
        """Count the records of a block: the level and the time of each."""
        self._fit(int(times.min()), int(times.max()))
        places = GRAVITY[levels] * _SPANS + self.axis.bucket(times)
        self.spans += np.bincount(places, minlength=_ROWS * _SPANS).reshape(_ROWS, _SPANS)

    def bars(self) -> tuple[Bar, ...]:
        """At most 64 bars of equal width over all of the time."""
        lines = self.spans.sum(axis=0)
        used = np.flatnonzero(lines)
        if not len(used):
            return ()
        first, step = int(used[0]), -(-(int(used[-1]) - int(used[0]) + 1) // _BARS)
        return tuple(
            Bar(
                began=(self.axis.start + place * self.axis.width) / 1000,
                lines=int(lines[place : place + step].sum()),
                warnings=int(self.spans[1, place : place + step].sum()),
                errors=int(self.spans[2, place : place + step].sum()),
            )
            for place in range(first, int(used[-1]) + 1, step)
        )

    def _fit(self, low: int, high: int) -> None:
        places = self.axis.fit(low, high)
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
