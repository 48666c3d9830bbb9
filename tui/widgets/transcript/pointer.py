"""The mouse in the conversation: drag selects, click opens, folds, shows more."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events

from tui.widgets.transcript.lines import Line, Link
from tui.widgets.transcript.reader import Reader
from tui.widgets.transcript.selection import Position, Selection, index_at, word_at
from tui.widgets.transcript.units import Markdown


class PointedReader(Reader):
    """A `Reader` that also works with a mouse."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._drag: Position | None = None
        self._dragged = False

    def _position(self, event: events.MouseEvent) -> Position | None:
        if not self.page.units:
            return None
        offset = event.get_content_offset_capture(self)
        row = min(max(0, round(self.scroll_y) + offset.y), max(0, self.page.total - 1))
        return Position(*self.page.locate(row), max(0, offset.x))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A selection may begin."""
        if event.button == 1:
            self._drag, self._dragged = self._position(event), False
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw the selection; past the edge the page scrolls."""
        if self._drag is None or (here := self._position(event)) is None:
            return
        if here != self._drag or self._dragged:
            self._dragged = True
            offset = event.get_content_offset_capture(self)
            self.selection = Selection(self._drag, here)
            edge = min(0, offset.y) + max(0, offset.y - self.window_height + 1)
            if edge:
                self.scroll_to_row(round(self.scroll_y) + edge)
            else:
                self.repaint()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The selection is complete."""
        if self._drag is not None:
            self.release_mouse()
            self._drag = None
            if self._dragged:
                self.focus()

    def on_click(self, event: events.Click) -> None:
        """Follow a link, fold, show more, jump to the end; twice selects a word, three times a block."""
        position = self._position(event)
        if position is None or self._dragged or event.button != 1:
            return
        if self.new_below and event.get_content_offset_capture(self).y == self.window_height - 1:
            self.follow()
            return
        lines = self.page.lines(position.unit)
        line = lines[position.row] if position.row < len(lines) else Line()
        if event.chain in (2, 3):
            self.focus()
        if event.chain == 2:
            start, end = word_at(line.text, position.cell)
            cells = cell_len(line.text[:start]), cell_len(line.text[:end])
            self.select(Selection(position._replace(cell=cells[0]), position._replace(cell=cells[1])))
        elif event.chain == 3:
            self.select_units(position.unit, position.unit)
        else:
            self.select(None)
            self._clicked(position, line)

    def _clicked(self, position: Position, line: Line) -> None:
        unit = self.page.units[position.unit]
        if link := _link_at(line, position.cell):
            self.open_link(link)
        elif line.action == "toggle":
            self.toggle_unit(position.unit)
        elif line.action == "more":
            self.show_more(position.unit)
        elif line.action == "copy-code" and isinstance(unit, Markdown) and (code := unit.code):
            self.copy(code)


def _link_at(line: Line, cell: int) -> Link | None:
    if cell >= line.cells:
        return None
    index, at = index_at(line.text, cell), 0
    for text, _, link in line.runs:
        at += len(text)
        if index < at:
            return link
    return None
