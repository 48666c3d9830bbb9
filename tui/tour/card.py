"""A card of the tour: a few lines in a frame, over the work screen, and two things that can be clicked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from textual import events
from textual.geometry import Size
from textual.message import Message

from tui.keymap import Keys
from tui.keynames import spell
from tui.tour.steps import Step
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import BLANK, Line, Run, wrap

WIDTH = 48
_ACTION = re.compile(r"\[([a-z_.]+)\]")


class Card(Sheet):
    """What the tour says at this moment. It takes neither the focus nor a key."""

    DEFAULT_CSS = """
    Card {
        layer: tour;
        border: round $accent;
        border-title-color: $text-accent;
        border-title-style: bold;
        border-subtitle-color: $foreground 60%;
        background: $surface;
        padding: 0 1;
    }
    Card:nocolor { border: heavy $foreground; }
    Card:ansi { background: ansi_default; }
    """

    class Clicked(Message, namespace="tour"):
        """The next card is wanted, or the end of the tour."""

        def __init__(self, *, on: bool) -> None:
            super().__init__()
            self.on = on

    def __init__(self) -> None:
        super().__init__(id="tour")
        self.wanted = Size(0, 0)
        self._keys_from = 0

    def tell(self, lines: Sequence[Line], *, title: str, progress: str, room: int) -> None:
        """Show lines that were made for `inside(room)` columns."""
        self.border_title, self.border_subtitle = title, progress
        self.wanted = Size(min(WIDTH, room), len(lines) + 2)
        self.show(lambda _: lines)

    def on_click(self, event: events.Click) -> None:
        """The row of keys: its left half is the next one, its right half the end."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y == self.content_size.height - 1:
            event.stop()
            self.post_message(self.Clicked(on=offset.x < self.content_size.width // 2))


def inside(room: int) -> int:
    """Columns for words where there are so many for the card."""
    return max(1, min(WIDTH, room) - 4)


def lines_of(
    step: Step, says: str, *, width: int, keys: Keys, done: bool, foot: Callable[[], Sequence[Run]]
) -> list[Line]:
    """The lines of a card."""
    lines = wrap(_runs(says, keys), width)
    if step.do:
        mark: tuple[Run, ...] = (("✓ ", "ok", None), ("done", "ok", None)) if done else ()
        lines += [BLANK, Line(mark or tuple(_runs(f"▸ {step.do}", keys)))]
    return [*lines, BLANK, Line(tuple(foot()))]


def _runs(text: str, keys: Keys) -> list[Run]:
    """Words, with the person's own keys in place of the names of actions."""
    runs: list[Run] = []
    for number, part in enumerate(_ACTION.split(text)):
        runs += [(keys.shown(part), "mark", None) if number % 2 else (part, "", None)]
    return runs


def next_keys(keys: Keys) -> str:
    """The keys that go on, as people write them."""
    return " or ".join(spell(key.strip()) for key in keys.key("tour.next").split(",")[:2])
