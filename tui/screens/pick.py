"""A list that is filtered while a name is typed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.keys import CHOICE, bindings
from tui.screens.dialog import Dialog, Hint, Hints
from tui.widgets.rows import Item, Rows

if TYPE_CHECKING:
    from tui.app import DspyApp


class Filtered(Dialog[str]):
    """An input over a list; ends with the key of what was chosen, or None."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CHOICE)]
    title_shown = ""
    placeholder = ""

    def __init__(self) -> None:
        super().__init__()
        self._found_for: str | None = None
        self._chooses: str | None = None

    def compose(self) -> ComposeResult:
        """The input, the list, the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = self.title_shown
            box = Input(placeholder=self.placeholder, id="query")
            box.cursor_blink = False
            yield box
            yield Rows(id="found", cursor_always=True)
            yield Hints(self.what_keys_do())

    def what_keys_do(self) -> Sequence[Hint]:
        """The row of keys."""
        shown = cast("DspyApp", self.app).keys.shown  # pyright: ignore[reportUnknownMemberType]
        return (
            (shown("choice.choose"), "choose", "screen.choose"),
            (f"{shown('choice.up')}{shown('choice.down')}", "move", "screen.move(1)"),
            (shown("choice.close"), "close", "screen.close"),
        )

    @property
    def query_typed(self) -> str:
        """What is typed now."""
        return self.query_one(Input).value

    async def on_mount(self) -> None:
        """Show everything."""
        self.query_one(Rows).can_focus = False
        self.query_one(Input).focus()
        self.search_again()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is typed now."""
        event.stop()
        if self.query_typed != self._chooses:
            self._chooses = None
        self.search_again()

    def search_again(self) -> None:
        """Search for what is typed."""
        self.run_worker(partial(self._search, self.query_typed), group="search", exclusive=True)

    async def _search(self, query: str) -> None:
        await self.search(query)
        self.has_found(query)

    async def search(self, query: str) -> None:
        """Show what fits."""
        raise NotImplementedError

    def has_found(self, query: str) -> None:
        """What shows fits the query: who has chosen already while it was searched for, chose the first."""
        self._found_for = query
        if self._chooses == query:
            self._chooses = None
            self._choose()

    def action_move(self, step: int) -> None:
        """Move the cursor of the list."""
        self.query_one(Rows).action_move(step)

    def action_choose(self) -> None:
        """End with what has the cursor, once all that was typed is there and was searched for."""
        self.query_one(Input).call_later(self._choose_typed)

    def _choose_typed(self) -> None:
        typed = self.query_typed
        if typed and typed != self._found_for:
            self._chooses = typed
        else:
            self._choose()

    def _choose(self) -> None:
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
