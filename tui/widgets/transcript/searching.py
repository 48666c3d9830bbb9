"""Searching the conversation: at once what is near, then on in slices."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.timer import Timer

from tui.widgets.transcript.collection import CHUNK
from tui.widgets.transcript.search import Search
from tui.widgets.transcript.selecting import Selecting

_LOOK_S, _LOOK_ON_S, _REST_S = 0.03, 0.008, 0.02
"""Seconds that a search takes at once, then in each slice, and between two."""


class Searching(Selecting):
    """A page that can be searched."""

    class Found(Message, namespace="transcript"):
        """A search found more, or has ended."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._search: Search | None = None
        self._looking: Timer | None = None

    def find(self, text: str) -> int:
        """Highlight every match and go to the first at or below the top of the window; the number of matches.

        An empty text ends the search.
        """
        self._search = Search(text, top=self._at_top) if text.strip() else None
        if self._search:
            self._search.look(self.page, _LOOK_S)
            self.action_find_next(1)
            self._go_on_looking()
        else:
            self.repaint()
        return self._search.count if self._search else 0

    @property
    def _at_top(self) -> tuple[int, int]:
        return self.page.locate(round(self.scroll_y)) if self.page.units else (0, 0)

    def _go_on_looking(self) -> None:
        if self._looking is not None:
            self._looking.stop()
            self._looking = None
        if self._search and not self._search.done:
            self._looking = self.set_timer(_REST_S, self._look_on)

    def _look_on(self) -> None:
        search = self._search
        if search is None:
            return
        search.look(self.page, _LOOK_ON_S)
        if search.goes_to_first and (span := search.step(forward=True)):
            self.reveal(span.unit, span.row)
        self.post_message(self.Found())
        self._go_on_looking()

    def action_find_next(self, step: int) -> None:
        """Go to the next (or previous) match."""
        if self._search is None:
            return
        self._search.look_again(self.page, max(0, self._search.looked_to - CHUNK))
        if span := self._search.step(step > 0):
            self.reveal(span.unit, span.row)
        else:
            self.repaint()

    def look_at_new(self, first: int) -> None:
        """The units from `first` on are new, or show something else."""
        search = self._search
        if search is None or not search.done:
            return
        before = search.count
        search.look_again(self.page, min(first, search.looked_to))
        if search.count != before:
            self.post_message(self.Found())

    @property
    def found(self) -> tuple[int, int]:
        """Number of the current match from 1 (0: none), and how many were found by now."""
        return (self._search.number, self._search.count) if self._search else (0, 0)

    @property
    def looking(self) -> bool:
        """Whether there may be more."""
        return self._search is not None and not self._search.done

    def on_resize(self, event: events.Resize) -> None:
        """With another width matches are on other rows; the window stays where it is."""
        if self._search and self.has_other_rows:
            self._search = self._search.anew(self._at_top)
            self._go_on_looking()
