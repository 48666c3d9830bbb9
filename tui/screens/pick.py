"""A list that is filtered while a name is typed."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.keys import CHOICE, bindings
from tui.screens.dialog import Dialog, Hint, Hints
from tui.widgets.rows import Item, Rows


class Filtered(Dialog[str]):
    """An input over a list; ends with the key of what was chosen, or None."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CHOICE)]
    title_shown = ""
    placeholder = ""
    hints: tuple[Hint, ...] = (
        ("Enter", "choose", "screen.choose"),
        ("↑↓", "move", "screen.move(1)"),
        ("Esc", "close", "screen.close"),
    )

    def compose(self) -> ComposeResult:
        """The input, the list, the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = self.title_shown
            box = Input(placeholder=self.placeholder, id="query")
            box.cursor_blink = False
            yield box
            yield Rows(id="found", cursor_always=True)
            yield Hints(self.hints)

    async def on_mount(self) -> None:
        """Show everything."""
        self.query_one(Rows).can_focus = False
        self.query_one(Input).focus()
        self.run_worker(self.search(""), group="search", exclusive=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is typed now."""
        event.stop()
        self.run_worker(partial(self.search, event.value), group="search", exclusive=True)

    async def search(self, query: str) -> None:
        """Show what fits."""
        raise NotImplementedError

    def action_move(self, step: int) -> None:
        """Move the cursor of the list."""
        self.query_one(Rows).action_move(step)

    def action_choose(self) -> None:
        """End with what has the cursor."""
        item = self.query_one(Rows).current
        if item is not None and item.can_choose:
            self.chosen(item)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """The same with the mouse."""
        event.stop()
        self.chosen(event.item)

    def chosen(self, item: Item) -> None:
        """An item was chosen."""
        self.dismiss(item.key)

    def action_close(self) -> None:
        """End without a choice."""
        self.dismiss(None)
