"""Collapsing what has no known form of a stack trace: the telling lines of any longer event."""

from __future__ import annotations

import re
from collections.abc import Callable

from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.lines import lines_of
from agent_core.logs.traces.shown import MAX_LINES, MUST, SHARE, SHOULD, Line, chosen, fitted

_ROOM = 200
_FAULTS = 3
"""Lines that speak of a fault and are shown whatever they cost."""
_FAULT = re.compile(
    r"(?i)\b(?:error|exception|fatal|panic(?:ked)?|fail(?:ed|ure)?|abort(?:ed)?|caused by|segfault|violation"
    r"|denied|refused|timed? ?out|cannot|can't|unable|undefined|unexpected|invalid|killed|assert(?:ion)?"
    r"|overflow|bug:|oops)\b"
)
_KIND = re.compile(
    r"\b[A-Z]\w{0,60}(?:Error|Exception|Failure|Fault|Panic)\b|\b(?:E[A-Z]{3,15}|ERR_[A-Z_]{3,40}|SIG[A-Z]{3,6})\b"
)
_PLACE = re.compile(
    r"(?P<path>(?:[A-Za-z]:)?[\w./\\@~+-]{1,300}\.[A-Za-z]\w{0,9})(?:[:(]|\"?,? (?:on |at )?line |: ?line )"
    r"(?P<line>\d{1,7})\b"
)
_OFFSET = re.compile(r"\b[\w.]{2,100}\+0x[0-9a-f]{1,16}\b")
"""A call as kernels print it."""
_MASK = re.compile(r"0x[0-9a-fA-F]+|\d+")


def collapse_plain(text: str, *, own: Callable[[str], str | None] | None = None) -> str:
    """The telling lines of a text: the first, those that name a fault, the first places in code, the last.

    Lines that say the same but for their numbers are counted. Bounds as in `collapse`.
    """
    lines = _counted([line for line in lines_of(text) if any(map(str.isalnum, line[:2000]))])
    if not lines:
        return ""
    ranked = _ranked(lines, own)
    budget = max(_ROOM, int(SHARE * len(text)))
    picked = chosen(ranked, budget=budget - 20, most=MAX_LINES - 1)
    left = len(ranked) - len(picked)
    if left == 1 and len(picked) < MAX_LINES:
        return "\n".join(line.text for line in ranked)
    shown = [line.text for line in picked]
    return "\n".join([*shown, f"… {left:,} more lines"] if left else shown)


def _counted(lines: list[str]) -> list[tuple[str, int]]:
    """The lines, runs that differ in numbers alone as their first with a count."""
    result: list[tuple[str, int]] = []
    last = ""
    for line in lines:
        masked = _MASK.sub("#", line)
        if result and masked == last:
            result[-1] = (result[-1][0], result[-1][1] + 1)
        else:
            result.append((line, 1))
        last = masked
    return result


def _ranked(lines: list[tuple[str, int]], own: Callable[[str], str | None] | None) -> list[Line]:
    places = [_placed(line, own) for line, _ in lines]
    first_place = next((n for n, value in enumerate(places) if value == 2), None)
    if first_place is None:
        first_place = next((n for n, value in enumerate(places) if value), None)
    result: list[Line] = []
    faults = 0
    for number, (line, count) in enumerate(lines):
        fault = _FAULT.search(line[:2000]) is not None
        faults += fault
        if number == 0 or number == first_place:
            rank = MUST
        elif _KIND.search(line[:2000]) or (fault and faults <= _FAULTS):
            rank = SHOULD
        elif places[number] == 2:
            rank = 2
        elif fault or number == len(lines) - 1:
            rank = 3
        else:
            rank = 5 if places[number] else 6
        times = f"  × {count:,}" if count > 1 else ""
        indent = "  " if line[:1] in (" ", "\t") and number else ""
        result.append(Line(f"{indent}{fitted(line, 236 - len(times))}{times}", rank))
    return result


def _placed(line: str, own: Callable[[str], str | None] | None) -> int:
    """2 for a line that names a place in the workspace, or in no known library; 1 for any other place."""
    match = _PLACE.search(line[:1000])
    if match is None:
        return 2 if _OFFSET.search(line[:1000]) else 0
    path = match["path"]
    if own is not None and own(path) is not None:
        return 2
    return 1 if library_of(path) else 2 if own is None else 1
