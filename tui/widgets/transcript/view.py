"""The page under the transcript: it brings itself up to date, keeps the place while reading, follows the end.

Nothing is done per token. Changes are noted, and a timer that runs only while something is noted brings the
page up to date, compares the rows of the window with what they showed before, and repaints those that differ.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from time import perf_counter
from typing import Any

from textual import events
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from tui.widgets.transcript.canvas import Canvas
from tui.widgets.transcript.layout import Layout
from tui.widgets.transcript.lines import Line, offsets
from tui.widgets.transcript.strips import Overlay, Row

_INTERVAL = 0.09
"""Seconds between two updates while text streams in."""
_SHARE = 6
"""An update that took t seconds is followed by at least this many t of rest."""
_SLICE = 0.006
_SLICE_PAUSE = 0.02
"""Seconds of work, and of rest, while units are rendered for another width."""
_BAR_INTERVAL = 0.5
_NARROWEST = 8
_LABEL = " ↓ new below · End "


class LineView(Canvas):
    """A column of rows made by a `Layout`, in a window that scrolls."""

    EDGE = "▎"
    FOCUS_ON_CLICK = False
    """A click on a link or a fold must not take the keys away from the prompt; selecting does."""
    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        padding: 0 1;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.page = Layout()
        self.following = True
        self._new_below = False
        self._top = (0, 0)
        self._read_at: tuple[tuple[int, int], int] = ((0, 0), 0)
        """The top since the width changed last, and the characters before what was read there."""
        self._pending: Timer | None = None
        self._due = 0.0
        self._updated = 0.0
        self._cost = 0.0
        self._bar: tuple[int, int] = (-1, -1)
        self._bar_updated = 0.0
        self._bar_late = False

    # What subclasses fill in

    def build(self) -> None:
        """Bring the page's units up to date with everything noted since the last time."""

    def overlays(self, unit: int, row: int, line: Line) -> tuple[Overlay, ...]:
        """Cells of a row that are drawn in another style."""
        return ()

    def wants_update_in(self) -> float | None:
        """Seconds until the page changes by itself (a running clock); None when it does not."""
        return None

    # Updating

    def changed(self, delay: float = 0.0) -> None:
        """Note that the page changed; it is drawn soon, but not more often than the eye needs."""
        pause = max(_INTERVAL, self._cost * _SHARE)
        self._update_at(max(perf_counter() + max(delay, 0.005), self._updated + pause))

    def _update_at(self, due: float) -> None:
        if not self.is_attached:
            return
        if self._pending is not None:
            if self._due <= due + 0.005:
                return
            self._pending.stop()
        self._due = due
        self._pending = self.set_timer(max(0.001, due - perf_counter()), self._on_pending)

    def _on_pending(self) -> None:
        self._pending = None
        self.update_now()

    def update_now(self) -> None:
        """Bring page and window up to date at once."""
        if self._pending is not None:
            self._pending.stop()
            self._pending = None
        start = perf_counter()
        self._note_new(self.build)
        height = self.window_height
        if height > 0:
            if self.page.stale:
                self.place()
                self.page.settle(self._top[0], _SLICE)
            self.place()
            self.page.trim(self._top[0])
        self._updated = perf_counter()
        self._cost = 0.5 * (self._cost + self._updated - start)
        if self.page.stale and height > 0:
            self._update_at(self._updated + _SLICE_PAUSE)
        elif (again := self.wants_update_in()) is not None or self._bar_late:
            self.changed(min(again if again is not None else 9.0, _BAR_INTERVAL if self._bar_late else 9.0))

    def _note_new(self, build: Callable[[], None]) -> None:
        before = self.page.total
        build()
        if not self.following and self.page.total > before:
            self._new_below = True

    # Placing and painting

    @property
    def window_height(self) -> int:
        """Rows of the window."""
        return self.scrollable_content_region.height

    def place(self) -> None:
        """Choose the scroll position and repaint what differs."""
        region = self.scrollable_content_region
        if not region.height:
            return
        row = 0
        shown: list[Row] = []
        # Rendering what is visible can change heights that were estimates; that settles after a few rounds.
        for _ in range(8):
            total = self.page.total
            row = self._wanted_row(total, region.height)
            shown = self._gather(row, region.height)
            if self.page.total == total:
                break
        self._resize_page(self.page.total)
        self.set_reactive(Widget.scroll_y, float(row))  # pyright: ignore[reportArgumentType]
        self.set_reactive(Widget.scroll_target_y, float(row))  # pyright: ignore[reportArgumentType]
        self.paint(shown, region.width)
        self._sync_bar(row, region.height)

    def _wanted_row(self, total: int, height: int) -> int:
        last = max(0, total - height)
        if self.following or not self.page.units:
            return last
        unit, inner = self._top
        unit = min(unit, len(self.page) - 1)
        size = self.page.start(unit + 1) - self.page.start(unit)
        return min(self.page.start(unit) + min(inner, max(0, size - 1)), last)

    def _gather(self, row: int, height: int) -> list[Row]:
        out: list[Row] = []
        page = self.page
        if page.units:
            index, skip = page.locate(row)
            self._top = (index, skip)
            while len(out) < height and index < len(page):
                lines = page.lines(index)
                for number in range(skip, min(len(lines), skip + height - len(out))):
                    out.append(Row(lines[number], self.overlays(index, number, lines[number])))
                index, skip = index + 1, 0
        out.extend([Row()] * (height - len(out)))
        if self._new_below and not self.following:
            out[-1] = out[-1]._replace(label=_LABEL)
        return out

    def _resize_page(self, total: int) -> None:
        size = Size(self.page.width, total)
        if size != self.virtual_size:
            # The reactive itself would lay the whole screen out again for every new line.
            self.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType]

    def _sync_bar(self, row: int, height: int) -> None:
        total = max(1, self.page.total)
        thumb = (row * height * 8 // total, -(-height * height * 8 // total))
        now = perf_counter()
        self._bar_late = thumb != self._bar and self.following and now - self._bar_updated < _BAR_INTERVAL
        if thumb == self._bar or self._bar_late:
            return
        self._bar, self._bar_updated = thumb, now
        bar = self.vertical_scrollbar
        bar.window_virtual_size, bar.window_size, bar.position = total, height, row

    def repaint(self) -> None:
        """Paint again what differs, without bringing the page up to date."""
        self.place()

    # Scrolling

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The user scrolled: stay there, or follow again when that was the end."""
        if round(old_value) == round(new_value) or not self.page.units:
            return
        self.following = round(new_value) >= self.max_scroll_y
        if self.following:
            self._new_below = False
        self._top = self.page.locate(round(new_value))
        self.place()

    def _scroll_to(self, *args: Any, **options: Any) -> bool:
        # Animated scrolling writes every frame in between: slow over ssh, and no help to a reader.
        return super()._scroll_to(*args, **{**options, "animate": False})

    def scroll_to_row(self, row: int) -> None:
        """Bring a row of the page to the top of the window and stop following, unless the end is shown."""
        last = max(0, self.page.total - self.window_height)
        row = max(0, min(row, last))
        self.following = row >= last
        self._new_below = self._new_below and not self.following
        self._top = self.page.locate(row)
        self.place()

    def reveal(self, unit: int, row: int) -> None:
        """Scroll as little as needed to show a row of a unit, with some rows around it."""
        height = self.window_height
        target = self.page.start(unit) + row
        top, margin = round(self.scroll_y), min(3, height // 4)
        if target < top + margin:
            self.scroll_to_row(target - margin)
        elif target >= top + height - margin:
            self.scroll_to_row(target - height + margin + 1)
        else:
            self.place()

    def action_scroll_end(self) -> None:
        """Jump to the end and follow it again."""
        self.follow()

    def follow(self) -> None:
        """Show the end, and whatever comes."""
        self.following, self._new_below = True, False
        self.place()

    def mark_new(self) -> None:
        """Something came that the window does not show."""
        self._new_below = True

    @property
    def new_below(self) -> bool:
        """Whether something came that the window does not show."""
        return self._new_below

    # Events

    @property
    def _width_now(self) -> int:
        return max(_NARROWEST, self.scrollable_content_region.width)

    @property
    def has_other_rows(self) -> bool:
        """Whether the page is about to get another width."""
        return self._width_now != self.page.width

    def _rewrap(self, width: int) -> None:
        """Take another width; the text at the top of the window stays there."""
        unit, row = self._top
        if self.following or not row or unit >= len(self.page):
            self.page.set_width(width)
            return
        if self._top != self._read_at[0]:
            self._read_at = self._top, [0, *offsets(self.page.lines(unit))[: row + 1]][-1]
        at = self._read_at[1]
        self.page.set_width(width)
        self._top = unit, max(0, bisect_right(offsets(self.page.lines(unit)), at) - 1)
        self._read_at = self._top, at

    def on_resize(self, event: events.Resize) -> None:
        """Only what is visible is rendered for the new width; the rest follows in slices."""
        width = self._width_now
        if self.has_other_rows:
            self._rewrap(width)
        self.paint([], width)
        self.update_now()
