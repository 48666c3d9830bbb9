"""The list over the prompt in which a mention is picked; the prompt keeps the focus."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tui.widgets.rows import Item, Rows

_MOST_ROWS = 8


class Picker(Rows):
    """Shows itself while there is something to pick."""

    DEFAULT_CSS = """
    Picker { height: auto; max-height: 10; border: round $border-blurred; padding: 0 1; display: none; }
    Picker.-open { display: block; }
    """
    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="picker", cursor_always=True)
        self.border_subtitle = "Enter takes · :10-40 adds lines · Esc leaves"

    @property
    def is_open(self) -> bool:
        """Whether it shows."""
        return self.has_class("-open")

    def offer(self, items: Sequence[Item], *, empty: str) -> None:
        """Show what may be picked, from the first on."""
        self.cursor = 0
        self.set_class(True, "-open")
        self.set_items(items, empty=empty)
        self.put_cursor(0)
        self.refresh(layout=True)

    def leave(self) -> None:
        """Show nothing."""
        if self.is_open:
            self.set_class(False, "-open")
            self.items = []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for each item, within bounds."""
        return max(1, min(len(self.items), _MOST_ROWS, max(1, viewport.height // 3)))
