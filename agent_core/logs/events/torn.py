"""Stack traces into which other writers broke: their further lines stand behind a foreign record.

Several writers of one file write whole lines, not whole events. The line of another one has a head and so
begins a record, to which the rest of the trace then seems to belong.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from agent_core.logs.columns import Level, Records
from agent_core.logs.traces import TRACE_LINE, joins

_BACK = 12
"""Records from the one that was torn to a foreign one at most."""
_RECENT = 4
_MOST = 2000
"""Records of several lines of a block that are looked into."""
_LOOKED = 8
_LINES, _LINE_BYTES = 400, 2000
_OPEN = "  File "


@dataclass(slots=True)
class _Begun:
    """A record that is a trace, or the beginning of one, its lines and those that were found again."""

    place: int
    behind: int
    lines: list[str]
    rest: list[int] = field(default_factory=list[int])


def torn(records: Records, places: list[int]) -> dict[int, list[int]]:
    """The records that have further lines of a trace behind their own first one, by that of the trace.

    Args:
        records: A block.
        places: Those of its records that have several lines, in order.
    """
    recent: deque[_Begun] = deque(maxlen=_RECENT)
    found: dict[int, list[int]] = {}
    for place in places[:_MOST]:
        lines = _lines(records, place)
        foreign = records.level[place] < Level.WARN and not TRACE_LINE.match(lines[0])
        owner = _owner(recent, place, lines[1:]) if foreign and recent else None
        if owner is not None:
            owner.lines.extend(lines[1:])
            owner.behind = place
            owner.rest.append(place)
            found[owner.place] = owner.rest
        elif any(map(TRACE_LINE.match, (*lines[:_LOOKED], lines[-1]))):
            recent.append(_Begun(place, place, lines))
    return found


def lines_behind(records: Records, place: int) -> bytes:
    """What a record has behind its first line."""
    return records.block[int(records.head_end[place]) + 1 : int(records.end[place])]


def _owner(recent: deque[_Begun], place: int, lines: list[str]) -> _Begun | None:
    first = next((line for line in lines if line.strip()), "")
    told = any(map(TRACE_LINE.match, lines[:_LOOKED]))
    for one in reversed(recent):
        near = place - one.behind <= _BACK and (told or one.lines[-1].startswith(_OPEN))
        if near and joins(one.lines, first):
            return one
    return None


def _lines(records: Records, place: int) -> list[str]:
    raw = records.block[int(records.body[place]) : int(records.end[place])]
    return [line[:_LINE_BYTES].decode("utf-8", "replace") for line in raw.split(b"\n", _LINES)[:_LINES]]
