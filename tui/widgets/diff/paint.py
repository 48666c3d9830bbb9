"""The rows of a diff as they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agent_core.changes.hunks import Hunk, HunkLine, spans
from agent_core.text import cells, one_line, shorten, shorten_middle
from tui.widgets.diff.colours import Colours
from tui.widgets.diff.draft import FileDraft
from tui.widgets.diff.entries import Entry
from tui.widgets.diff.text import LONGEST, fitted, marked, shown
from tui.widgets.transcript.lines import Line, Run
from tui.widgets.transcript.strips import Row

_SIGNS = {" ": "", "-": "del", "+": "add"}
_MARKS: dict[str, Run] = {
    "all": ("✓", "ok", None),
    "part": ("◐", "warn", None),
    "none": ("○", "dim", None),
}
_KINDS = {"new": "new file", "deleted": "deleted"}
_NARROW = 64
"""Columns below which only one line number shows."""


class Look(NamedTuple):
    """How rows are drawn: the width, columns moved sideways, whether there are no shades."""

    width: int
    shift: int
    plain: bool


class Painter:
    """Draws the rows of one file.

    Args:
        file: What it is and what of it is wanted.
        colours: Of its syntax.
        look: How.
    """

    def __init__(self, file: FileDraft, colours: Colours, look: Look) -> None:
        self._file, self._colours, self._look = file, colours, look
        last = max((max(h.old_start + h.old_size, h.new_start + h.new_size) for h in file.hunks), default=0)
        self._digits = max(2, len(str(last)))

    def row(self, entry: Entry, *, now: bool) -> Row:
        """The row of an entry; `now` for those of the hunk with the cursor."""
        match entry.kind:
            case "head":
                return head_row(self._file, self._look.width)
            case "note":
                text = shorten(one_line(entry.text), self._look.width - 4)
                style = "warn" if entry.text == self._file.note else "dim"
                mark = "▲" if style == "warn" else " "
                return Row(Line(((f"  {mark} ", style, None), (text, style, None))))
            case "hunk":
                return self._hunk(entry, now)
            case "line":
                return self._line(entry, now)
            case "pair":
                return self._pair(entry, now)
            case "end":
                return self._end(entry, now)
            case "finding":
                text = shorten(one_line(entry.text), max(4, self._look.width - self._digits - 6))
                gap = " " * (self._digits + 2)
                runs: tuple[Run, ...] = ((f"{gap}▲ ", "bad", None), (text, "bad", None))
                return Row(Line((self._bar(entry, now), *runs)))
            case "gap":
                return Row(Line())

    def _bar(self, entry: Entry, now: bool) -> Run:
        if now:
            return ("▌", "mark", None)
        return ("▏", "ok", None) if self._file.wants(entry.hunk) else (" ", "", None)

    def _hunk(self, entry: Entry, now: bool) -> Row:
        width, file = self._look.width, self._file
        hunk = file.hunks[entry.hunk]
        wanted = file.wants(entry.hunk)
        first, size = (hunk.new_start, hunk.new_size) if hunk.new_size else (hunk.old_start, hunk.old_size)
        place = f" {first}-{first + size - 1}" if size > 1 else f" {first}"
        left_out = "" if wanted else "  left out"
        added = sum(line.side == "+" for line in hunk.lines)
        removed = sum(line.side == "-" for line in hunk.lines)
        right = f"+{added:,} -{removed:,} "
        room = max(0, width - 3 - cells(place) - cells(left_out) - cells(right) - 3)
        inside = f"  {shorten(one_line(entry.text), room - 1)}" if entry.text and room > 8 else ""
        used = 3 + cells(place) + cells(left_out) + cells(inside)
        fill = "prompt" if now else "hunk"
        runs: tuple[Run, ...] = (
            ("▌" if now else " ", "mark" if now else "", None),
            _MARKS["all" if wanted else "none"],
            (f" {place}", "title" if wanted else "dim", None),
            (left_out, "warn", None),
            (inside, "fn" if wanted else "dim", None),
            (" " * max(1, width - used - cells(right)), "", None),
            (right, "dim", None),
        )
        plain = ((0, width, "link-now"),) if now and self._look.plain else ()
        return Row(Line(tuple(run for run in runs if run[0]), fill=fill), plain)

    def _end(self, entry: Entry, now: bool) -> Row:
        text = "\\ No newline at end of file"
        if (
            entry.right >= 0
            and self._file.hunks[entry.hunk].lines[entry.right].side != " "
            and entry.left < 0
        ):
            text = f"{' ' * (self._half() + 1)}{text}"
        gap = " " * (self._digits + 2)
        return Row(Line((self._bar(entry, now), (f"{gap}{text}"[: self._look.width - 1], "dim em", None))))

    # Lines

    def _line(self, entry: Entry, now: bool) -> Row:
        hunk, width = self._file.hunks[entry.hunk], self._look.width
        line = hunk.lines[entry.left]
        fill = self._fill(line, entry.hunk)
        numbers = self._number(line.new or line.old)
        two_sides = self._file.change.before is not None and self._file.change.after is not None
        if width >= _NARROW and two_sides:
            numbers = f"{self._number(line.old)} {self._number(line.new)}"
        lead = self._lead(numbers, line, entry.hunk)
        room = width - 1 - cells(lead[0][0]) - 2
        body = fitted(self._body(hunk, entry.left, entry.right), self._look.shift, max(1, room))
        return Row(Line((self._bar(entry, now), *lead, *body), fill=fill))

    def _half(self) -> int:
        return (self._look.width - 2) // 2

    def _pair(self, entry: Entry, now: bool) -> Row:
        hunk = self._file.hunks[entry.hunk]
        half = self._half()
        left = self._cell(hunk, entry.left, entry.right, half, old=True)
        right = self._cell(hunk, entry.right, entry.left, self._look.width - 2 - half, old=False)
        return Row(Line((self._bar(entry, now), *left, ("│", "rule", None), *right)))

    def _cell(self, hunk: Hunk, place: int, partner: int, width: int, *, old: bool) -> list[Run]:
        """One side of a row of two, in exactly so many columns."""
        if place < 0:
            return [("╱" * width if not self._look.plain else " " * width, "void", None)]
        line = hunk.lines[place]
        fill = self._fill(line, hunk.number)
        lead = self._lead(self._number(line.old if old else line.new), line, hunk.number)
        room = max(1, width - cells(lead[0][0]) - 2)
        other = partner if partner != place else -1
        body = fitted(self._body(hunk, place, other, old=old), self._look.shift, room)
        return [(text, f"{fill} {style}".strip(), link) for text, style, link in (*lead, *body)]

    def _number(self, number: int) -> str:
        return f"{number:>{self._digits}}" if number else " " * self._digits

    def _lead(self, numbers: str, line: HunkLine, hunk: int) -> list[Run]:
        sign = _SIGNS[line.side] if self._file.wants(hunk) else ""
        return [
            (f"{numbers} ", f"{sign}-sign" if sign else "dim", None),
            (f"{line.side} ", f"{sign}-sign" if sign else "dim", None),
        ]

    def _fill(self, line: HunkLine, hunk: int) -> str:
        sign = _SIGNS[line.side]
        return f"{sign}-line" if sign and self._file.wants(hunk) else ""

    def _body(self, hunk: Hunk, place: int, partner: int, *, old: bool = False) -> Sequence[Run]:
        """The text of a line, with its syntax and with what differs from its partner."""
        line = hunk.lines[place]
        text = self._shown(line)
        more: tuple[Run, ...] = ()
        if len(line.text) > LONGEST:
            more = ((f" … {len(line.text) - LONGEST:,} more characters", "dim", None),)
        if not self._file.wants(hunk.number):
            return [(text, "dim", None), *more]
        from_old = line.side == "-" or (line.side == " " and old)
        known = (self._colours.old if from_old else self._colours.new).get(line.old if from_old else line.new)
        runs: Sequence[Run] = known or [(text, "", None)]
        if "".join([run[0] for run in runs]) != text:  # what is coloured is shorter than what is shown
            runs = [(text, "", None)]
        sign = _SIGNS[line.side]
        if sign and partner >= 0:
            other = self._shown(hunk.lines[partner])
            pair = spans(text, other)[0] if line.side == "-" else spans(other, text)[1]
            runs = marked(runs, pair, f"{sign}-word")
        if line.side == "+" and (blank := len(text) - len(text.rstrip(" "))) and len(text) > blank:
            runs = marked(runs, ((len(text) - blank, len(text)),), "found")
        return [*runs, *more]

    def _shown(self, line: HunkLine) -> str:
        return shown(line.text.removesuffix("\r") if self._file.crlf and line.ended else line.text)


def head_row(file: FileDraft, width: int) -> Row:
    """The line above a file."""
    how = _KINDS.get(file.kind, "")
    if file.kind == "renamed":
        how = f"renamed {'to' if file.change.after is None else 'from'} {one_line(file.twin_path)}"
    state = " · ".join(filter(None, (how, "edited by hand" if file.edited else "")))
    right = f"+{file.added:,} -{file.removed:,} "
    room = max(8, width - 3 - cells(right) - 1)
    path = shorten_middle(one_line(file.path), room)
    state = shorten(f"  {state}", room - cells(path)) if state and room - cells(path) > 6 else ""
    used = 3 + cells(path) + cells(state)
    runs: tuple[Run, ...] = (
        (" ", "", None),
        _MARKS[file.state],
        (" ", "", None),
        (path, "strong", None),
        (state, "warn" if file.kind == "deleted" else "dim", None),
        (" " * max(1, width - used - cells(right)), "", None),
        (right.split(" ")[0], "ok", None),
        (" " + right.split(" ", 1)[1], "bad", None),
    )
    return Row(Line(tuple(run for run in runs if run[0]), fill="head"))


def mark_of(state: str) -> Run:
    """The mark of what is wanted as a whole, in part, or not at all."""
    return _MARKS[state]
