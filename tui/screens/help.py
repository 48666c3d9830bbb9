"""Where you are, every key and every command; made from the tables of keys and places and the registry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from agent_core.text import cells, one_line
from agent_core.tools.base import AnyTool
from tui.keymap import Keys
from tui.keynames import spell
from tui.keys import PLACES, TABLE, Action
from tui.places import TOLD
from tui.screens.dialog import Dialog, Hints
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Run, plain, wrap

_INDENT: Run = ("  ", "", None)
_MARK = re.compile(r"([^\w\s.,:;()]) ")
"""A mark stays beside what it means."""

_COMMANDS = "/ forces a command, ! runs a shell command, @ names a file, a leading space asks."
_LEAST = 16
"""Columns for what a key does, below which it is cut."""
WIDE = 116
"""Columns from which on keys, titles and what they do all have room."""


class HelpScreen(Dialog[None]):
    """Scrolls; closes with Esc.

    Args:
        keys: The table as it is for this user.
        tools: The commands.
        places: Where the focus is, the nearest first: their keys come first.
    """

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", show=False)]

    def __init__(self, keys: Keys, tools: Sequence[AnyTool], *, places: Sequence[str]) -> None:
        super().__init__()
        self._keys, self._tools, self._places = keys, tools, tuple(places)

    def compose(self) -> ComposeResult:
        """One list."""
        with Vertical(classes="frame") as frame:
            frame.border_title = "Help"
            yield Rows(id="help")
            yield Hints([("↑↓ PgUp PgDn", "scroll", "screen.nothing"), ("Esc", "close", "screen.close")])

    def on_mount(self) -> None:
        """Take the keys."""
        self.query_one(Rows).focus()

    def on_resize(self, event: events.Resize) -> None:
        """Fill the list for the width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        rows = self.query_one(Rows)
        wide, width = self.size.width >= WIDE, rows.scrollable_content_region.width - 2
        rows.set_items([*self._all_keys(wide, width), *_commands(self._tools, wide, width)])

    def _all_keys(self, wide: bool, width: int) -> list[Item]:
        items: list[Item] = []
        for place in (*self._places, *(place for place in PLACES if place not in self._places)):
            items += [] if not items else [_gap()]
            title = f"Here: {place}" if place in self._places[:1] else place
            items.append(Item(title, "h2", can_choose=False))
            items += _told(TOLD[place], width)
            items += self._rows(place, wide, width)
        return items

    def _rows(self, place: str, wide: bool, width: int) -> list[Item]:
        """The place's keys; where there is little room, the column of keys is as wide as they take."""
        rows = [(_two(self._keys.key(action.id)), action) for action in TABLE if action.where == place]
        room = 20 if wide else max(cells(keys) for keys, _ in rows) + 2
        return [item for keys, action in rows for item in _row(action, keys, wide, room, width)]

    def action_nothing(self) -> None:
        """The row of keys names them only."""

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def _told(text: str, width: int) -> list[Item]:
    """What something is for, in as many rows as it takes."""
    lines = wrap(
        [(_MARK.sub("\\1\u00a0", text), "hint", None)], max(20, width), first=[_INDENT], rest=[_INDENT]
    )
    return [Item("", lead=line.runs, can_choose=False) for line in lines]


def _two(key: str) -> str:
    """The first two keys of an action, as people write them."""
    return " ".join(spell(part) for part in key.split(",")[:2])


def _row(action: Action, keys: str, wide: bool, room: int, width: int) -> list[Item]:
    """Keys, title and help; the title goes where there is no room."""
    lead: tuple[Run, ...] = (_INDENT, (keys + " " * max(1, room - cells(keys)), "mark", None))
    if wide:
        lead = (*lead, (f"{action.title:<22}", "title", None))
    return _whole(action.help, "dim" if wide else "title", lead, action.id, width)


def _whole(text: str, style: str, lead: tuple[Run, ...], key: str, width: int) -> list[Item]:
    """A text beside its lead, in as many rows as it takes: what is asked for here is not cut."""
    used = cells(plain(lead))
    first, *more = wrap([(text, style, None)], max(_LEAST, width - used))
    rest: tuple[Run, ...] = ((" " * used, "", None),)
    rows = [Item("", lead=(*rest, *line.runs), can_choose=False) for line in more]
    return [Item(first.text, style, lead, key=key), *rows]


def _commands(tools: Sequence[AnyTool], wide: bool, width: int) -> list[Item]:
    from agent_core.commandline import synopsis

    items = [_gap(), Item("Commands", "h2", can_choose=False), *_told(_COMMANDS, width)]
    for tool in tools:
        shown = one_line(synopsis(tool)) if wide else tool.name
        pad = " " * max(2, (50 if wide else 20) - cells(shown))
        lead = (_INDENT, (shown, "mark", None), (pad, "", None))
        items += _whole(one_line(tool.summary), "dim", lead, f"tool {tool.name}", width)
    return items


def _gap() -> Item:
    return Item("", can_choose=False)
