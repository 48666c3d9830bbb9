"""Which lines without a head belong to what comes before them."""

from __future__ import annotations

import numpy as np

from agent_core.logs.formats.text import Mask, Offsets, Text
from agent_core.logs.traces import TRACE_LINE, joins

_WIDTH = 256
_FIRST, _LAST = 3, 8
"""Lines of an event that are looked at to tell whether another line belongs to it."""
_SHOWN = 1000
"""Bytes of such a line."""


def loose(text: Text, start: Offsets, end: Offsets) -> Mask:
    """Which lines are empty or indented, and so belong to what comes before them."""
    return _BLANK[text.bytes[start]] | (end <= start)


def of_traces(text: Text, start: Offsets, end: Offsets) -> Mask:
    """Which lines look like a part of a stack trace."""
    return text.lines_match(TRACE_LINE.pattern, start, end, _WIDTH)


def joined(text: Text, start: Offsets, end: Offsets, *, bare: Mask, loose: Mask, traced: Mask) -> Mask:
    """Which of the `bare` lines (without a head, nor claimed by one) go on with a stack trace before them.

    Args:
        text: The block.
        start: Where its lines begin; int64[n].
        end: Where they end, without their line breaks.
        bare: Which lines are asked about; the others either begin or continue a record.
        loose: Which lines belong to what comes before them in any case.
        traced: Which lines look like a part of a stack trace.
    """
    goes_on = np.zeros(len(start), np.bool_)
    count = len(start)
    asked = bare & ~loose
    begins = np.maximum.accumulate(np.where(asked | ~(bare | loose), np.arange(count), 0))
    behind = -1

    def line(place: int) -> str:
        return text.block[start[place] : min(end[place], start[place] + _SHOWN)].decode("utf-8", "replace")

    def goes(first: int, place: int) -> bool:
        middle = max(first + _FIRST, place - _LAST)
        before = [*range(first, min(place, first + _FIRST)), *range(middle, place)]
        return joins([line(one) for one in before], line(place))

    for place in np.flatnonzero(traced & bare).tolist():
        if place < behind:
            continue
        first = int(begins[place])
        if first == place and place and place != behind and goes(int(begins[place - 1]), place):
            goes_on[place] = True
            first = int(begins[place - 1])
        behind = place + 1
        while behind < count and bare[behind]:
            if not loose[behind]:
                if not goes(first, behind):
                    break
                goes_on[behind] = True
            behind += 1
    return goes_on


_BLANK = np.zeros(256, np.bool_)
_BLANK[[32, 9]] = True
