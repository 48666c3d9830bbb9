"""A digest in words: for people and models alike, and as places that can be opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from agent_core.events import Hit
from agent_core.logs.api import Chronic, CodePlace, Digest, KeyEvent, SourceFacts
from agent_core.logs.sources.port import STDIN
from agent_core.text import human_size, one_line, plural, printable, shorten

NOTHING_FOUND = "No logs were found."
_FOUND = (
    "Found by themselves are `*.log`, `*.out`, `*.err`, and whatever lies in `logs/`. Others are named by the"
    ' setting log_files, such as log_files = ["build/*.txt", "compose"], or with'
)
HOW_TO_CONFIGURE = (
    f"{_FOUND} `ctx --source NAME` (a file, a glob, a folder, compose:SERVICE, bus:SERVICE, or - for standard"
    " input)."
)
HOW_TO_SHIP = (
    f"{_FOUND} `logs ship NAME` (a file, a glob, a folder, compose:SERVICE, or - for standard input)."
)
_CHRONIC = 5
_WIDTH = 160
_PLACES = 4
_INDENT = "    "
_HOUR_S = 3600.0


def headline(digest: Digest) -> str:
    """One line: how many events in how much, and from when to when."""
    lines = sum(source.lines for source in digest.sources)
    began = min((source.began for source in digest.sources if source.began is not None), default=None)
    ended = max((source.ended for source in digest.sources if source.ended is not None), default=None)
    count = len(digest.events) + digest.left_out
    events = plural(count, "key event") if count else _calm(digest)
    alone = len(digest.sources) == 1
    where = label(digest.sources[0].name) if alone else plural(len(digest.sources), "log")
    span = f", {span_of(began, ended)}" if began is not None else ""
    return f"{events} in {where}, {plural(lines, 'line')}{span}"


def as_text(digest: Digest) -> str:
    """The events by number, each with what was said, why it is here, and where it leads; then the rest."""
    if not digest.sources:
        return f"{NOTHING_FOUND} {HOW_TO_CONFIGURE}"
    blocks = [_event(number, event) for number, event in enumerate(digest.events, 1)]
    folded = [_folded(digest)] if digest.chronic else []
    told = [f"({found})"] if (found := notes(digest)) else []
    return "\n\n".join((headline(digest), *blocks, *folded, *told))


def notes(digest: Digest) -> str:
    """What was left out, and what is wrong, in one line."""
    found = [
        digest.note,
        f"{plural(digest.left_out, 'further key event')}; --limit shows more" if digest.left_out else "",
        f"{plural(digest.dropped, 'time-out')} of the model client dropped" if digest.dropped else "",
        *(_noted(label(source.name), source.note) for source in digest.sources),
    ]
    return "; ".join(filter(None, found))


def _noted(name: str, note: str) -> str:
    return f"{name}: {note}" if note and not note.startswith(name) else note


def hits(digest: Digest, is_file: Callable[[str], bool]) -> tuple[Hit, ...]:
    """The places of the events in the code, then in the logs; `is_file` says which sources can be opened."""
    found: list[Hit] = []
    for number, event in enumerate(digest.events, 1):
        said = f"[{number}] {gist(event)}"
        for place in event.places:
            why = f"in {place.function}" if place.function else "named in a stack trace"
            found.append(Hit(place.path, max(place.line, 1), max(place.line, 1), event.score, why, said))
        if is_file(event.source):
            why = "; ".join(event.why)
            found.append(Hit(event.source, event.first, event.last, event.score, why, printable(event.text)))
    return tuple(found)


def gist(event: KeyEvent) -> str:
    """The one line that says most: of a Python traceback the last, else the first."""
    lines = printable(event.text).split("\n")
    return lines[-1 if lines[0].startswith("Traceback ") else 0].strip()


def described(event: KeyEvent) -> str:
    """An event's head in Markdown: how grave, how often, where, why, and the code that it leads to."""
    code = ", ".join(f"`{one_line(place.path)}:{place.line or 1}`" for place in event.places[:_PLACES])
    why = ", ".join(event.why)
    return f"**{_grade(event)}** `{label(event.source)}:{event.first}` {why}" + (f" → {code}" if code else "")


def nothing_since(since: float, *, name: str, began: float | None, ended: float) -> str:
    """That a log has nothing from a time on, what it has, and how to see it (seconds since the epoch)."""
    hour = max(ended - _HOUR_S, began if began is not None else ended - _HOUR_S)
    has = f"ends at {span_of(ended, ended)}" if began is None else f"covers {span_of(began, ended)}"
    return (
        f"nothing was logged since {span_of(since, since)}: {label(name)} {has};"
        f" --since {_local(hour):%Y-%m-%dT%H:%M} shows the last of it"
    )


def source_row(source: SourceFacts) -> str:
    """A source in a list: its name, its size, what there is to say."""
    size = human_size(source.bytes) if source.bytes else ""
    return ", ".join(filter(None, (label(source.name), size, source.note)))


def label(source: str) -> str:
    """A source's name for people."""
    return "standard input" if source == STDIN else one_line(source)


def span_of(began: float | None, ended: float | None) -> str:
    """A span of time for people, in the local zone: the day once, and only if it is not today."""
    if began is None:
        return ""
    first, last = _local(began), _local(ended if ended is not None else began)
    today = datetime.now().astimezone().date()
    day = "" if first.date() == last.date() == today else f"{first:%Y-%m-%d} "
    if (last - first).total_seconds() < 1:
        return f"{day}{first:%H:%M:%S}"
    other = "" if first.date() == last.date() else f"{last:%Y-%m-%d} "
    return f"{day}{first:%H:%M:%S} to {other}{last:%H:%M:%S}"


def _event(number: int, event: KeyEvent) -> str:
    head = " · ".join(
        filter(
            None,
            (
                _grade(event),
                f"{label(event.source)}:{event.first}",
                span_of(event.began, event.ended),
                one_line(event.component),
                ", ".join(event.why),
            ),
        )
    )
    lines = [_INDENT + line for line in printable(event.text).split("\n")]
    lead = _INDENT + "→ " + ", ".join(map(_place, event.places[:_PLACES]))
    return "\n".join((f"[{number}] {head}", *lines, *([lead] if event.places else ())))


def _grade(event: KeyEvent) -> str:
    return (event.level or event.kind).upper() + (f" ×{event.count:,}" if event.count > 1 else "")


def _place(place: CodePlace) -> str:
    where = f"{place.path}:{place.line}" if place.line else place.path
    return one_line(f"{where} {place.function}")


def _calm(digest: Digest) -> str:
    """That there are no key events, though errors there may be."""
    errors = sum(noise.count for noise in digest.chronic if noise.level in ("error", "fatal"))
    return "nothing stands out" + (f" but {plural(errors, 'recurring error')}" if errors else "")


def _folded(digest: Digest) -> str:
    rows = [
        f"{_INDENT}{noise.count:>9,}  {_recurring(noise)}  ({label(noise.source)})"
        for noise in digest.chronic[:_CHRONIC]
    ]
    more = len(digest.chronic) - len(rows)
    return "\n".join(("Chronic, folded:", *rows, *([f"{_INDENT}… and {more:,} more"] if more else ())))


def _recurring(noise: Chronic) -> str:
    return shorten(one_line(f"{noise.level.upper()} {noise.template}".lstrip()), _WIDTH)


def _local(moment: float) -> datetime:
    """A moment in the local zone; one that a broken clock wrote becomes the nearest that there is."""
    try:
        return datetime.fromtimestamp(moment).astimezone()
    except (ValueError, OverflowError, OSError):
        return (datetime.min if moment < 0 else datetime.max).replace(tzinfo=UTC)
