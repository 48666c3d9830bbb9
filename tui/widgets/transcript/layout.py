"""Where each unit's rows are: found by bisection, and rendered again in slices when the width changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from time import perf_counter

from tui.widgets.transcript.lines import BLANK, Line
from tui.widgets.transcript.units import Unit

_KEPT_ROWS = 8_000
"""Rendered rows kept in memory; units far from the view are rendered again when they are looked at."""


class Layout:
    """The list of units as one column of rows.

    After a change of width a unit keeps its old height as an estimate until it is looked at or `settle`
    reaches it, so that neither costs more than what is on the screen.
    """

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.width: int = 80
        self._heights: list[int] = []
        self._starts: list[int] = [0]
        self._widths: list[int] = []
        self._kept: list[int] = []
        self._kept_total = 0
        self._stale = 0

    def __len__(self) -> int:
        return len(self.units)

    @property
    def total(self) -> int:
        """Rows of everything."""
        return self.start(len(self.units))

    @property
    def stale(self) -> int:
        """Units whose height is an estimate."""
        return self._stale

    def start(self, index: int) -> int:
        """The row where the unit begins (its gap included)."""
        starts, heights = self._starts, self._heights
        while len(starts) <= index:
            starts.append(starts[-1] + heights[len(starts) - 1])
        return starts[index]

    def locate(self, row: int) -> tuple[int, int]:
        """The unit at a row, and the row within it."""
        self.start(len(self.units))
        index = min(max(0, bisect_right(self._starts, row) - 1), max(0, len(self.units) - 1))
        return index, row - self._starts[index]

    def lines(self, index: int) -> list[Line]:
        """The unit's rows, its gap included, at the current width."""
        unit = self.units[index]
        gap = int(unit.gap and index > 0)
        lines = unit.lines(self.width)
        self._keep(index, len(lines))
        if self._widths[index] != self.width:
            self._widths[index] = self.width
            self._stale -= 1
        self._set_height(index, len(lines) + gap)
        return [BLANK, *lines] if gap else lines

    def _keep(self, index: int, rows: int) -> None:
        self._kept_total += rows - self._kept[index]
        self._kept[index] = rows

    def _set_height(self, index: int, height: int) -> None:
        if self._heights[index] != height:
            self._heights[index] = height
            del self._starts[index + 1 :]

    def append(self, unit: Unit, *, later: bool = False) -> None:
        """Add a unit at the end; with `later` it is rendered when it is looked at, or by `settle`."""
        self.units.append(unit)
        self._kept.append(0)
        self._widths.append(0 if later else self.width)
        self._heights.append(unit.source.count("\n") + 2 if later else 0)
        if later:
            self._stale += 1
        else:
            self.lines(len(self.units) - 1)

    def truncate(self, count: int) -> None:
        """Keep the first `count` units."""
        for index in range(count, len(self.units)):
            self._keep(index, 0)
            self._stale -= self._widths[index] != self.width
        for rows in (self._heights, self._widths, self._kept):
            del rows[count:]
        del self.units[count:], self._starts[count + 1 :]

    def replace(self, index: int, unit: Unit) -> None:
        """Put another unit in a place."""
        self.units[index] = unit
        self.lines(index)

    def set_width(self, width: int) -> None:
        """Take a new width; every unit's height is an estimate from here on."""
        if width != self.width:
            self.width = width
            self._stale = sum([w != width for w in self._widths])

    def settle(self, around: int, budget: float) -> None:
        """Render units of another width, nearest to `around` first, for `budget` seconds."""
        end = perf_counter() + budget
        for index in self._outward(around):
            if not self._stale:
                return
            if self._widths[index] != self.width:
                self.lines(index)
                self.trim(around)
                if perf_counter() > end:
                    return

    def _outward(self, around: int) -> Iterator[int]:
        count = len(self.units)
        for distance in range(count):
            if around - distance >= 0:
                yield around - distance
            if distance and around + distance < count:
                yield around + distance

    def trim(self, around: int) -> None:
        """Forget rendered rows far from `around` when too many are kept."""
        if self._kept_total <= _KEPT_ROWS:
            return
        kept = 0
        for index in self._outward(min(around, len(self.units) - 1)):
            kept += self._kept[index]
            if kept > _KEPT_ROWS * 3 // 4 and self._kept[index]:
                kept -= self._kept[index]
                self._keep(index, 0)
                self.units[index].forget()
