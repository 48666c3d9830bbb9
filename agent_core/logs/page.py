"""One log as a person reads it: a window of its lines, all or those that match, with what matches marked."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from pathlib import Path

from agent_core.logs.matches import Matches
from agent_core.logs.pattern import Pattern, Spans
from agent_core.logs.view import Line, LogView
from agent_core.logs.window import LogWindow

_AT_ONCE = 5_000

Change = Callable[[], object]
"""Something to do with a page; what gives False changed nothing that shows."""


class LogPage:
    """A file and where in it one is; every method blocks for as long as reading takes.

    Args:
        path: The file; it need not exist.
        height: Lines of the window.
    """

    def __init__(self, path: Path, *, height: int) -> None:
        self.path = path
        self.view = LogView(path)
        self.window = LogWindow(self.view, height=height)
        self.pattern: Pattern | None = None
        """What is looked for."""
        self.only = False
        """Whether only lines that match show."""
        self.searching = False
        """Whether lines that were there before are still looked through."""
        self.stale = False
        """Whether another file lies in the place: what was found is of the old one."""
        self.gone = False
        """Whether the file was not there at the last look."""
        self._matches = Matches(self.view)
        self._scanned = 0
        self._wanted: int | None = None
        """Where the cursor was before the search, while what matches there is not known."""
        self._marks: dict[str, Spans] = {}

    @property
    def matching(self) -> int | None:
        """How many lines match so far; None where nothing is looked for."""
        return None if self.pattern is None else len(self._matches) + self._matches.left_out

    def marks(self, line: Line) -> Spans:
        """Where a line of the window matches."""
        return self._marks.get(line.text, ())

    def begin(self, *, line: int = 0, still: Callable[[], bool] = lambda: True) -> None:
        """Show the end, or the line of that number, from 1."""
        self.gone = self.view.look() == "gone"
        if line:
            self.window.to(self.view.offset_of(line, still=still))
        else:
            self.window.to_end()

    def apply(self, changes: Iterable[Change]) -> bool:
        """Do all of it, then mark what matches; whether any of it may show."""
        shows = [change() is not False for change in changes]
        self._mark()
        return any(shows)

    def look(self) -> bool:
        """See what became of the file; whether anything did."""
        change = self.view.look()
        if change == "same" or (change == "gone" and self.gone):
            return False
        self.gone = change == "gone"
        if self.pattern is not None:
            if change in ("anew", "gone"):
                self._matches.clear()
                self._scanned, self.stale = 0, True
            elif not self.searching and not self.stale:
                self._match_added()
        self.window.refresh()
        return True

    def _mark(self) -> None:
        """Find what matches in the lines of the window."""
        known, texts = self._marks, [line.text for line in self.window.lines]
        new = [] if self.pattern is None else [text for text in texts if text not in known]
        found = self.pattern.spans(new) if self.pattern is not None and new else []
        self._marks = {text: known[text] for text in texts if text in known} | dict(
            zip(new, found, strict=True)
        )

    # Looking for something

    def search(self, pattern: Pattern) -> int:
        """Show only what matches; lines before the returned offset are given to `found` by whoever has them
        looked through, and `searched` ends it."""
        self.pattern, self._marks = pattern, {}
        self._matches = Matches(self.view)
        self._scanned = self.view.whole()
        self.only = self.only or not self.stale  # looked for anew, it is shown as it was
        self.searching, self.stale = True, False
        here = self.window.current
        self._wanted = None if here is None or self.window.follows or not self.only else here.start
        if self.only:
            self.window.show(self._matches)
        return self.view.size

    def found(self, starts: array[int]) -> None:
        """Lines match that begin at these offsets, behind those that are known."""
        self._matches.add(starts)
        self._return()

    def searched(self) -> None:
        """Everything that was there is looked through."""
        self.searching = False
        self._match_added()
        self._return()
        self._wanted = None

    def _return(self) -> None:
        """Show the matches around the line that had the cursor, once they reach so far; else as before."""
        if self._wanted is None:
            self.window.refresh()
            return
        self.window.to(self._wanted)
        if self._matches.last >= self._wanted:
            self._wanted = None

    def end_search(self) -> None:
        """Show all lines, and mark nothing."""
        if self.pattern is not None:
            self.pattern, self._marks, self.searching, self.stale = None, {}, False, False
            self.show_only(False)

    def toggle_only(self) -> bool:
        """Show only the lines that match, or all again; whether there is anything to match."""
        if self.pattern is not None:
            self.show_only(not self.only)
        return self.pattern is not None

    def show_only(self, wanted: bool) -> None:
        """Show only the lines that match, or all, around the one with the cursor."""
        self.only = wanted
        self.window.show(self._matches if wanted else self.view, here=not wanted and self.pattern is not None)

    def step(self, step: int) -> bool:
        """Go to the next line that matches, or to the one before; whether there is one."""
        here = self.window.current
        if self.pattern is None or here is None:
            return False
        found = self._matches.after(here.start + 1, 1) if step > 0 else self._matches.before(here.start, 1)
        if found:
            self.window.to(found[0].start)
        return bool(found)

    def _match_added(self) -> None:
        """Look through what was added. The last line may be unfinished: it is looked through again."""
        pattern, whole = self.pattern, self.view.whole()
        while pattern is not None and self._scanned < self.view.size:
            lines = self.view.after(self._scanned, _AT_ONCE)
            if not lines:
                return
            matching = pattern.matching([line.text for line in lines])
            starts = (line.start for line, does in zip(lines, matching, strict=True) if does)
            self._matches.add(array("q", (start for start in starts if start > self._matches.last)))
            if lines[-1].next > whole:
                self._scanned = lines[-1].start
                return
            self._scanned = lines[-1].next
