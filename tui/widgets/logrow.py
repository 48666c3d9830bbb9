"""A line of a log as rows: its time dim, its colour by how grave it is, what matches marked."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_core.logs.pattern import Spans
from agent_core.logs.view import Line as LogLine
from agent_core.text import cells, shorten
from tui.widgets.transcript.lines import Line, Run, wrap
from tui.widgets.transcript.strips import Overlay, Row

_TIME = re.compile(r"^\[?\d[^ ]*[ T]?\d\d:\d\d(?::\d\d)?[^ ]* |^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ")
_THROWN = re.compile(r"(?:Traceback|panic|(?:[\w.$]+\.)?[A-Z][\w$]*(?:Error|Exception))\b")
_THUMB = "┃"
_STYLES = {"FATAL": "bad-title", "ERROR": "bad", "WARN": "warn", "DEBUG": "dim", "TRACE": "dim"}


class Look(NamedTuple):
    """How rows are drawn: their width, how far they are moved sideways, and whether there are no shades to
    tell the current one by."""

    width: int
    shift: int
    plain: bool


def row_of(line: LogLine, look: Look, marks: Spans, *, on: bool) -> Row:
    """The row of a line; `on` for the one with the cursor."""
    text = shorten(line.text[look.shift :], look.width)
    runs = _runs(text, level_style(line.text)) if not look.shift else ((text, level_style(line.text), None),)
    cursor: Overlay = (0, look.width, "link-now")
    overlays = (cursor,) if on and look.plain else _found(text, look.shift, marks)
    return Row(Line(runs, fill="prompt" if on else ""), overlays)


def whole_rows(line: LogLine, look: Look, most: int) -> list[Row]:
    """All of a line with the cursor, in at most so many rows."""
    lines = wrap(_runs(line.text, level_style(line.text)), look.width, fill="prompt")
    cut = len(lines) > most
    overlays: tuple[Overlay, ...] = ((0, look.width, "link-now"),) if look.plain else ()
    return [
        Row(part, overlays, "…" if cut and number == most - 1 else "")
        for number, part in enumerate(lines[:most])
    ]


def with_thumb(rows: list[Row], share: tuple[float, float], width: int) -> list[Row]:
    """The rows of a window with a mark behind so many columns, for where in the file it is."""
    begin, end = share
    last = len(rows) - 1
    if last < 0 or (begin <= 0 and end >= 1):
        return rows
    marked = range(round(begin * last), max(round(begin * last), round(end * last)) + 1)
    return [_thumbed(row, width) if number in marked else row for number, row in enumerate(rows)]


def _thumbed(row: Row, width: int) -> Row:
    line = row.line
    gap = " " * max(0, width + 1 - line.cells)
    return row._replace(line=Line((*line.runs, (gap, "", None), (_THUMB, "mark", None)), fill=line.fill))


def _runs(text: str, style: str) -> tuple[Run, ...]:
    time = _TIME.match(text)
    if time is None or time.end() >= len(text):
        return ((text, style, None),)
    return ((text[: time.end()], "dim", None), (text[time.end() :], style, None))


def _found(text: str, shift: int, marks: Spans) -> tuple[Overlay, ...]:
    inside = ((max(0, start - shift), min(len(text), end - shift)) for start, end in marks)
    return tuple((cells(text[:start]), cells(text[:end]), "found") for start, end in inside if start < end)


def level_style(line: str) -> str:
    """The style of a log line, by how grave it is."""
    # Not before the first line is drawn: its patterns take longer to compile than the first paint may wait.
    from agent_core.logs.formats.line import level_of

    style = _STYLES.get(level_of(line).name, "title")
    return "bad" if style == "title" and _THROWN.match(line) else style
