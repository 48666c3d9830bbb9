"""Stack traces each of whose lines has a head of its own, as container engines and syslog write them.

Other components may write in between; of each component the lines are put together again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.columns import Records
from agent_core.logs.events.rows import Ints
from agent_core.logs.traces import TRACE_LINE, groups, parse

_BEFORE, _AFTER, _APART = 24, 48, 24
"""Lines of a component looked at before and behind those that look like parts of a trace, and between two."""
_MOST_LINES = 400
_MOST_WRITERS = 64
_MOST_RUNS = 200
"""Of a trace; components and runs of a block that are looked into."""
_LINE_BYTES = 2000
_LEAST = 2
_LEADS = tuple(
    lead.encode()
    for lead in (
        *" \t|#",
        *("File ", "... ", "==", "goroutine ", "created by ", "from ", "Caused by", "Suppressed", "note: "),
        *("stack backtrace", "--- End", "Node.js v"),
    )
)
"""What the calls of a stack begin with."""
_RUBY = b".rb:"
_NAME = re.compile(rb"(?:\[[^\]\n]{1,80}\]|[A-Za-z][\w./$-]{0,79}:)(?: -)? ")
"""What wrote a line, where it stands in the message."""
_SHARE = 0.6


class Run(NamedTuple):
    """A trace: the places of its records, in order, and its text."""

    places: list[int]
    text: bytes


def is_part(records: Records, place: int) -> bool:
    """Whether the head line of a record looks like a line of a stack trace."""
    line = indented(records, place)
    named = _NAME.match(line)
    return _looks_like_part(line) or (named is not None and _looks_like_part(line[named.end() :]))


def _looks_like_part(line: bytes) -> bool:
    if not line.startswith(_LEADS) and _RUBY not in line:  # nearly all lines end here
        return False
    return TRACE_LINE.match(line.decode("utf-8", "replace")) is not None


def indented(records: Records, place: int) -> bytes:
    """The message of a record with the spaces before it, but for the one that ends the head."""
    body, start = int(records.body[place]), int(records.start[place])
    head = records.block[start:body]
    blanks = len(head) - len(head.rstrip(b" \t"))
    begin = body - max(0, blanks - (blanks < len(head)))
    return records.block[begin : min(int(records.head_end[place]), begin + _LINE_BYTES)]


def runs(records: Records, parts: NDArray[np.bool_]) -> Iterator[Run]:
    """The traces among the records of a block, of which `parts` look like lines of some; bool[n]."""
    found = 0
    for component in np.unique(records.component[parts])[:_MOST_WRITERS].tolist():
        own = np.flatnonzero((records.component == component) & (records.lines == 1))
        for low, high in _spans(np.flatnonzero(parts[own]), len(own)):
            found += 1
            if found > _MOST_RUNS:
                return
            yield from _traces(records, own[low:high], parts)


def _spans(marked: Ints, count: int) -> Iterator[tuple[int, int]]:
    """Where lines that look like parts lie close together, and some around them."""
    cuts = np.flatnonzero(np.diff(marked) > _APART) + 1
    for lines in np.split(marked, cuts):
        if len(lines) >= _LEAST:
            low, high = max(0, int(lines[0]) - _BEFORE), min(count, int(lines[-1]) + 1 + _AFTER)
            yield low, min(high, low + _MOST_LINES)


def _traces(records: Records, places: Ints, parts: NDArray[np.bool_]) -> Iterator[Run]:
    places, lines = _of_one(places, [indented(records, place) for place in places.tolist()], parts)
    texts = [line.decode("utf-8", "replace") for line in lines]
    for begin, end in groups(texts):
        if end - begin < _LEAST or not parts[places[begin:end]].any():
            continue
        if parse("\n".join(texts[begin:end])) is not None:
            yield Run(places[begin:end].tolist(), b"\n".join(lines[begin:end]))


def _of_one(places: Ints, lines: list[bytes], parts: NDArray[np.bool_]) -> tuple[Ints, list[bytes]]:
    """The lines of the writer whose name stands before most of those of the trace, without it."""
    marked = [line for place, line in zip(places.tolist(), lines, strict=True) if parts[place]]
    names = Counter(match[0] for line in marked if (match := _NAME.match(line)) is not None)
    name, count = names.most_common(1)[0] if names else (b"", 0)
    if count < _SHARE * len(marked):
        return places, lines
    own = [number for number, line in enumerate(lines) if line.startswith(name)]
    return places[own], [lines[number][len(name) :] for number in own]
