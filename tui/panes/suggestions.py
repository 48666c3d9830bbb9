"""The suggestions: which tool could be next, with the command it would run."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import monotonic
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from agent_core.events import SuggestionsRanked
from agent_core.rl.api import Suggestion
from agent_core.rl.saying import because, chance
from agent_core.text import one_line
from tui.keys import SUGGESTIONS, bindings
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Run

_MOST_REASONS = 2


class Suggestions(Rows):
    """Commands in the order in which they are proposed, and below them what has to wait.

    Args:
        clock: Seconds that only go forward; for tests.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SUGGESTIONS)]

    class Accepted(Message, namespace="suggestions"):
        """The suggestion of a number (from 1) was taken from the list of a decision."""

        def __init__(self, decision: str, number: int) -> None:
            super().__init__()
            self.decision, self.number = decision, number

    class Rested(Message, namespace="suggestions"):
        """What had to wait can be suggested again."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(id="suggestions", empty="Nothing to suggest yet.")
        self.border_title = "Suggestions"
        self._clock = clock
        self.ranked: tuple[Suggestion, ...] = ()
        """What is shown, the first first."""
        self._until: dict[str, float] = {}
        self._ticking: Timer | None = None
        self.decision = ""
        """The list that is shown, as the record names it."""

    def on_mount(self) -> None:
        """Seconds are counted only where something waits."""
        self._ticking = self.set_interval(1.0, self.tick, pause=True)

    def rank(self, ranked: SuggestionsRanked) -> None:
        """Show these. The cursor stays on its command while somebody is in the list, else it begins anew."""
        new = not ranked.decision or ranked.decision != self.decision
        if new:  # else it is the same list, with less in it
            now = self._clock()
            self._until = {waiting.tool: now + waiting.seconds for waiting in ranked.waiting}
        self.ranked = ranked.items
        self.decision = ranked.decision
        self.border_subtitle = Content(one_line(ranked.evidence))
        self._count(going=bool(self._until))
        self._fill()
        if new:
            self.put_cursor(self.cursor if self.has_focus else 0)

    def number_of(self, command: str) -> int | None:
        """Where a command stands in the list, from 1."""
        return next((n for n, each in enumerate(self.ranked, 1) if each.command == command), None)

    @property
    def chosen(self) -> tuple[int, Suggestion] | None:
        """The suggestion with the cursor, and its number."""
        at = self.cursor
        return (at + 1, self.ranked[at]) if at < len(self.ranked) else None

    def tick(self) -> None:
        """A second went by."""
        if any(moment <= self._clock() for moment in self._until.values()):
            self._count(going=False)
            self.post_message(self.Rested())
        self._fill()

    def _count(self, *, going: bool) -> None:
        if self._ticking is not None:
            self._ticking.resume() if going else self._ticking.pause()

    def _fill(self) -> None:
        now, digits = self._clock(), len(str(len(self.ranked)))
        items = [_item(f"{number:>{digits}} ", each) for number, each in enumerate(self.ranked, 1)]
        items += [_rest(" " * (digits + 1), tool, until - now) for tool, until in self._until.items()]
        self.set_items(items)

    def accept(self, number: int) -> None:
        """Take one, counted from 1."""
        if 1 <= number <= len(self.ranked):
            self.post_message(self.Accepted(self.decision, number))

    def action_choose(self) -> None:
        """Take the one with the cursor."""
        self.accept(self.cursor + 1)

    def on_key(self, event: events.Key) -> None:
        """A digit takes the suggestion of that number."""
        if event.character and event.character in "123456789":
            event.stop()
            self.accept(int(event.character))


def _item(number: str, suggestion: Suggestion) -> Item:
    """Where it is narrow, the reasons give way first, then the end of the command; what is tried is called so
    everywhere, and the probability stays last."""
    right: list[Run] = [(because(suggestion, _MOST_REASONS), "dim", None)]
    if suggestion.trial:  # else a list that is not ordered by its numbers looks like a mistake
        right.append((" trial", "mark", None))
    if suggestion.probability is not None:
        right.append((f"{chance(suggestion.probability):>4}", "dim", None))
    command, lead = one_line(suggestion.command), (number, "mark", None)
    return Item(command, "title", (lead,), tuple(right), key=suggestion.command, right_gives=True)


def _rest(indent: str, tool: str, seconds: float) -> Item:
    right = ((f"again in {max(0, math.ceil(seconds))} s", "dim", None),)
    lead = ((indent, "", None),)
    return Item(one_line(tool), "dim", lead, right, key=f"waiting {tool}", can_choose=False)
