"""Lines of the transcript: runs of styled text, wrapped to a width, and nothing that knows a terminal.

A style is a string of names separated by spaces ("strong code"); the palette turns it into colours when a
line is drawn, so a change of theme needs no new layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec
from rich.cells import cell_len, split_graphemes

from agent_core.text import shorten


class Link(msgspec.Struct, frozen=True, gc=False):
    """Where a run leads: a URL, or a path of the workspace with lines counted from 1."""

    target: str
    line: int | None = None
    end: int | None = None
    url: bool = False


Run = tuple[str, str, Link | None]
"""Text without line ends, its style, and where it leads."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """One row.

    `fill` styles the rest of the row; `join` is what stands before the line in copied text (a line end, or
    what a soft wrap replaced); `lead` counts the characters of decoration (bullets, bars) that are never
    copied; `action` names what a click does.
    """

    runs: tuple[Run, ...] = ()
    fill: str = ""
    join: str = "\n"
    lead: int = 0
    action: str = ""

    @property
    def text(self) -> str:
        """The row as plain text."""
        return "".join([run[0] for run in self.runs])

    @property
    def cells(self) -> int:
        """Columns that the text takes."""
        return sum([cell_len(run[0]) for run in self.runs])


BLANK = Line()
_MORE: Run = ("…", "dim", None)


def offsets(lines: Iterable[Line]) -> list[int]:
    """How many characters of the text, as it is copied, lie before each row: for any width the same text."""
    out: list[int] = []
    at = 0
    for line in lines:
        at += len(line.join) if out else 0
        out.append(at)
        at += len(line.text) - line.lead
    return out


# Scripts that are written without spaces may break before and after every character.
_WIDE = "\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U0001f000-\U0003ffff"
_JOINED = r"(?:\u200d.|[\u0300-\u036f\ufe0e\ufe0f\U0001f3fb-\U0001f3ff])*"


@cache
def _chunk() -> re.Pattern[str]:
    """A word with the spaces after it; compiled when the first text is wrapped, which takes milliseconds."""
    return re.compile(rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[{_WIDE}]){_JOINED}[ ]*|[^ {_WIDE}]+[ ]*|[ ]+")


def breaks(text: str, width: int) -> list[tuple[int, int]]:
    """Start and end of each row when the text is wrapped at words; spaces at a break are dropped."""
    if cell_len(text) <= width:
        return [(0, len(text))]
    rows: list[tuple[int, int]] = []
    start = end = used = 0
    for match in _chunk().finditer(text):
        chunk = match.group()
        word = chunk.rstrip(" ")
        need = cell_len(word)
        if used and used + need > width:
            rows.append((start, end))
            start, used = match.start(), 0
        if need > width:
            *full, (start, last) = _chop(text, match.start(), match.start() + len(word), width)
            rows.extend(full)
            used = cell_len(text[start:last])
        else:
            used += need
        used += len(chunk) - len(word)
        end = match.start() + len(word)
    rows.append((start, max(end, start)))
    return rows


def _chop(text: str, start: int, end: int, width: int) -> list[tuple[int, int]]:
    if text.isascii():  # one cell each: a line of a megabyte must not hold up the keys
        return [(at, min(at + width, end)) for at in range(start, end, width)]
    rows: list[tuple[int, int]] = []
    used, at = 0, start
    for first, last, cells in split_graphemes(text[start:end])[0]:
        if used and used + cells > width:
            rows.append((at, start + first))
            at, used = start + first, 0
        used += cells
        if start + last >= end:
            break
    rows.append((at, end))
    return rows


def cut(runs: Iterable[Run], start: int, end: int) -> tuple[Run, ...]:
    """The characters from start to end, with their styles."""
    out: list[Run] = []
    at = 0
    for text, style, link in runs:
        after = at + len(text)
        if after > start and at < end:
            piece = text[max(0, start - at) : end - at]
            if piece:
                out.append((piece, style, link))
        at = after
        if at >= end:
            break
    return tuple(out)


def plain(runs: Iterable[Run]) -> str:
    """The runs' text."""
    return "".join([run[0] for run in runs])


def merge(runs: Iterable[Run]) -> list[Run]:
    """The same text with as few runs as its styles allow."""
    out: list[Run] = []
    for text, style, link in runs:
        if out and out[-1][1] == style and out[-1][2] == link:
            out[-1] = (out[-1][0] + text, style, link)
        elif text:
            out.append((text, style, link))
    return out


def clip_end(runs: Sequence[Run], width: int) -> tuple[Run, ...]:
    """The last columns of a prefix that is wider than allowed."""
    text = plain(runs)
    start = 0
    while cell_len(text[start:]) > width:
        start += 1
    return cut(runs, start, len(text))


def clip(runs: Sequence[Run], width: int) -> tuple[Run, ...]:
    """The first columns of what is wider than allowed, the last of them an ellipsis."""
    text = plain(runs)
    whole = shorten(text, width)
    return tuple(runs) if whole == text else (*cut(runs, 0, len(whole) - 1), _MORE)


def wrap(
    runs: Sequence[Run],
    width: int,
    *,
    first: Sequence[Run] = (),
    rest: Sequence[Run] = (),
    fill: str = "",
    at_words: bool = True,
    action: str = "",
) -> list[Line]:
    """Rows of at most `width` columns.

    Args:
        runs: What to wrap; "\\n" in a text breaks the row.
        width: Columns of a whole row, prefix included.
        first: Decoration of the first row.
        rest: Decoration of the others; as wide as `first`.
        fill: Style of the rest of each row.
        at_words: Break at words; otherwise at any character (code).
        action: What a click on a row does.
    """
    used = cell_len(plain(first))
    if used > width // 2:
        first, rest = clip_end(first, width // 2), clip_end(rest, width // 2)
        used = max(cell_len(plain(first)), cell_len(plain(rest)))
    room = max(1, width - used)
    text = plain(runs)
    out: list[Line] = []
    offset = 0
    for part in text.split("\n"):
        rows = breaks(part, room) if at_words else _rows(part, room)
        for number, (start, end) in enumerate(rows):
            prefix = rest if out else first
            join = "\n" if number == 0 else " " if rows[number - 1][1] < start else ""
            out.append(
                Line(
                    (*prefix, *cut(runs, offset + start, offset + end)),
                    fill,
                    join,
                    sum([len(run[0]) for run in prefix]),
                    action,
                )
            )
        offset += len(part) + 1
    return out


def at_most(lines: Sequence[Line], count: int, width: int) -> list[Line]:
    """The first lines of so many columns, one or more; the last of them ends with an ellipsis where others
    would follow."""
    if len(lines) <= count:
        return list(lines)
    last = (*lines[count - 1].runs, (" ", "", None), *lines[count].runs, _MORE)
    return [*lines[: count - 1], Line(clip(last, width))]


def _rows(text: str, width: int) -> list[tuple[int, int]]:
    return [(0, len(text))] if cell_len(text) <= width else _chop(text, 0, len(text), width)
