"""The suggestions: which tool could be next, with the command it would run."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from agent_core.events import Suggestion, SuggestionsRanked
from agent_core.text import one_line
from tui.widgets.rows import Item, Rows


class Suggestions(Rows):
    """Commands in the order in which they are proposed."""

    BINDINGS: ClassVar[list[BindingType]] = []

    class Accepted(Message, namespace="suggestions"):
        """A suggestion was taken."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    def __init__(self) -> None:
        super().__init__(id="suggestions", empty="Nothing to suggest yet.")
        self.border_title = "Suggestions"
        self._ranked: tuple[Suggestion, ...] = ()

    def rank(self, ranked: SuggestionsRanked) -> None:
        """Show these."""
        self._ranked = ranked.items
        self.border_subtitle = Content(one_line(ranked.evidence))
        self.set_items([_item(number, each) for number, each in enumerate(ranked.items, 1)])

    def accept(self, number: int) -> None:
        """Take one, counted from 1."""
        if 1 <= number <= len(self._ranked):
            self.post_message(self.Accepted(self._ranked[number - 1].command))

    def action_choose(self) -> None:
        """Take the one with the cursor."""
        self.accept(self.cursor + 1)

    def on_key(self, event: events.Key) -> None:
        """A digit takes the suggestion of that number."""
        if event.character and event.character in "123456789":
            event.stop()
            self.accept(int(event.character))


def _item(number: int, suggestion: Suggestion) -> Item:
    chance = "" if suggestion.probability is None else f"{suggestion.probability:.0%} "
    right = ((chance + one_line(suggestion.why), "dim", None),)
    lead = ((f"{number} ", "mark", None),)
    command = one_line(suggestion.command)
    return Item(command, "title", lead, right, key=suggestion.command, right_gives=True)
