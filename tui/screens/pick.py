"""A list that is filtered while a name is typed; and the picker of files for `@`."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from agent_core.text import one_line, plural
from tui.catalog import Catalog, fuzzy
from tui.screens.dialog import Dialog, Hint, Hints
from tui.widgets.rows import Item, Rows


class Filtered(Dialog[str]):
    """An input over a list; ends with the key of what was chosen, or None."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
        Binding("escape", "close", show=False, priority=True),
    ]
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


_LINES = re.compile(r":\d*(?:-\d*)?$")


class FilePicker(Filtered):
    """Finds a file by some of its letters; lines after a colon (`:10-40`) go with the choice.

    A path that is typed in full is taken by the space after it, as if nothing had opened.
    """

    title_shown = "Files"
    placeholder = "Some letters of the path"

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter; a space after a whole path chooses it."""
        typed = event.value.rstrip(" ")
        if typed != event.value and _LINES.sub("", typed) in self._catalog.known:
            event.stop()
            event.prevent_default()
            self.dismiss(typed)

    def chosen(self, item: Item) -> None:
        """A file was chosen, with the lines that were typed."""
        lines = _LINES.search(self.query_one(Input).value.strip())
        self.dismiss(item.key + (lines[0].rstrip(":-") if lines else ""))

    async def search(self, query: str) -> None:
        """Rank all files; in a thread, since there may be many."""
        query = _LINES.sub("", query.strip())
        rows = self.query_one(Rows)
        if not self._catalog.known:
            rows.set_items([], empty="Reading the folders …")
        files = await self._catalog.files()
        found = await asyncio.to_thread(fuzzy, query, files)
        rows.cursor = 0
        empty = "No file has these letters in this order." if files else "There are no files here yet."
        rows.set_items([_file(path) for path in found], empty=empty)
        rows.put_cursor(0)
        self.query_one(".frame").border_subtitle = plural(len(files), "file")


def _file(path: str) -> Item:
    folder, _, name = path.rpartition("/")
    return Item(one_line(name), "title", right=((one_line(folder), "dim", None),), key=path)
