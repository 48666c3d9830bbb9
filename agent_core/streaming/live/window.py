"""The rows of a window over what is kept, and the one with the cursor."""

from __future__ import annotations

from agent_core.streaming.live.raw import Entry
from agent_core.streaming.live.ring import Ring


class Window:
    """Where it is, by the numbers of entries: their places change when others go."""

    def __init__(self) -> None:
        self.follows = True
        """Whether it shows the end, and goes on with it."""
        self._height = 1
        self._top = self._cursor = 0

    def begin(self, *, follow: bool, cursor: int = 0) -> None:
        """Show what comes last, or what comes first, with the cursor on the entry of that number."""
        self.follows, self._top, self._cursor = follow, 0, cursor

    def shown(self, view: Ring) -> tuple[int, list[Entry]]:
        """The place of the first row, and the rows."""
        top = self._first(view)
        return top, view.between(top, top + self._height)

    def current(self, view: Ring) -> Entry | None:
        """The entry with the cursor."""
        found = view.between(at := self._at(view), at + 1)
        return found[0] if found else None

    def below(self, view: Ring) -> int:
        """Entries behind the last row."""
        return max(0, len(view) - self._first(view) - self._height)

    def size(self, view: Ring, height: int) -> None:
        """So many rows from now on; the cursor stays in it."""
        at = self._at(view)
        self._height = max(1, height)
        self._move(view, at, self._first(view))

    def move(self, view: Ring, rows: int, *, live: bool) -> None:
        """Move the cursor; at the end it goes on with what comes, where that is `live`."""
        first, last = self._first(view), len(view) - 1
        at = self._at(view) + rows
        self.follows = rows > 0 and at >= last and (live or self.follows)
        self._show(view, max(0, min(last, at)), first)

    def edge(self, view: Ring, *, last: bool) -> None:
        """Go to the first entry, or to the last and on with it."""
        self.follows = last
        self._show(view, len(view) - 1 if last else 0, 0)

    def put(self, view: Ring, number: int) -> None:
        """Put the cursor on an entry."""
        first, self.follows = self._first(view), False
        self._show(view, min(view.at_or_after(number), len(view) - 1), first)

    def follow(self, view: Ring, wanted: bool) -> None:
        """Go to the end and on with it, or stay where it is now."""
        self._show(view, self._at(view), self._first(view))
        self.follows = wanted

    def _at(self, view: Ring) -> int:
        last = len(view) - 1
        return max(0, last if self.follows else min(last, view.at_or_after(self._cursor)))

    def _first(self, view: Ring) -> int:
        last = max(0, len(view) - self._height)
        return last if self.follows else min(last, view.at_or_after(self._top))

    def _show(self, view: Ring, at: int, first: int) -> None:
        """Put the cursor at a place, and move the window as little as it takes."""
        self._cursor = _number(view, at)
        self._move(view, at, first)

    def _move(self, view: Ring, at: int, first: int) -> None:
        self._top = _number(view, max(min(first, at), at - self._height + 1, 0))


def _number(view: Ring, place: int) -> int:
    found = view.between(place, place + 1)
    return found[0].number if found else 0
