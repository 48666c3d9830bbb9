"""A window over more lines than are there to be drawn: its size, its keys and the mouse wheel."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType

from tui.keys import PANES, bindings
from tui.widgets.transcript.canvas import Canvas
from tui.widgets.transcript.lines import BLANK, wrap
from tui.widgets.transcript.strips import Row

WHEEL = 3
"""Lines that one notch of the wheel moves."""
FARTHEST = 4000
"""Characters that lines are moved sideways at most: more are not shown of any."""


class Windowed(Canvas):
    """What moves in it is the subclass's to say."""

    DEFAULT_CSS = """
    Windowed { overflow: hidden hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PANES)]

    shift = 0
    """Characters that the lines are moved sideways."""

    @property
    def height(self) -> int:
        """Rows of the window."""
        return max(1, self.scrollable_content_region.height)

    def action_move(self, step: int) -> None:
        """Move by lines."""
        raise NotImplementedError

    def action_half(self, step: int) -> None:
        """Move by half pages."""
        self.action_move(step * max(1, self.height // 2))

    def draw(self) -> None:
        """Draw what shows now."""
        raise NotImplementedError

    def fill(self, rows: list[Row], *, empty: str) -> None:
        """Show these rows; where there are none, why."""
        region = self.scrollable_content_region
        if not rows and empty:
            rows = [Row(line) for line in wrap([(empty, "dim", None)], region.width)]
        rows += [Row(BLANK)] * (region.height - len(rows))
        self.paint(rows[: region.height], region.width)

    @property
    def plain(self) -> bool:
        """Whether there are no shades to tell the row with the cursor by."""
        return self.palette.shapes

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines."""
        self.shift = max(0, min(FARTHEST, self.shift + columns))
        self.draw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back."""
        event.stop()
        self.action_move(-WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll on."""
        event.stop()
        self.action_move(WHEEL)
