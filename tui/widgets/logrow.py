"""A line of a log as a row: its time dim, its colour by how grave it is, what matches marked."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_core.logs.view import Line as LogLine
from agent_core.text import cells, shorten
from tui.widgets.transcript.lines import Line, Run
from tui.widgets.transcript.strips import Overlay, Row

_TIME = re.compile(r"^\[?\d[^ ]*[ T]?\d\d:\d\d(?::\d\d)?[^ ]* |^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ")
_THROWN = re.compile(r"(?:Traceback|panic|(?:[\w.$]+\.)?[A-Z][\w$]*(?:Error|Exception))\b")
_STYLES = {"FATAL": "bad-title", "ERROR": "bad", "WARN": "warn", "DEBUG": "dim", "TRACE": "dim"}


class Look(NamedTuple):
    """How rows are drawn: their width, how far they are moved sideways, what is marked in them, and whether
    there are no shades to tell the current one by."""

    width: int
    shift: int
    pattern: re.Pattern[str] | None
    plain: bool


def row_of(line: LogLine, look: Look, *, on: bool) -> Row:
    """The row of a line; `on` for the one with the cursor."""
    text = shorten(line.text[look.shift :], look.width)
    style = level_style(line.text)
    time = None if look.shift else _TIME.match(text)
    runs: tuple[Run, ...] = ((text, style, None),)
    if time is not None and time.end() < len(text):
        runs = ((text[: time.end()], "dim", None), (text[time.end() :], style, None))
    cursor: Overlay = (0, look.width, "link-now")
    overlays = (cursor,) if on and look.plain else _found(text, look.pattern)
    return Row(Line(runs, fill="prompt" if on else ""), overlays)


def _found(text: str, pattern: re.Pattern[str] | None) -> tuple[Overlay, ...]:
    if pattern is None:
        return ()
    spans = (match.span() for match in pattern.finditer(text) if match.group())
    return tuple((cells(text[:start]), cells(text[:end]), "found") for start, end in spans)


def level_style(line: str) -> str:
    """The style of a log line, by how grave it is."""
    # Not before the first line is drawn: its patterns take longer to compile than the first paint may wait.
    from agent_core.logs.formats.line import level_of

    style = _STYLES.get(level_of(line).name, "title")
    return "bad" if style == "title" and _THROWN.match(line) else style
