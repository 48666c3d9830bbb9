"""What the tail screen says: a message in full, and where it stands."""

from __future__ import annotations

import re

from agent_core.streaming.live import values as v
from agent_core.text import cells, human_size, one_line, plural
from tui.widgets.transcript.lines import BLANK, Line, Run, wrap

_LABEL = 8
_JSON = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=: ))|(?P<str>"(?:[^"\\]|\\.)*")|(?P<num>-?\d[\d.eE+-]*)'
    r"|(?P<kw>true|false|null)"
)
_STYLES = {"key": "mark", "str": "str", "num": "num", "kw": "kw"}


def detail(told: v.Detail, width: int, *, rows: int = 0) -> list[Line]:
    """A message in full: what is known of it, then its value; only so many `rows`, where that is not 0."""
    lines: list[Line] = []
    label = max([_LABEL, *(min(cells(name), width // 3) for name, _ in told.facts)])
    for name, text in told.facts:
        first: tuple[Run, ...] = ((f"{name[:label]:<{label}} ", "dim", None),)
        style = "warn" if name == "repeat" else "title"
        lines += wrap([(text, style, None)], width, first=first, rest=((" " * (label + 1), "", None),))
    lines += [BLANK] if told.facts else []
    for text in told.lines:
        lines += wrap(_json(text) if told.kind == "json" else [(text, "title", None)], width, at_words=False)
    if told.left:
        lines += wrap([(f"… {plural(told.left, 'line')} more", "dim", None)], width)
    return lines[:rows] if rows else lines


def _json(line: str) -> list[Run]:
    runs: list[Run] = []
    at = 0
    for match in _JSON.finditer(line):
        runs += [(line[at : match.start()], "op", None), (match[0], _STYLES[match.lastgroup or ""], None)]
        at = match.end()
    return [run for run in (*runs, (line[at:], "op", None)) if run[0]] or [("", "", None)]


def state(page: v.Page) -> list[str]:
    """Where it stands, what matters most first."""
    told: list[str] = []
    if page.state == "lost":
        told.append("not connected")
    if page.follows:
        told.append("following")
    else:
        arrived = page.below + (page.behind or 0)
        waits = ", they wait on the bus" if page.waits and page.behind else ""
        told.append(f"paused, {arrived:,} below{waits}" if arrived else "paused")
    if page.matching is not None and (page.matching or not page.hidden):
        kind = " of this text" if page.literal else ""
        told.append(
            f"{'searching, ' if page.searching else ''}{plural(page.matching, 'match', 'matches')}{kind}"
        )
    told.append(f"{page.rate:,.0f}/s")
    told.append(f"{page.read:,} read")
    if page.repeats:
        told.append(f"{plural(page.repeats, 'repeat')}{' hidden' if page.hidden else ''}")
    if page.dropped:
        told.append(f"the last {page.kept:,} kept ({human_size(page.bytes)}), {page.dropped:,} gone")
    if page.follows and page.behind and page.behind > page.rate:
        told.append(f"{page.behind:,} behind")
    return told


def nothing(page: v.Page | None, where: str) -> str:
    """What stands where there are no rows."""
    if page is None or page.state == "connecting":
        return f"Asking Kafka at {one_line(where)} …"
    if page.fault is not None:
        hint = f" {one_line(page.fault.hint)}" if page.fault.hint else ""
        return f"{one_line(page.fault.message)}.{hint} It is tried again by itself."
    if page.searching:
        return "Searching …"
    if page.matching is not None:
        return "No message matches." if page.read else "No message came yet; those that match show here."
    if not page.topics:
        return "There is no such topic yet. Its messages show here once it is made."
    return "No message came yet. Those that come show here."
