"""Lines that come in from several sources at once, the last of them kept: followed, filtered, wrapped."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from textual.message import Message

from agent_core.logs.pattern import Pattern, Spans
from agent_core.text import cells, printable, shorten
from tui.widgets.logrow import level_style
from tui.widgets.transcript.lines import Line, Run, cut, wrap
from tui.widgets.transcript.strips import Row
from tui.widgets.windowed import FARTHEST, Windowed

MOST = 20_000
"""Lines that are kept; of more the first go."""
_SLACK = 1000
"""So many more may be there before the first go, since it moves all the others."""
_MOST_NAME, _NARROW = 24, 60
_COLOURS = ("mark", "ok", "num", "kw", "builtin", "fn", "cls")


class Entry(NamedTuple):
    """A line: its number from 1, who wrote it, and what."""

    number: int
    source: str
    text: str


class StreamLines(Windowed):
    """A window of the lines. Nothing of them is markup.

    Args:
        empty: What stands where there are none.
    """

    class Changed(Message, namespace="stream_lines"):
        """Other lines show."""

        def can_replace(self, message: Message) -> bool:
            """Only the latest matters."""
            return isinstance(message, StreamLines.Changed)

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.empty = empty
        self.follows = True
        """Whether it shows the end, and goes on with it."""
        self.wraps = False
        """Whether long lines take several rows."""
        self.pattern: Pattern | None = None
        self._all: list[Entry] = []
        self._found: list[Entry] = []
        self._end = 0  # behind the last line that shows, among those that match
        self._names: dict[str, str] = {}

    @property
    def kept(self) -> tuple[Entry, ...]:
        """The lines that are kept."""
        return tuple(self._all)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self._all)

    @property
    def matching(self) -> int:
        """Lines of them that match."""
        return len(self._lines)

    @property
    def full(self) -> bool:
        """Whether more lines would take away what somebody has paused to read: they are to wait."""
        return not self.follows and len(self._all) >= MOST

    @property
    def below(self) -> int:
        """Lines behind the last that shows."""
        return len(self._lines) - self._end

    @property
    def _lines(self) -> list[Entry]:
        return self._all if self.pattern is None else self._found

    def add(self, lines: Sequence[tuple[str, str]]) -> None:
        """More lines came in: who wrote each, and what."""
        number = self._all[-1].number + 1 if self._all else 1
        new = [
            Entry(number + index, printable(source), _shown(text))
            for index, (source, text) in enumerate(lines)
        ]
        for entry in new:
            self._names.setdefault(entry.source, _COLOURS[len(self._names) % len(_COLOURS)])
        self._all += new
        if self.pattern is not None:
            fits = self.pattern.matching([entry.text for entry in new])
            self._found += [entry for entry, fit in zip(new, fits, strict=True) if fit]
        self._trim()
        if self.follows:
            self._end = len(self._lines)
        self.draw()

    def _trim(self) -> None:
        if len(self._all) <= (MOST + _SLACK if self.follows else 2 * MOST):
            return
        before = len(self._lines)
        del self._all[: len(self._all) - MOST]
        first = self._all[0].number
        del self._found[: bisect_left(self._found, first, key=lambda entry: entry.number)]
        self._end = max(0, self._end - (before - len(self._lines)))

    def filter(self, pattern: Pattern | None) -> None:
        """Show only the lines that match; None for all. The last line that showed stays, if it can."""
        at = self._lines[self._end - 1].number if 0 < self._end <= len(self._lines) else 0
        self.pattern = pattern
        self._found = []
        if pattern is not None and self._all:
            fits = pattern.matching([entry.text for entry in self._all])
            self._found = [entry for entry, fit in zip(self._all, fits, strict=True) if fit]
        behind = bisect_left(self._lines, at + 1, key=lambda entry: entry.number)
        self._end = len(self._lines) if self.follows else max(min(len(self._lines), self.height), behind)
        self.draw()

    def follow(self, wanted: bool) -> None:
        """Go to the end and on with it, or stay here."""
        self.follows = wanted
        if wanted:
            self._end = len(self._lines)
        self.draw()

    def toggle_wrap(self) -> None:
        """Long lines in several rows, or cut at the end."""
        self.wraps = not self.wraps
        self.shift = 0
        self.draw()

    # Drawing

    def draw(self) -> None:
        """Draw the window."""
        region = self.scrollable_content_region
        if region.width > 2 and region.height:
            self.fill(self._drawn(region.width, region.height), empty=self.empty)
        self.post_message(self.Changed())

    def _drawn(self, width: int, height: int) -> list[Row]:
        lines, end = self._lines, self._end
        near = lines[max(0, end - height) : end + height]
        marks: dict[int, Spans] = {}
        if self.pattern is not None and near:
            spans = self.pattern.spans([entry.text for entry in near])
            marks = {entry.number: found for entry, found in zip(near, spans, strict=True)}
        name = min(_MOST_NAME, max((cells(entry.source) for entry in near), default=0))
        name = 0 if width < _NARROW or len(self._names) < 2 else name
        rows: list[Row] = []
        for entry in reversed(lines[max(0, end - height) : end]):
            if len(rows) >= height:
                break
            rows = [*self._rows_of(entry, width, name, marks.get(entry.number, ())), *rows]
        rows = rows[max(0, len(rows) - height) :]
        for entry in lines[end : end + height - len(rows)]:
            rows += self._rows_of(entry, width, name, marks.get(entry.number, ()))
        return rows[:height]

    def _rows_of(self, entry: Entry, width: int, name: int, marks: Spans) -> list[Row]:
        style = level_style(entry.text) if entry.source else "dim"
        first: tuple[Run, ...] = ()
        if name:
            source = shorten(entry.source, name)
            colour = self._names[entry.source]
            first = ((source + " " * (name - cells(source)), colour, None), (" │ ", "rule", None))
        runs = _marked(entry.text, style, marks)
        room = width - (name + 3 if name else 0)
        if self.wraps:
            rest: tuple[Run, ...] = ((" " * name, "", None), (" │ ", "rule", None)) if name else ()
            return [Row(line) for line in wrap(runs, width, first=first, rest=rest, at_words=False)]
        text = entry.text[self.shift :]
        whole = shorten(text, room)
        shown = cut(runs, self.shift, self.shift + len(whole) - (whole != text))
        return [Row(Line((*first, *shown, *((("…", style, None),) if whole != text else ()))))]

    def on_resize(self) -> None:
        """There is room for more lines, or fewer."""
        self.draw()

    # Keys and mouse

    def action_move(self, step: int) -> None:
        """Move by lines; at the end it goes on with it."""
        self._to(self._end + step)

    def action_page(self, step: int) -> None:
        """Move by windows."""
        self._to(self._end + step * max(1, self.height - 1))

    def action_edge(self, step: int) -> None:
        """Go to the first line, or to the last and on with it."""
        self._to(len(self._lines) if step > 0 else 0)

    def _to(self, end: int) -> None:
        last = len(self._lines)
        self._end = max(min(last, 1 if self.wraps else self.height), min(last, end))
        self.follows = self._end == last
        self.draw()

    def action_choose(self) -> None:
        """Wrap, or not."""
        self.toggle_wrap()

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines."""
        if not self.wraps:
            super().action_shift(columns)


def _shown(text: str) -> str:
    return printable(text[:FARTHEST]).replace("\t", "    ").replace("\n", " ") + (
        "…" if len(text) > FARTHEST else ""
    )


def _marked(text: str, style: str, marks: Spans) -> list[Run]:
    runs: list[Run] = []
    at = 0
    for start, end in marks:
        runs += [(text[at:start], style, None), (text[start:end], f"{style} found", None)]
        at = end
    return [run for run in (*runs, (text[at:], style, None)) if run[0]] or [("", style, None)]
