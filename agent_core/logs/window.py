"""What a person sees of a log at once: some of its lines, one with the cursor, and whether it follows."""

from __future__ import annotations

from typing import Protocol

from agent_core.logs.view import Line


class Lines(Protocol):
    """Lines in the order of their offsets: all of a file, or those that match something."""

    @property
    def size(self) -> int:
        """Offset behind the last line."""
        ...

    def after(self, offset: int, count: int) -> list[Line]:
        """Up to `count` lines from the first that begins at or behind `offset`."""
        ...

    def before(self, offset: int, count: int) -> list[Line]:
        """Up to `count` lines that end at or before `offset`."""
        ...

    def share(self, first: Line, last: Line) -> tuple[float, float]:
        """Where these lines begin and end, from 0 to 1."""
        ...


class LogWindow:
    """A window of `height` lines over `lines`; every method blocks for as long as reading takes.

    While it follows, it shows the end and the cursor is on the last line. Moving up ends that; coming back to
    the last line begins it again.
    """

    def __init__(self, lines: Lines, *, height: int) -> None:
        self._source = lines
        self._height = max(1, height)
        self.lines: list[Line] = []
        self.cursor = 0
        self.follows = True

    @property
    def current(self) -> Line | None:
        """The line with the cursor."""
        return self.lines[self.cursor] if self.cursor < len(self.lines) else None

    @property
    def share(self) -> tuple[float, float]:
        """Where the window begins and ends, as shares of everything."""
        return self._source.share(self.lines[0], self.lines[-1]) if self.lines else (0.0, 1.0)

    def resize(self, height: int) -> None:
        """Show another number of lines, around the one with the cursor."""
        self._height = max(1, height)
        here = self.current
        if self.follows or here is None:
            self.refresh()
        else:
            self.to(here.start)

    def show(self, lines: Lines, *, here: bool = False) -> None:
        """Show other lines, around the offset of the cursor; while it follows, their end, unless `here`."""
        current = self.current
        self._source = lines
        if current is None or (self.follows and not here):
            self.to_end()
        else:
            self.to(current.start)

    def refresh(self) -> None:
        """The lines as they are now."""
        if self.follows:
            self.to_end()
            return
        here = self.current
        self._fill(self._source.after(self.lines[0].start if self.lines else 0, self._height))
        starts = [line.start for line in self.lines]
        self.cursor = starts.index(here.start) if here and here.start in starts else self._kept(self.cursor)

    def to_end(self) -> None:
        """Show the last lines, and follow."""
        self.follows = True
        self.lines = self._source.before(self._source.size, self._height)
        self.cursor = self._kept(len(self.lines))

    def to_start(self) -> None:
        """Show the first lines."""
        self.follows = False
        self.lines = self._source.after(0, self._height)
        self.cursor = 0

    def to(self, offset: int) -> None:
        """Show the line that begins at `offset`, or the next one, a third down the window."""
        self.follows = False
        above = self._source.before(offset, self._height // 3)
        self._fill([*above, *self._source.after(offset, self._height - len(above))])
        starts = [line.start for line in self.lines]
        behind = (i for i, start in enumerate(starts) if start >= offset)
        self.cursor = next(behind, self._kept(len(starts)))

    def move(self, steps: int) -> None:
        """Move the cursor by lines, and the window as far as it takes."""
        wanted = self.cursor + steps
        if wanted < 0:
            self._scroll(wanted)
        elif wanted >= len(self.lines):
            self._scroll(wanted - len(self.lines) + 1)
        self.cursor = self._kept(wanted if 0 <= wanted < len(self.lines) else 0 if steps < 0 else wanted)
        last = self.lines[-1] if self.lines else None
        self.follows = last is None or (self.current is last and last.next >= self._source.size)

    def put(self, row: int) -> None:
        """Put the cursor on a row of the window."""
        self.move(self._kept(row) - self.cursor)

    def page(self, steps: int) -> None:
        """Move by windows."""
        self.move(steps * max(1, self._height - 1))

    def _scroll(self, rows: int) -> None:
        if not self.lines:
            return
        if rows < 0:
            above = self._source.before(self.lines[0].start, -rows)
            self.lines = [*above, *self.lines][: self._height]
        else:
            below = self._source.after(self.lines[-1].next, rows)
            self.lines = [*self.lines, *below][-self._height :]

    def _fill(self, lines: list[Line]) -> None:
        """Take these lines, and those above them while there is room."""
        room = self._height - len(lines)
        if room > 0:
            offset = lines[0].start if lines else self._source.size
            lines = [*self._source.before(offset, room), *lines]
        self.lines = lines

    def _kept(self, cursor: int) -> int:
        return max(0, min(cursor, len(self.lines) - 1))
