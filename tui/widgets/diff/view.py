"""All files of a change as one page of rows, of which only those in the window are drawn."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message

from tui.keys import DIFF, bindings
from tui.widgets.diff.colours import Colours, coloured
from tui.widgets.diff.draft import FileDraft
from tui.widgets.diff.entries import Entry, Found, entries, ranges_of
from tui.widgets.diff.paint import Look, Painter, head_row
from tui.widgets.transcript.canvas import Canvas
from tui.widgets.transcript.lines import BLANK, wrap
from tui.widgets.transcript.strips import Row

Spot = tuple[int, int]
"""A file and a hunk in it; 0 in a file without hunks."""
_NO_COLOURS = Colours()
_FARTHEST = 20_000
_MOST_MADE = 4000
"""Rows that are kept as they are drawn."""


class DiffView(Canvas):
    """A change, one of whose hunks has the cursor."""

    DEFAULT_CSS = """
    DiffView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(DIFF)]

    class Moved(Message, namespace="diff"):
        """The cursor is on another hunk."""

    class Clicked(Message, namespace="diff"):
        """The mark of a hunk, or with None of a file, was clicked."""

        def __init__(self, file: int, hunk: int | None) -> None:
            super().__init__()
            self.file, self.hunk = file, hunk

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.files: list[FileDraft] = []
        self.spot: Spot = (0, 0)
        self.split = False
        self.shift = 0
        self.waiting = "Reading the change …"
        self._found: Mapping[str, Found] = {}
        self._entries: list[list[Entry]] = []
        self._starts = [0]
        self._ranges: list[dict[int, tuple[int, int]]] = []
        self._colours: dict[int, Colours] = {}
        self._pale: list[int] = []
        self._look: Look | None = None
        self._made: dict[tuple[int, bool], Row] = {}
        self._colouring = False

    # What it shows

    def show(self, files: Sequence[FileDraft], found: Mapping[str, Found]) -> None:
        """Show a change; what was coloured of files that stay the same is kept."""
        old = self.files
        self._colours = {
            place: colours
            for place, colours in self._colours.items()
            if place < len(old) and place < len(files) and old[place].change is files[place].change
        }
        self.files, self._found, self.waiting = list(files), found, ""
        self._lay_out()

    def mark(self, files: Sequence[FileDraft]) -> None:
        """The same change; other parts of it are wanted."""
        self.files = list(files)
        self._made.clear()
        self.redraw()

    def set_split(self, split: bool) -> None:
        """Side by side, or in one column; the hunk with the cursor stays in the window."""
        if split != self.split:
            self.split = split
            self._lay_out()

    def _lay_out(self) -> None:
        self._made.clear()
        self._entries = [
            entries(file, self._found.get(file.path, {}), split=self.split) for file in self.files
        ]
        self._starts = [0]
        for rows in self._entries:
            self._starts.append(self._starts[-1] + len(rows))
        self._ranges = [ranges_of(rows) for rows in self._entries]
        self.virtual_size = Size(0, self._starts[-1])
        file, hunk = self.spot
        file = max(0, min(file, len(self.files) - 1))
        self.spot = (file, min(hunk, self.files[file].slots - 1) if self.files else 0)
        self.reveal()

    # Places

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    @property
    def _top(self) -> int:
        return round(self.scroll_y)

    def _at(self, row: int) -> tuple[int, Entry]:
        """The file and the entry of a row of the page."""
        file = min(bisect_right(self._starts, row) - 1, len(self.files) - 1)
        return file, self._entries[file][min(row - self._starts[file], len(self._entries[file]) - 1)]

    def _rows_of(self, spot: Spot) -> tuple[int, int]:
        """The first and the last row of a hunk, or of all of a file without."""
        file, hunk = spot
        first, last = self._ranges[file].get(hunk, (0, len(self._entries[file]) - 1))
        if hunk == 0:
            first = 0  # with what is said of the file
        return self._starts[file] + first, self._starts[file] + last

    def reveal(self) -> None:
        """Bring the hunk with the cursor into the window."""
        if self.files:
            first, last = self._rows_of(self.spot)
            height = max(1, self._height)
            if first - (0 if self._is_head(first) else 1) < self._top or last >= self._top + height:
                self._scroll(first - (0 if self._is_head(first) else 2))
        self.redraw()
        self.post_message(self.Moved())

    def _is_head(self, row: int) -> bool:
        return self._at(row)[1].kind == "head"

    def _scroll(self, top: int) -> None:
        # Forced, since the bar that allows it shows only once the page is laid out.
        most = max(0, self._starts[-1] - self._height)
        self.scroll_to(y=max(0, min(top, most)), animate=False, force=True, immediate=True)

    def put(self, spot: Spot) -> None:
        """Go to a hunk."""
        if self.files:
            self.spot = spot
            self.reveal()

    def step(self, by: int) -> None:
        """Go to the next hunk, or the one before, of whatever file."""
        spots = [(place, hunk) for place, file in enumerate(self.files) for hunk in range(file.slots)]
        if spots:
            at = spots.index(self.spot) if self.spot in spots else 0
            self.put(spots[max(0, min(at + by, len(spots) - 1))])

    def go_to_line(self, path: str, line: int) -> bool:
        """Show a line of a file's new text; False where the change does not show it."""
        for place, file in enumerate(self.files):
            for hunk in file.hunks if file.path == path else ():
                if any(one.new == line for one in hunk.lines):
                    self.spot = (place, min(hunk.number, file.slots - 1))
                    self._scroll(self._row_of_line(place, hunk.number, line) - self._height // 3)
                    self.redraw()
                    self.post_message(self.Moved())
                    return True
        return False

    def _row_of_line(self, place: int, hunk: int, line: int) -> int:
        lines = self.files[place].hunks[hunk].lines
        for number, entry in enumerate(self._entries[place]):
            new = entry.right if entry.kind == "pair" else entry.left
            if entry.kind in ("line", "pair") and entry.hunk == hunk and new >= 0 and lines[new].new == line:
                return self._starts[place] + number
        return self._starts[place]

    # Drawing

    def redraw(self) -> None:
        """Draw what the window shows."""
        region = self.scrollable_content_region
        if region.width < 8 or not region.height:
            return
        look = Look(region.width, self.shift, self._plain())
        if look != self._look or len(self._made) > _MOST_MADE:
            self._look = look
            self._made.clear()
        rows: list[Row] = []
        painters: dict[int, Painter] = {}
        for row in range(self._top, min(self._starts[-1], self._top + region.height)):
            file, entry = self._at(row)
            if not rows and entry.kind != "head":  # the file's name stays at the top
                rows.append(head_row(self.files[file], region.width))
                continue
            if file not in painters:
                painters[file] = Painter(self.files[file], self._colours.get(file, _NO_COLOURS), look)
            now = (file, entry.hunk) == self.spot
            if (row, now) not in self._made:
                self._made[row, now] = painters[file].row(entry, now=now)
            rows.append(self._made[row, now])
        if not rows and self.waiting:
            rows = [Row(line) for line in wrap([(self.waiting, "dim", None)], region.width)]
        self.paint([*rows, *[Row(BLANK)] * (region.height - len(rows))], region.width)
        self._pale = [file for file in painters if file not in self._colours]
        if self._pale and not self._colouring:
            self._colouring = True
            self.run_worker(self._colour, group="colour")

    async def _colour(self) -> None:
        """Colour the files in the window, one after the other, for as long as there is one."""
        try:
            while self._pale:
                place = self._pale.pop(0)
                file = self.files[place]
                colours = await asyncio.to_thread(coloured, file, still=lambda: self.is_attached)
                if place < len(self.files) and self.files[place].change is file.change:
                    self._colours[place] = colours
                    self._made.clear()
                self.redraw()
        finally:
            self._colouring = False

    def _plain(self) -> bool:
        return self.palette.shapes

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The window moved; the cursor goes along where its hunk left it."""
        super().watch_scroll_y(old_value, new_value)
        self._follow()
        self.redraw()

    def _follow(self) -> None:
        if not self.files or not self._height:
            return
        first, last = self._rows_of(self.spot)
        bottom = self._top + self._height - 1
        if last > self._top and first <= bottom:
            return
        row = min(self._top + 1, self._starts[-1] - 1) if last <= self._top else bottom
        file, entry = self._at(row)
        slots = self.files[file].slots
        hunk = (
            entry.hunk if entry.hunk >= 0 else (0 if last <= self._top or entry.kind == "head" else slots - 1)
        )
        self.spot = (file, min(hunk, slots - 1))
        self.post_message(self.Moved())

    def watch_show_vertical_scrollbar(self) -> None:
        """The window is one column wider or narrower."""
        self.call_after_refresh(self.redraw)

    def on_resize(self) -> None:
        """The window has another size."""
        self.call_after_refresh(self.reveal)

    # Keys and mouse

    def action_lines(self, step: int) -> None:
        """Scroll by lines; where everything shows, go to the hunk."""
        most = max(0, self._starts[-1] - self._height)
        if 0 <= self._top + step <= most:
            self._scroll(self._top + step)
        else:
            self.step(step)

    def action_page(self, step: int) -> None:
        """Scroll by windows."""
        self._scroll(self._top + step * max(1, self._height - 2))

    def action_edge(self, step: int) -> None:
        """Go to the first hunk, or the last."""
        self.step(step * sum(file.slots for file in self.files))

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines."""
        self.shift = max(0, min(_FARTHEST, self.shift + columns))
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the hunk that was clicked; its mark toggles it."""
        offset = event.get_content_offset(self)
        row = self._top + (offset.y if offset else 0)
        if offset is None or event.button != 1 or row >= self._starts[-1]:
            return
        file, entry = self._at(row)
        head = entry.kind == "head" or offset.y == 0
        if offset.x < 4 and (head or entry.kind == "hunk"):
            self.post_message(self.Clicked(file, None if head else entry.hunk))
        if entry.hunk >= 0 and not head:
            self.spot = (file, min(entry.hunk, self.files[file].slots - 1))
            self.redraw()
            self.post_message(self.Moved())
