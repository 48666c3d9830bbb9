"""The places that a search in the index found: a query, a list, and what stands at the chosen place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.index.saying import in_short
from agent_core.text import one_line, plural, shorten_middle
from agent_core.workspace import Workspace
from tui.found import Results, Spot, of_answer
from tui.keymap import Keys
from tui.keys import RESULTS, bindings
from tui.screens.arrange import MEDIUM
from tui.screens.dialog import Dialog, Hint, Hints
from tui.screens.parts import Parts
from tui.widgets.choices import Choices
from tui.widgets.rows import Item, Rows

if TYPE_CHECKING:
    from agent_core.index.api import Index

_PAUSE_S = 0.15
"""How long typing rests before it is searched for."""
_LOOK_S = 0.04
"""How long the cursor rests before the place is read."""


class ResultsScreen(Dialog[str]):
    """Ends with what to put into the prompt (`path:10-40`), or None.

    Args:
        results: What is shown first.
        workspace: Where the files lie.
        index: Searches for what is typed.
        keys: For the row of keys.
        limit: How many places a search gives at most.
        keep: Takes the results of a search that was typed here.
        open_place: Shows a file at a line, over this screen.
    """

    PARTS = Parts("results", "found", "place")
    CSS_PATH = "results.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(RESULTS)]

    def __init__(
        self,
        results: Results,
        *,
        workspace: Workspace,
        index: Index,
        keys: Keys,
        limit: int,
        keep: Callable[[Results], None],
        open_place: Callable[[str, int], None],
    ) -> None:
        super().__init__()
        self._results = results
        self._cited = ""
        self._workspace = workspace
        self._index = index
        self._limit = limit
        self._keep = keep
        self._open_place = open_place
        self._keys = keys
        self._hints = Hints(self._what_keys_do(typing=not results.spots))

    def compose(self) -> ComposeResult:
        """The query over list and place, and the keys."""
        with Vertical(classes="frame"):
            box = Input(
                self._results.query,
                placeholder="What the code does, in words or names",
                select_on_focus=False,
            )
            box.cursor_blink = False
            yield box
            with Container(id="both"):
                yield Choices(id="found", cursor_always=True)
                yield Rows(id="place")
            yield self._hints

    def on_mount(self) -> None:
        """Show what there is; with nothing yet, a query is typed first."""
        self._place_rows.can_focus = False
        self.set_class(self.size.width >= MEDIUM, "-wide")
        self._show()
        (self._list if self._results.spots else self.query_one(Input)).focus()

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= MEDIUM, "-wide")
        self.call_after_refresh(self._entitle)

    def _entitle(self) -> None:
        """Name the place over its lines. Where an edge has no corner, nothing leaves room beside a title."""
        rows = self._place_rows
        cited = shorten_middle(self._cited, max(1, rows.outer_size.width - 4))
        rows.border_title = Content(f" {cited} " if cited else "")

    @property
    def _list(self) -> Choices:
        return self.query_one("#found", Choices)

    @property
    def _place_rows(self) -> Rows:
        return self.query_one("#place", Rows)

    @property
    def current(self) -> Spot | None:
        """The place with the cursor."""
        spots, cursor = self._results.spots, self._list.cursor
        return spots[cursor] if cursor < len(spots) else None

    def _what_keys_do(self, *, typing: bool) -> list[Hint]:
        """The row of keys; letters are typed while the query has the focus."""
        shown = self._keys.shown
        move = (f"{shown('results.previous')}{shown('results.next')}", "move", "screen.move(1)")
        letters = [
            (shown("results.mention"), "ask about it", "screen.mention"),
            (shown("results.query"), "search again", "screen.query"),
        ]
        opening = (shown("results.open"), "open", "screen.open")
        return [opening, *([move] if typing else letters), (shown("results.close"), "close", "screen.close")]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Other keys hold while a query is typed."""
        self._hints.set_hints(self._what_keys_do(typing=isinstance(event.widget, Input)))

    # What is shown

    def _show(self, *, empty: str = "") -> None:
        results = self._results
        frame = self.query_one(".frame")
        frame.border_title = Content(f"Search: {results.command}")
        counted = plural(len(results.spots), "place") if results.query else ""
        frame.border_subtitle = Content(" · ".join(filter(None, (counted, one_line(results.note)))))
        nothing = "Nothing was found." if results.query else ""
        rows = self._list
        rows.cursor = 0
        rows.set_items(
            [_item(number, spot) for number, spot in enumerate(results.spots, 1)], empty=empty or nothing
        )
        rows.put_cursor(0)
        self._look()

    def on_choices_moved(self) -> None:
        """Show another place."""
        self._look()

    def _look(self) -> None:
        self.run_worker(self._load(), group="look", exclusive=True)

    async def _load(self) -> None:
        """Read the lines of the place, once the cursor rests."""
        from tui.screens.excerpt import read

        spot, rows = self.current, self._place_rows
        if spot is None:
            rows.set_items([])
            self._cited = ""
            self._entitle()
            return
        await asyncio.sleep(_LOOK_S)
        items = await asyncio.to_thread(read, self._workspace, spot, rows.scrollable_content_region.width - 1)
        self._cited = spot.cited
        self._entitle()
        rows.cursor = 0
        rows.set_items(items)
        rows.put_cursor(0)

    # Searching

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search for what is typed now."""
        event.stop()
        if event.value.strip() != self._results.query:
            self.run_worker(partial(self._search, event.value), group="search", exclusive=True)

    async def _search(self, typed: str) -> None:
        mode, query = self._results.mode, " ".join(typed.split())
        if not query:
            self._results = Results(mode=mode)
            self._show()
            return
        await asyncio.sleep(_PAUSE_S)
        if not self._results.spots:
            self._list.set_items([], empty=f"Searching … ({in_short(self._index.status)})")
        try:
            answer = await self._index.search(query, mode=mode, limit=self._limit)
        except AgentError as error:
            self._results = Results(query=query, mode=mode)
            self._show(empty=f"{error.message}. {error.hint}".strip())
            return
        self._results = of_answer(query, mode, answer)
        self._keep(self._results)
        self._show()

    # Keys and mouse

    def action_move(self, step: int) -> None:
        """Move the cursor of the list, also while a query is typed."""
        self._list.action_move(step)

    def action_open(self) -> None:
        """Open the file at the place; while a query is typed, once all of it is there."""
        if isinstance(self.focused, Input):
            self.focused.call_later(self._open_typed, self.focused)
        else:
            self._open()

    def _open_typed(self, box: Input) -> None:
        """What an earlier query found is nothing that somebody chose now."""
        if box.value.split() == self._results.query.split():
            self._open()

    def _open(self) -> None:
        if (spot := self.current) is not None:
            self._open_place(spot.path, spot.start)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """The same with the mouse; a click on a line of the place marks it, no more."""
        event.stop()
        if event.rows is self._list:
            self.action_open()

    def action_mention(self) -> None:
        """Put the place into the prompt."""
        if (spot := self.current) is not None:
            self.dismiss(spot.cited)

    def action_query(self) -> None:
        """Type another query."""
        self.query_one(Input).focus()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def _item(number: int, spot: Spot) -> Item:
    lead = ((f"{number:>2} ", "mark", None),)
    right = ((one_line(spot.name), "dim", None),) if spot.name else ()
    return Item(spot.cited, "title", lead, right, key=spot.cited, middle=True, right_gives=True)
