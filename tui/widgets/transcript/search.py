"""Find text in the conversation: matches as places, across soft-wrapped rows too.

A long conversation is looked through in slices, from what is read on to its end and then from its beginning:
the first match comes at once, and no key waits for the last.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

from rich.cells import cell_len

from tui.widgets.transcript.layout import Layout
from tui.widgets.transcript.lines import Line, offsets

_MARKUP = re.compile(r"[*_`~#>|\\]+")
_MOST = 10_000


class Span(NamedTuple):
    """Cells of one row of a unit (gap included) that belong to its match number `match`."""

    unit: int
    row: int
    start: int
    end: int
    match: int


class Search:
    """The matches of one query. Letters match without regard to case, unless the query has a capital.

    Args:
        query: What is looked for; its words may be on different rows.
        top: The unit and the row that are at the top of the window: there it begins.
    """

    def __init__(self, query: str, *, top: tuple[int, int] = (0, 0)) -> None:
        self.query = query
        self.current: Span | None = None
        """The first span of the match that was gone to."""
        self.count = 0
        self._top = top
        self._kept: tuple[int, int] | None = None
        """The unit and the number in it of the match that becomes the current one once it is found."""
        self._is_again = False
        self._spans: dict[int, list[list[Span]]] = {}
        """By unit: its matches, each as its spans."""
        self._units: list[int] = []
        self._next, self._end = top[0], -1
        self._wrapped = False
        flags = re.IGNORECASE if query == query.lower() else 0
        self._pattern = re.compile(r"\s+".join([re.escape(word) for word in query.split()]), flags)

    def anew(self, top: tuple[int, int]) -> Search:
        """The same search in a page with other rows; its current match stays the current one."""
        search = Search(self.query, top=top)
        search._is_again = True
        search._kept = (self.current.unit, self.current.match) if self.current else self._kept
        return search

    @property
    def goes_to_first(self) -> bool:
        """Whether the first match is to be gone to once there is one."""
        return self.current is None and not self._is_again

    @property
    def done(self) -> bool:
        """Whether everything was looked through."""
        return (self._wrapped and self._next >= self._top[0]) or self.count >= _MOST

    @property
    def number(self) -> int:
        """The number of the current match from 1; 0 where there is none."""
        if self.current is None:
            return 0
        before = self._units[: bisect_left(self._units, self.current.unit)]
        return sum([len(self._spans[unit]) for unit in before]) + self.current.match + 1

    def look(self, page: Layout, seconds: float) -> None:
        """Look on for so long; units whose source cannot match are not rendered for it."""
        if not self._wrapped and self._end < 0:
            self._end = len(page)
        until = perf_counter() + seconds
        while not self.done:
            if not self._wrapped and self._next >= self._end:
                self._wrapped, self._next = True, 0
                continue
            self._look_at(page, self._next)
            self._next += 1
            if perf_counter() > until:
                return

    def look_again(self, page: Layout, first: int) -> None:
        """Look at the units from `first` on, which are new or have changed; only once it is done."""
        if not self.done:
            return
        for unit in self._units[bisect_left(self._units, first) :]:
            self._forget(unit)
        for unit in range(first, len(page)):
            self._look_at(page, unit)
        self._end = len(page)

    @property
    def looked_to(self) -> int:
        """The number of units that there were when it began."""
        return self._end

    def recheck(self, page: Layout, unit: int) -> None:
        """Look again at a unit of which other rows show; one that it comes to yet can wait."""
        if self.done or unit in self._spans:
            self._forget(unit)
            self._look_at(page, unit)

    def _forget(self, unit: int) -> None:
        if unit in self._spans:
            self.count -= len(self._spans.pop(unit))
            self._units.remove(unit)

    def _look_at(self, page: Layout, index: int) -> None:
        if index >= len(page):
            return
        self._forget(index)
        unit = page.units.read(index)
        if unit.cached is None and not self._pattern.search(_MARKUP.sub("", unit.source)):
            return
        if found := self._matches(index, page.glance(index)):
            insort(self._units, index)
            self._spans[index] = found
            self.count += len(found)
            if self._kept is not None and self._kept[0] == index and self.current is None:
                self.current = found[min(self._kept[1], len(found) - 1)][0]

    def _matches(self, unit: int, lines: list[Line]) -> list[list[Span]]:
        starts = offsets(lines)
        text = "".join([line.join + line.text[line.lead :] for line in lines])
        found: list[list[Span]] = []
        for match in self._pattern.finditer(text[len(lines[0].join) :] if lines else ""):
            spans = [
                Span(unit, row, start, end, len(found))
                for row, start, end in _rows(match, starts, lines)
                if start < end
            ]
            if spans:
                found.append(spans)
        return found

    def step(self, forward: bool) -> Span | None:
        """Make the next (or previous) match the current one; the first time the first at or below the top."""
        if not self._units:
            return None
        if self.current is None:
            self.current = self._beside(self._top, forward=forward)
        else:
            here = (self.current.unit, self.current.match)
            self.current = self._after(here) if forward else self._before(here)
        return self.current

    def _beside(self, top: tuple[int, int], *, forward: bool) -> Span:
        """The first match at or below a row; or the last one above it."""
        at = bisect_left(self._units, top[0])
        if at < len(self._units) and self._units[at] == top[0]:
            firsts = [spans[0] for spans in self._spans[top[0]]]
            below = bisect_left([span.row for span in firsts], top[1])
            if forward and below < len(firsts):
                return firsts[below]
            if not forward and below:
                return firsts[below - 1]
            at += forward
        return self._first_of(at) if forward else self._last_of(at - 1)

    def _after(self, here: tuple[int, int]) -> Span:
        unit, match = here
        at = bisect_left(self._units, unit)
        if match + 1 < len(self._spans.get(unit, ())):
            return self._spans[unit][match + 1][0]
        return self._first_of(at + (unit in self._spans))

    def _before(self, here: tuple[int, int]) -> Span:
        unit, match = here
        if match and unit in self._spans:
            return self._spans[unit][min(match, len(self._spans[unit])) - 1][0]
        return self._last_of(bisect_left(self._units, unit) - 1)

    def _first_of(self, at: int) -> Span:
        return self._spans[self._units[at % len(self._units)]][0][0]

    def _last_of(self, at: int) -> Span:
        return self._spans[self._units[at]][-1][0]

    def on_row(self, unit: int, row: int) -> Iterator[tuple[int, int, bool]]:
        """The cells on a row that match, and whether they are of the current match."""
        matches = self._spans.get(unit, [])
        # In the order of the text: neither their first rows nor their last ones go up again.
        first = bisect_left(matches, row, key=lambda spans: spans[-1].row)
        for spans in matches[first:]:
            if spans[0].row > row:
                return
            for span in spans:
                if span.row == row:
                    current = self.current
                    now = current is not None and (current.unit, current.match) == (unit, span.match)
                    yield span.start, span.end, now


def _rows(match: re.Match[str], starts: list[int], lines: list[Line]) -> Iterator[tuple[int, int, int]]:
    """The rows a match lies on, with its first and last cell there."""
    for row in range(max(0, bisect_right(starts, match.start()) - 1), bisect_left(starts, match.end())):
        line = lines[row]
        text = line.text
        begin, end = starts[row], starts[row] + len(text) - line.lead
        if end <= match.start():
            continue
        first = max(match.start() - begin, 0) + line.lead
        last = min(match.end(), end) - begin + line.lead
        yield row, cell_len(text[:first]), cell_len(text[:last])
