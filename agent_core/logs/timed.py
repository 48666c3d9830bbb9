"""Where in a log a time is, without reading more than some of it."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.logs.columns import NO_TIME
from agent_core.logs.records import RecordReader
from agent_core.logs.view import Line, LogView
from agent_core.logs.zone import LocalZone

_UNDATED = 300
"""Lines without a time that are looked through for the next one."""


def offset_at(view: LogView, moment: float) -> int | None:
    """Where the first line begins that was written at a moment (seconds since the epoch) or later.

    By bisection, since lines are mostly in order; the last line where all are older, None where none has a
    time.
    """
    if first_time(view, 0) is None:
        return None
    low, high = 0, view.size
    while low < high:
        middle = (low + high) // 2
        time = first_time(view, view.start_at(middle))
        if time is None or time >= moment:
            high = middle
        else:
            low = middle + 1
    start = view.start_at(low)
    # What has no time is of the line before it.
    dated = (line.start for line in view.after(start, _UNDATED) if _times([line]))
    return next(dated, start)


def first_time(view: LogView, offset: int) -> float | None:
    """The first time in the lines from an offset on."""
    for count in (1, _UNDATED):
        if times := _times(view.after(offset, count)):
            return times[0]
    return None


def last_time(view: LogView) -> float | None:
    """The last time in the last lines."""
    times = _times(view.last(_UNDATED))
    return times[-1] if times else None


def _times(lines: Sequence[Line]) -> list[float]:
    """The times of those lines that have one."""
    reader = RecordReader("", zone=LocalZone())
    times: list[float] = []
    for records in (reader.feed("".join(f"{line.text}\n" for line in lines).encode()), reader.finish()):
        if records is not None:
            times += [float(time) / 1000 for time in records.time[records.time != NO_TIME]]
    return times
