"""Every key and every command, made from the key table and the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from agent_core.text import cells, one_line
from agent_core.tools.base import AnyTool
from tui.keymap import Keys, spell
from tui.keys import PLACES, TABLE, Action
from tui.screens.dialog import Dialog, Hints
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Run

WIDE = 116
"""Columns from which on keys, titles and what they do all have room."""


class HelpScreen(Dialog[None]):
    """Scrolls; closes with Esc."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1", "close", show=False)]

    def __init__(self, keys: Keys, tools: Sequence[AnyTool], *, wide: bool) -> None:
        super().__init__()
        self._items = [*_keys(keys, wide), *_commands(tools, wide)]

    def compose(self) -> ComposeResult:
        """One list."""
        with Vertical(classes="frame") as frame:
            frame.border_title = "Help"
            rows = Rows(id="help")
            yield rows
            yield Hints([("↑↓ PgUp PgDn", "scroll", "screen.nothing"), ("Esc", "close", "screen.close")])

    def on_mount(self) -> None:
        """Fill the list."""
        rows = self.query_one(Rows)
        rows.set_items(self._items)
        rows.focus()

    def action_nothing(self) -> None:
        """The row of keys names them only."""

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def _keys(keys: Keys, wide: bool) -> list[Item]:
    items: list[Item] = []
    for place in PLACES:
        rows = [action for action in TABLE if action.where == place]
        items += [] if not items else [_gap()]
        items.append(Item(place, "h2", can_choose=False))
        items += [_row(action, keys.key(action.id), wide) for action in rows]
    return items


def _row(action: Action, key: str, wide: bool) -> Item:
    """Key, title and help; the title goes where there is no room."""
    first_two = " ".join(spell(part) for part in key.split(",")[:2])
    lead: tuple[Run, ...] = (("  ", "", None), (f"{first_two:<20}", "mark", None))
    if wide:
        lead = (*lead, (f"{action.title:<22}", "title", None))
    return Item(action.help, "dim" if wide else "title", lead, key=action.id)


def _commands(tools: Sequence[AnyTool], wide: bool) -> list[Item]:
    from agent_core.commandline import synopsis

    indent: Run = ("  ", "", None)
    intro = "/ forces a command, ! runs a shell command, @ names a file, a leading space asks"
    items = [_gap(), Item("Commands", "h2", can_choose=False)]
    items.append(Item(intro, "dim", (indent,), can_choose=False))
    for tool in tools:
        shown = one_line(synopsis(tool)) if wide else tool.name
        pad = " " * max(2, (50 if wide else 20) - cells(shown))
        lead = (indent, (shown, "mark", None), (pad, "", None))
        items.append(Item(one_line(tool.summary), "dim", lead, key=f"tool {tool.name}"))
    return items


def _gap() -> Item:
    return Item("", can_choose=False)
