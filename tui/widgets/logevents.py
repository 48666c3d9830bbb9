"""Key events of the logs as rows: one each in a list, and one in full."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from agent_core.logs.api import Chronic, CodePlace, KeyEvent
from agent_core.text import one_line, plural, printable, shorten
from tui.widgets.histogram import clock
from tui.widgets.rows import Item
from tui.widgets.transcript.lines import Run, wrap

_GRAVE = {"fatal": ("✗", "bad-title"), "error": ("✗", "bad"), "warn": ("▲", "warn")}
_KINDS = {
    "trace": "stack trace",
    "error": "error",
    "burst": "burst",
    "raised": "graver than usual",
    "new": "new",
    "rare": "rare",
}
_LEADING = re.compile(
    r"Exception in thread \S+ |Unhandled exception:|Uncaught |Traceback \(most recent call last\):"
    r"|PHP Fatal error: +"
)
"""What stands before an exception and tells nothing of it."""
_EXCEPTION = re.compile(r"(?:[\w.$]+\.)?[A-Z][\w$]*(?:Error|Exception|Fault|Panic)\b")
_TELLER = 12
"""Columns for the service that tells an event."""
CHRONIC = "chronic:"
"""What the key of a row begins with that is noise."""
PLACE = "place:"
"""What the key of a row begins with that leads to a place in the code."""


def event_item(event: KeyEvent, *, source: bool = False) -> Item:
    """An event in one row: how grave, when, how often, what; with who tells it where there is room."""
    glyph, style = _mark(event)
    lead: tuple[Run, ...] = ((f"{glyph} ", style, None), (_time(event.ended), "dim", None))
    if event.count > 1:
        lead = (*lead, (f"{event.count:,}× ", "mark", None))
    teller = _name(event.source) if source else shorten(_teller(event), _TELLER)
    right: tuple[Run, ...] = ((teller, "dim", None),) if teller else ()
    said = "bad" if style.startswith("bad") else "title"
    return Item(headline(event), said, lead, right, key=event.id, right_gives=True)


def shared(events: Sequence[KeyEvent], room: int) -> list[KeyEvent]:
    """The events that are shown where there is room for so many, in their order.

    What the bus tells is anybody's word: half of the rows are left to the files as long as they have events,
    and the services take turns.
    """
    turns: Counter[str] = Counter()
    heard: list[tuple[int, int]] = []
    own: list[int] = []
    for number, event in enumerate(events):
        if teller := _teller(event):
            heard.append((turns[teller], number))
            turns[teller] += 1
        else:
            own.append(number)
    told = [number for _, number in sorted(heard)[: room - min(len(own), room - room // 2)]]
    return [events[number] for number in sorted([*told, *own[: room - len(told)]])]


def _teller(event: KeyEvent) -> str:
    """The service of the bus that told it; "" for what was found here."""
    scheme, _, rest = event.source.partition(":")
    return one_line(rest.partition(":")[0]) if scheme == "bus" else ""


def chronic_item(chronic: Chronic, *, source: bool = False) -> Item:
    """Noise that recurs, in one row."""
    lead: tuple[Run, ...] = (("∙ ", "dim", None), (f"{chronic.count:,}× ", "dim", None))
    right: tuple[Run, ...] = ((_name(chronic.source), "dim", None),) if source else ()
    return Item(one_line(chronic.template), "dim", lead, right, key=key_of(chronic), right_gives=True)


def key_of(chronic: Chronic) -> str:
    """The key of the row of noise."""
    return f"{CHRONIC}{chronic.source}\n{chronic.template}"


def chronic_items(chronic: Chronic, width: int) -> list[Item]:
    """Noise that recurs, in full."""
    level = f" · {chronic.level}" if chronic.level else ""
    said = f"recurs as it always did · {plural(chronic.count, 'time')}{level}"
    items = [Item(said, "title", (("∙ ", "dim", None),))]
    items += [_dim(row) for row in _wrapped(one_line(chronic.source), width)]
    return [*items, Item(""), *(Item(row, "title") for row in _wrapped(chronic.template, width))]


def headline(event: KeyEvent) -> str:
    """What an event says in one row: of a stack trace the exception, which is what tells."""
    lines = [said for line in event.text.splitlines() if (said := _LEADING.sub("", line).strip())]
    if not lines:
        return one_line(event.text or event.template)
    telling = next((line for line in lines if _EXCEPTION.match(line)), lines[0])
    return one_line(telling if event.kind == "trace" else lines[0])


def detail_items(event: KeyEvent, width: int, *, whole: Sequence[str] = (), note: str = "") -> list[Item]:
    """An event in full: what it is, why it is here, what it says, where it leads.

    Args:
        event: The event.
        width: Columns of a row.
        whole: The lines of the log itself, in place of the collapsed ones.
        note: What is to be known of its source.
    """
    glyph, style = _mark(event)
    items = [Item(_facts(event), style, ((f"{glyph} ", style, None),))]
    why = [one_line(reason) for reason in event.why if reason != _KINDS[event.kind]]
    items += [_dim(line) for line in _wrapped(" · ".join([*why, one_line(cited(event))]), width)]
    items += [_dim(line) for line in _wrapped(one_line(note), width)]
    items.append(Item(""))
    for line in whole or event.text.splitlines():
        items += [Item(row, _text_style(line)) for row in _wrapped(line, width)]
    if event.places:
        items.append(Item(""))
    items += [place_item(place) for place in event.places]
    if event.others:
        others = ", ".join(f"{line:,}" for line in event.others[:8])
        more = event.count - 1 - len(event.others[:8])
        said = f"also in line {others}" + (f" and {more:,} more" if more > 0 else "")
        items += [Item(""), *(_dim(line) for line in _wrapped(said, width))]
    return items


def place_item(place: CodePlace) -> Item:
    """A place in the code as a row that leads there."""
    cited = f"{one_line(place.path)}:{place.line}" if place.line else one_line(place.path)
    right: tuple[Run, ...] = ((one_line(place.function), "dim", None),) if place.function else ()
    return Item(
        cited, "link", (("→ ", "mark", None),), right, key=f"{PLACE}{place.line}:{place.path}", middle=True
    )


def place_of(key: str) -> tuple[str, int] | None:
    """The path and line that the key of a row leads to."""
    if not key.startswith(PLACE):
        return None
    line, _, path = key.removeprefix(PLACE).partition(":")
    return path, int(line)


def cited(event: KeyEvent) -> str:
    """The event's lines as a place: `logs/app.log:120-131`."""
    span = f"{event.first}-{event.last}" if event.last > event.first else f"{event.first}"
    return f"{event.source}:{span}"


def _mark(event: KeyEvent) -> tuple[str, str]:
    if event.level in _GRAVE:
        return _GRAVE[event.level]
    return ("✗", "bad") if event.kind == "trace" else ("●", "mark")


def _facts(event: KeyEvent) -> str:
    facts = [_KINDS[event.kind]]
    facts += [event.level] if event.level and event.level != event.kind else []
    facts += [plural(event.count, "time")] if event.count > 1 else []
    facts += [one_line(event.component)] if event.component else []
    facts += [_when(event)] if event.ended is not None else []
    return " · ".join(facts)


def _when(event: KeyEvent) -> str:
    assert event.ended is not None
    began, ended = clock(event.began or event.ended), clock(event.ended)
    return ended if began == ended else f"{began}-{ended}"


def _text_style(line: str) -> str:
    return "dim" if line.lstrip().startswith("…") else "title"


def _wrapped(text: str, width: int) -> list[str]:
    """The text in rows; each keeps the indentation of its beginning."""
    text = printable(text.expandtabs(4))
    said = text.lstrip()
    if not said:
        return []
    indent: list[Run] = [(" " * min(len(text) - len(said), width // 3), "", None)]
    return [line.text for line in wrap([(said, "", None)], max(8, width), first=indent, rest=indent)]


def _dim(text: str) -> Item:
    return Item(text, "dim")


def _name(source: str) -> str:
    """The last of its path; of what the bus tells with the service."""
    name = source.rpartition("/")[2] or source
    service = source.split(":")[1] if source.startswith("bus:") and name != source else ""
    return one_line(f"{service}: {name}" if service else name)


def _time(moment: float | None) -> str:
    return f"{clock(moment):5} " if moment is not None else " " * 6
