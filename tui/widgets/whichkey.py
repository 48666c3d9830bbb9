"""The hint behind the leader key: letters and what they do, in columns at the bottom of the screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from textual import events
from textual.content import Content

from agent_core.text import cells, shorten
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import BLANK, Line, Run

_GAP = 2


class Entry(NamedTuple):
    """A key, what it does, and its other key."""

    key: str
    title: str
    other: str = ""


class Group(NamedTuple):
    """Entries that belong together, under a heading; "" for none."""

    title: str
    entries: tuple[Entry, ...]


class _Cell(NamedTuple):
    runs: tuple[Run, ...]
    key: str = ""


class WhichKey(Sheet):
    """Lies over the screen, takes no focus, and shows what it was told last.

    Args:
        choose: Called with the key of an entry that was clicked.
    """

    DEFAULT_CSS = """
    WhichKey {
        dock: bottom;
        layer: which-key;
        width: 100%;
        height: auto;
        max-height: 100%;
        background: $surface;
        border: round $border;
        border-title-color: $text-primary;
        border-title-style: bold;
        border-subtitle-color: $foreground 60%;
        padding: 0 1;
    }
    WhichKey:ansi { background: ansi_default; }
    """

    def __init__(self, choose: Callable[[str], Awaitable[None]]) -> None:
        super().__init__(self._lines)
        self._choose = choose
        self._groups: tuple[Group, ...] = ()
        self._table: list[list[_Cell]] = []
        self._widths: list[int] = []

    def say(self, groups: Sequence[Group], *, title: str, ways: str) -> None:
        """Show these groups; `ways` says how to go on or leave."""
        self._groups = tuple(group for group in groups if group.entries)
        self.border_title, self.border_subtitle = Content(title), Content(ways)
        self.show(self._lines)

    async def on_click(self, event: events.Click) -> None:
        """A click on an entry is its key."""
        event.stop()
        offset = event.get_content_offset(self)
        if offset is None or offset.y >= len(self._table):
            return
        x = offset.x
        for width, cell in zip(self._widths, self._table[offset.y], strict=True):
            if 0 <= x < width and cell.key:
                await self._choose(cell.key)
            x -= width + _GAP

    def _lines(self, width: int) -> list[Line]:
        columns = _columns(self._groups, width, max(1, self.screen.size.height - 2))
        self._widths = [max(_width(cell) for cell in column) for column in columns]
        height = max((len(column) for column in columns), default=0)
        spare = width - sum(self._widths) - _GAP * (len(columns) - 1)
        if len(columns) > 1 and spare > 0:  # spread them a little: not to the edges of a wide terminal
            more = min(spare // len(columns), 6)
            self._widths = [each + more for each in self._widths]
        self._table = [
            [column[row] if row < len(column) else _Cell(()) for column in columns] for row in range(height)
        ]
        return [_joined(row, self._widths) for row in self._table] or [BLANK]


def _joined(row: Sequence[_Cell], widths: Sequence[int]) -> Line:
    runs: list[Run] = []
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        used = _width(cell)
        last = number == len(row) - 1
        runs += [*cell.runs, (" " * (0 if last else width - used + _GAP), "", None)]
    return Line(tuple(runs))


def _columns(groups: Sequence[Group], width: int, height: int) -> list[list[_Cell]]:
    """The groups side by side, each with its other keys where there is room; else without; else all entries
    in as many columns as there is room for, or as it takes to show all of them."""
    for other in (True, False):
        columns = [_column(group, other) for group in groups]
        if len(groups) > 1 and _needed(columns) <= width:
            return columns
    flow = [cell for group in groups for cell in _column(group, other=False)]
    most = max((_width(cell) for cell in flow), default=1)
    count = max((width + _GAP) // (most + _GAP), -(-len(flow) // height), 1)
    rows = -(-len(flow) // count)
    each = max(1, (width + _GAP) // count - _GAP)
    cut = [_cut(cell, each) for cell in flow]
    return [cut[start : start + rows] for start in range(0, len(cut), rows)]


def _width(cell: _Cell) -> int:
    return sum(cells(run[0]) for run in cell.runs)


def _needed(columns: Sequence[Sequence[_Cell]]) -> int:
    widths = [max(_width(cell) for cell in column) for column in columns]
    return sum(widths) + _GAP * (len(widths) - 1)


def _column(group: Group, other: bool) -> list[_Cell]:
    keys = max(cells(entry.key) for entry in group.entries)
    titles = max(cells(entry.title) for entry in group.entries)
    head = [_Cell(((group.title, "h2", None),))] if group.title else []
    return [*head, *(_cell(entry, keys, titles if other else 0) for entry in group.entries)]


def _cell(entry: Entry, keys: int, titles: int) -> _Cell:
    lead = " " * (keys - cells(entry.key))
    runs: tuple[Run, ...] = ((f"{lead}{entry.key}", "mark", None), (f"  {entry.title}", "title", None))
    if titles and entry.other:
        runs = (*runs, (" " * (titles - cells(entry.title) + 2) + entry.other, "dim", None))
    return _Cell(runs, entry.key)


def _cut(cell: _Cell, width: int) -> _Cell:
    used = _width(cell)
    if used <= width or not cell.runs:
        return cell
    *rest, (text, style, link) = cell.runs
    room = width - sum(cells(run[0]) for run in rest)
    return _Cell((*rest, (shorten(text, max(1, room)), style, link)), cell.key)
