"""Find text in the conversation: matches as places, across soft-wrapped rows too."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len

from tui.widgets.transcript.layout import Layout
from tui.widgets.transcript.lines import Line

_MARKUP = re.compile(r"[*_`~#>|\\]+")
_MOST = 10_000


class Span(NamedTuple):
    """Cells of one row of a unit (gap included) that belong to match number `match`."""

    unit: int
    row: int
    start: int
    end: int
    match: int


class Search:
    """The matches of one query. Letters match without regard to case, unless the query has a capital."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.current = -1
        self._spans: list[Span] = []
        self._by_row: dict[tuple[int, int], list[Span]] = {}
        self._firsts: list[Span] = []
        flags = re.IGNORECASE if query == query.lower() else 0
        self._pattern = re.compile(r"\s+".join([re.escape(word) for word in query.split()]), flags)

    @property
    def count(self) -> int:
        """Number of matches."""
        return len(self._firsts)

    def run(self, page: Layout) -> None:
        """Look through the whole page; units whose source cannot match are not rendered for it."""
        self._spans, self._firsts = [], []
        self._by_row = {}
        if not self.query.strip():
            return
        for index, unit in enumerate(page.units):
            if unit.cached is None and not self._pattern.search(_MARKUP.sub("", unit.source)):
                continue
            self._search_unit(index, page.lines(index))
            if len(self._firsts) >= _MOST:
                break
        for span in self._spans:
            self._by_row.setdefault((span.unit, span.row), []).append(span)

    def _search_unit(self, unit: int, lines: list[Line]) -> None:
        starts: list[int] = []
        parts: list[str] = []
        at = 0
        for number, line in enumerate(lines):
            join = line.join if number else ""
            at += len(join)
            starts.append(at)
            parts += (join, line.text[line.lead :])
            at += len(parts[-1])
        for match in self._pattern.finditer("".join(parts)):
            number = len(self._firsts)
            spans = [
                Span(unit, row, start, end, number)
                for row, start, end in _rows(match, starts, lines)
                if start < end
            ]
            if spans:
                self._firsts.append(spans[0])
                self._spans.extend(spans)

    def step(self, forward: bool, top: tuple[int, int]) -> Span | None:
        """Make the next (or previous) match the current one; the first time the first at or below `top`."""
        if not self._firsts:
            return None
        if self.current < 0:
            at = bisect_left([(span.unit, span.row) for span in self._firsts], top)
            self.current = at % self.count if forward else (at - 1) % self.count
        else:
            self.current = (self.current + (1 if forward else -1)) % self.count
        return self._firsts[self.current]

    def on_row(self, unit: int, row: int) -> list[Span]:
        """The spans on a row."""
        return self._by_row.get((unit, row), [])


def _rows(match: re.Match[str], starts: list[int], lines: list[Line]) -> Iterator[tuple[int, int, int]]:
    """The rows a match lies on, with its first and last cell there."""
    for row, line in enumerate(lines):
        text = line.text
        begin, end = starts[row], starts[row] + len(text) - line.lead
        if end <= match.start() or begin >= match.end():
            continue
        first = max(match.start() - begin, 0) + line.lead
        last = min(match.end(), end) - begin + line.lead
        yield row, cell_len(text[:first]), cell_len(text[:last])
