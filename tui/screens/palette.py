"""The command palette: everything that can be done or opened, found by some letters of what it is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from textual import events

from agent_core.text import cells, plural, shorten, shorten_middle
from tui.screens.pick import Filtered
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Run

if TYPE_CHECKING:
    from tui.palette import Found, Offers

_NAMES = 30
"""Columns of titles at most, behind which what they do is lined up."""


class PaletteScreen(Filtered):
    """Ends, and then does what was chosen.

    Args:
        offers: What there is.
    """

    CSS_PATH = "palette.tcss"
    title_shown = "Command palette"
    placeholder = "An action, a command, a file, a definition, a model, a setting …"

    def __init__(self, offers: Offers) -> None:
        super().__init__()
        self._offers = offers
        self._found: list[Found] = []

    async def on_mount(self) -> None:
        """Look beside it for what takes its time: the palette opens at once."""
        for look in (self._offers.ask_for_models, self._offers.look_for_sessions):
            self.run_worker(partial(self._look_again, look), group="offers")

    async def _look_again(self, look: Callable[[], Awaitable[None]]) -> None:
        await look()
        if self.query_typed.strip():
            self.search_again()

    def on_resize(self, event: events.Resize) -> None:
        """Shorten for the width that there is now."""
        self.call_after_refresh(partial(self._show, keep=True))

    async def search(self, query: str) -> None:
        """Show what is known at once, then files and definitions among it."""
        from tui.palette import best

        self._found = self._offers.known(query)
        self._show()
        if self._found:
            self.has_found(query)
        if more := await self._offers.searched(query):
            self._found = best([*self._found, *more])
            self._show(keep=self.query_one(Rows).cursor > 0)

    def _show(self, *, keep: bool = False) -> None:
        rows = self.query_one(Rows)
        width = rows.scrollable_content_region.width
        rows.cursor = rows.cursor if keep else 0
        rows.set_items([_item(each, width) for each in self._found], empty="Nothing has these letters.")
        rows.put_cursor(rows.cursor)
        self.query_one(".frame").border_subtitle = plural(len(self._found), "entry", "entries")

    def chosen(self, item: Item) -> None:
        """End, and do it on what is left then."""
        run = next((each.offer.run for each in self._found if _key(each) == item.key), None)
        if run is not None:
            self.dismiss(item.key)
            self.app.call_later(run)  # pyright: ignore[reportUnknownMemberType]


def _key(found: Found) -> str:
    return f"{found.offer.title}\0{found.offer.help}"


def _item(found: Found, width: int) -> Item:
    """Its title, what it does, and its key."""
    offer = found.offer
    room = max(8, width - cells(offer.key) - 2)
    cut = shorten_middle if offer.kind == "File" else shorten
    title = cut(offer.title, room)
    fits = found.fit.at if title == offer.title else frozenset[int]()
    gap = " " * (max(0, min(_NAMES, width // 3) - cells(title)) + 2)
    lead = (*_marked(title, fits), (gap, "", None))
    right: tuple[Run, ...] = ((offer.key, "mark", None),) if offer.key else ()
    return Item(offer.help, "dim", lead if cells(title) + 2 < room else lead[:-1], right, key=_key(found))


def _marked(title: str, at: frozenset[int]) -> Sequence[Run]:
    """The title, with the letters that fit."""
    parts = groupby(enumerate(title), key=lambda each: each[0] in at)
    return [("".join(char for _, char in part), "h2" if fits else "title", None) for fits, part in parts]
