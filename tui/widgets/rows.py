"""A list of one-row items on the line API: a cursor, the mouse, and text that is shortened to fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message

from agent_core.text import cells, shorten, shorten_middle
from tui.keys import PANES, bindings
from tui.widgets.transcript.canvas import Canvas
from tui.widgets.transcript.lines import BLANK, Line, Run, at_most, clip, plain, wrap
from tui.widgets.transcript.strips import Row

_FEWEST = 4
"""Columns that a shortened text needs to say anything."""


class Item(NamedTuple):
    """One row: `lead`, then `text` shortened to what is left, and `right` at the right end. A lead that is
    wider than the list ends with an ellipsis.

    All text must be printable and on one line. `key` names the item over changes of the list. With
    `right_gives` the first run of the right end is shortened before the text is, and then left out.
    """

    text: str
    style: str = ""
    lead: tuple[Run, ...] = ()
    right: tuple[Run, ...] = ()
    key: str = ""
    middle: bool = False
    can_choose: bool = True
    right_gives: bool = False


class Rows(Canvas):
    """Items, one of which has the cursor."""

    DEFAULT_CSS = """
    Rows {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PANES)]

    class Chosen(Message, namespace="rows"):
        """An item was chosen."""

        def __init__(self, rows: Rows, item: Item) -> None:
            super().__init__()
            self.rows, self.item = rows, item

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    def __init__(
        self,
        *,
        empty: str = "",
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
        cursor_always: bool = False,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.items: list[Item] = []
        self.cursor = 0
        self.empty = empty
        self._cursor_always = cursor_always

    @property
    def current(self) -> Item | None:
        """The item with the cursor."""
        return self.items[self.cursor] if self.cursor < len(self.items) else None

    def set_items(self, items: Sequence[Item], *, empty: str | None = None) -> None:
        """Show these items; the cursor stays on the item of the same key, or else in its place."""
        key = self.current.key if self.current else ""
        self.items = list(items)
        if empty is not None:
            self.empty = empty
        kept = next((i for i, item in enumerate(self.items) if key and item.key == key), self.cursor)
        self.cursor = self._choosable(min(kept, max(0, len(self.items) - 1)), 1)
        self.virtual_size = Size(0, len(self.items))
        self.redraw()

    def put_cursor(self, index: int) -> None:
        """Move the cursor, and scroll as far as it takes."""
        if not self.items:
            return
        step = 1 if index >= self.cursor else -1
        self.cursor = self._choosable(max(0, min(index, len(self.items) - 1)), step)
        height = self.scrollable_content_region.height
        top = round(self.scroll_y)
        if self.cursor < top:
            self._scroll_rows(self.cursor if any(i.can_choose for i in self.items[: self.cursor]) else 0)
        elif height and self.cursor >= top + height:
            self._scroll_rows(self.cursor - height + 1)
        self.redraw()
        self.cursor_moved()

    def cursor_moved(self) -> None:
        """For subclasses: the cursor is on another item."""

    def _scroll_rows(self, top: int) -> None:
        # Forced, since the bar that allows it shows only once new items are laid out.
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def _choosable(self, index: int, step: int) -> int:
        for direction in (step, -step):
            at = index
            while 0 <= at < len(self.items):
                if self.items[at].can_choose:
                    return at
                at += direction
        return index

    # Drawing

    def redraw(self) -> None:
        """Draw what the window shows."""
        region = self.scrollable_content_region
        if not region.width or not region.height:
            return
        if not self.items:
            lines = wrap([(self.empty, "dim", None)], region.width) if self.empty else []
            rows = [Row(line) for line in at_most(lines, region.height, region.width)]
        else:
            top = round(self.scroll_y)
            last = min(len(self.items), top + region.height)
            rows = [self._row(index, region.width) for index in range(top, last)]
        rows += [Row(BLANK)] * (region.height - len(rows))
        self.paint(rows, region.width)

    def _row(self, index: int, width: int) -> Row:
        item = self.items[index]
        lead, right = clip(item.lead, width), item.right
        room = width - cells(plain(lead))
        if item.right_gives and right:
            (first, style, _), *rest = right
            left = room - max(cells(item.text), _FEWEST) - 1 - cells(plain(rest))
            shown = first if cells(first) <= left else shorten(first, left - 1)
            enough = cells(shown) >= min(cells(first), 2 * _FEWEST)
            right = (*([(shown, style, None)] if enough else []), *rest)
        taken = cells(plain(right))
        if taken and room - taken - 1 < _FEWEST:
            right, taken = (), 0
        room = max(0, room - (taken + 1 if taken else 0))
        text = shorten_middle(item.text, room) if item.middle else shorten(item.text, room)
        runs: tuple[Run, ...] = (*lead, (text, item.style, None))
        if taken:
            runs = (*runs, (" " * (room - cells(text) + 1), "", None), *right)
        on = index == self.cursor and item.can_choose and (self.has_focus or self._cursor_always)
        line = Line(runs, fill="prompt" if on else "")
        mark = ((0, width, "link-now"),) if on and self.palette.shapes else ()
        return Row(line, mark)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The window moved."""
        super().watch_scroll_y(old_value, new_value)
        self.redraw()

    def watch_show_vertical_scrollbar(self) -> None:
        """The window is one column wider or narrower."""
        self.call_after_refresh(self.redraw)

    def on_resize(self) -> None:
        """The window has another size."""
        self.redraw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor shows, or hides."""
        super().watch_has_focus(_has_focus)
        self.redraw()

    # Keys and mouse

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self.put_cursor(self.cursor + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by pages."""
        self.put_cursor(self.cursor + step * max(1, self.scrollable_content_region.height - 1))

    def action_half(self, step: int) -> None:
        """Move the cursor by half pages."""
        self.put_cursor(self.cursor + step * max(1, self.scrollable_content_region.height // 2))

    def action_edge(self, step: int) -> None:
        """Move the cursor to the first or last item."""
        self.put_cursor(len(self.items) - 1 if step > 0 else 0)

    def action_choose(self) -> None:
        """Choose the item with the cursor."""
        if (item := self.current) is not None and item.can_choose:
            self.post_message(self.Chosen(self, item))

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1:
            return
        index = round(self.scroll_y) + offset.y
        if index < len(self.items) and self.items[index].can_choose:
            moved = index != self.cursor
            self.put_cursor(index)
            self.clicked(moved=moved)

    def clicked(self, *, moved: bool) -> None:
        """The item with the cursor was clicked; `moved` says that this brought the cursor to it."""
        self.action_choose()
