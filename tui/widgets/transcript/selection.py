"""Which characters are selected, and what copying them gives."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

from tui.widgets.transcript.lines import Line


class Position(NamedTuple):
    """A place in the conversation: unit, row of the unit (gap included), cell of the row."""

    unit: int
    row: int
    cell: int


END = 1_000_000
"""A row, or a cell, behind every other: a unit is selected as a whole, on however many rows it is."""


class Selection(NamedTuple):
    """From `anchor` to `head`, in either order; the cell of the later one is not included."""

    anchor: Position
    head: Position

    @property
    def first(self) -> Position:
        """The earlier end."""
        return min(self.anchor, self.head)

    @property
    def last(self) -> Position:
        """The later end."""
        return max(self.anchor, self.head)

    @property
    def is_whole(self) -> bool:
        """Whether it is of whole units."""
        return self.last.row == END

    def span(self, unit: int, row: int, line: Line) -> tuple[int, int] | None:
        """The selected cells of a row; None when there are none."""
        first, last = self.first, self.last
        if not (first.unit, first.row) <= (unit, row) <= (last.unit, last.row):
            return None
        start = first.cell if (unit, row) == (first.unit, first.row) else 0
        end = last.cell if (unit, row) == (last.unit, last.row) else line.cells
        start, end = max(start, cell_len(line.text[: line.lead])), min(end, line.cells)
        return (start, end) if start < end else None


def index_at(text: str, cell: int) -> int:
    """The index of the character that covers the cell (or of the one after the last)."""
    at = 0
    for start, _, width in split_graphemes(text)[0]:
        if at + width > cell:
            return start
        at += width
    return len(text)


def word_at(text: str, cell: int) -> tuple[int, int]:
    """First and last index of the word (letters, digits, and what paths are made of) at the cell."""
    start = end = index_at(text, cell)
    while start > 0 and _in_word(text[start - 1]):
        start -= 1
    while end < len(text) and _in_word(text[end]):
        end += 1
    return start, max(end, min(start + 1, len(text)))


def _in_word(char: str) -> bool:
    return char.isalnum() or char in "_-./@~"


def extract(rows: list[tuple[Line, tuple[int, int] | None]]) -> str:
    """The text of rows with their selected cells: decoration left out, soft wraps joined again."""
    out: list[str] = []
    for line, span in rows:
        text = line.text
        piece = text[index_at(text, span[0]) : index_at(text, span[1])] if span else ""
        if out:
            out.append(line.join)
        out.append(piece.rstrip() if span and span[1] >= line.cells else piece)
    return "".join(out)
