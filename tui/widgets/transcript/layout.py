"""Where each unit's rows are: found by bisection, and rendered again in slices when the width changes."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from time import perf_counter

from tui.widgets.transcript.collection import CHUNK, Units
from tui.widgets.transcript.lines import BLANK, Line
from tui.widgets.transcript.units import Unit

_KEPT_ROWS = 4_000
"""Rendered rows kept in memory; units far from the view are rendered again when they are looked at."""
_WINDOW_ROWS = 200
"""As many as a window may show: what is in it stays rendered, however long it is."""


class Layout:
    """The list of units as one column of rows.

    After a change of width a unit keeps its old height as an estimate until it is looked at or `settle`
    reaches it, so that neither costs more than what is on the screen. Units on disk wait until they are
    looked at.
    """

    def __init__(self) -> None:
        self.units = Units()
        self.width: int = 80
        self._heights = array("l")
        self._starts = array("l", [0])
        self._widths = array("l")
        self._kept = array("l")
        self._kept_total = 0
        self._stale: set[int] = set()
        self._around = 0

    def __len__(self) -> int:
        return len(self.units)

    @property
    def total(self) -> int:
        """Rows of everything."""
        return self.start(len(self.units))

    @property
    def stale(self) -> int:
        """Units in memory whose height is an estimate."""
        return len(self._stale)

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
        lines = unit.lines(self.width)
        self._keep(index, len(lines))
        self._widths[index] = self.width
        self._stale.discard(index)
        out = _with_gap(unit, index, lines)
        self._set_height(index, len(out))
        return out

    def glance(self, index: int) -> list[Line]:
        """The same, but a unit on disk stays there."""
        if self.units.has(index):
            return self.lines(index)
        unit = self.units.read(index)
        return _with_gap(unit, index, unit.lines(self.width))

    def _keep(self, index: int, rows: int) -> None:
        self._kept_total += rows - self._kept[index]
        self._kept[index] = rows

    def _set_height(self, index: int, height: int) -> None:
        if self._heights[index] != height:
            self._heights[index] = height
            del self._starts[index + 1 :]

    def append(self, unit: Unit, *, later: bool = False) -> None:
        """Add a unit at the end; with `later` it is rendered when it is looked at, or by `settle`."""
        index = len(self.units)
        self.units.append(unit)
        self._kept.append(0)
        self._widths.append(0 if later else self.width)
        self._heights.append(unit.source.count("\n") + 2 if later else 0)
        if later:
            self._stale.add(index)
        else:
            self.lines(index)
        if index % CHUNK == 0:
            self._put_away(self._around)

    def truncate(self, count: int) -> None:
        """Keep the first `count` units."""
        for index in range(count, len(self.units)):
            self._keep(index, 0)
            self._stale.discard(index)
        for rows in (self._heights, self._widths, self._kept):
            del rows[count:]
        del self._starts[count + 1 :]
        self.units.truncate(count)

    def replace(self, index: int, unit: Unit) -> None:
        """Put another unit in a place."""
        self.units[index] = unit
        self.lines(index)

    def outdate(self, index: int) -> None:
        """A unit was changed that need not be rendered before it is looked at."""
        self._widths[index] = 0
        if self.units.has(index):
            self._stale.add(index)

    def set_width(self, width: int) -> None:
        """Take a new width; every unit's height is an estimate from here on."""
        if width != self.width:
            self.width = width
            present = self.units.in_memory(self._around)
            self._stale = {index for index in present if self._widths[index] != width}

    def settle(self, around: int, budget: float) -> None:
        """Render units of another width, nearest to `around` first, for `budget` seconds."""
        end = perf_counter() + budget
        for index in sorted(self._stale, key=lambda index: abs(index - around)):
            if index not in self._stale:
                continue  # on disk by now
            self.lines(index)
            self.trim(around)
            if perf_counter() > end:
                return

    def trim(self, around: int) -> None:
        """Forget rendered rows far from `around` when too many are kept, and put away what is too much.

        What shows from `around` on, and what may still grow at the end, stays: the next frame wants it.
        """
        self._around = around
        self._put_away(around)
        if self._kept_total <= _KEPT_ROWS:
            return
        kept, last = 0, len(self.units) - 1
        wanted = range(around, self.locate(self.start(around) + _WINDOW_ROWS)[0] + 1)
        present = self.units.in_memory(around)
        for index in sorted(present, key=lambda index: abs(index - around)):
            kept += self._kept[index]
            if kept > _KEPT_ROWS * 3 // 4 and self._kept[index] and index != last and index not in wanted:
                kept -= self._kept[index]
                self._keep(index, 0)
                self.units[index].shed()

    def _put_away(self, around: int) -> None:
        for units in self.units.put_away(around):
            self._stale.difference_update(units)
            for index in units:
                self._keep(index, 0)


def _with_gap(unit: Unit, index: int, lines: list[Line]) -> list[Line]:
    """Its rows below an empty one, where there is to be one."""
    return [BLANK, *lines] if unit.gap and index else lines
