"""What was counted of a source as plain values of bounded size, to go on from elsewhere."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.errors import LogFault
from agent_core.logs.events.axis import Axis
from agent_core.logs.events.rows import KIND
from agent_core.logs.events.sightings import Sighting
from agent_core.logs.events.statistics import Statistics

MOST_KINDS, MOST_SIGHTINGS = 8_000, 500
_EXAMPLES, _TRACES = 2 << 20, 2 << 20
"""Bytes of all examples, and of all traces, that are kept whole, the gravest and most frequent first."""
_SHORT = 400
"""Bytes that are kept of each further one."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A `Statistics`. Arrays are their bytes; `kind_bytes` tells that rows are of another version."""

    kind_bytes: int
    kinds: bytes
    examples: list[bytes]
    written: bytes
    sightings: list[Sighting]
    more_sightings: int
    dated: bool
    last: int
    dated_records: int
    chart_start: int
    chart_width: int
    chart: bytes
    records: int
    lines: int
    forgotten: int


def kept(statistics: Statistics, numbers: NDArray[np.int32]) -> Kept:
    """What is to be kept; of a hostile log the least telling part is not.

    Args:
        statistics: What was counted.
        numbers: The templates that there are, ascending; they are kept as their places in it.
    """
    kinds, examples, forgotten = _kinds(statistics)
    kinds = kinds.copy()
    kinds["template"] = np.searchsorted(numbers, kinds["template"])
    sightings = _sightings(list(statistics.sightings.known.values()))
    clock, axis = statistics.clock, statistics.chart.axis
    return Kept(
        kind_bytes=KIND.itemsize,
        kinds=kinds.tobytes(),
        examples=examples,
        written=statistics.written.tobytes(),
        sightings=sightings,
        more_sightings=statistics.sightings.more + len(statistics.sightings.known) - len(sightings),
        dated=clock.dated,
        last=clock.last,
        dated_records=clock.records,
        chart_start=axis.start,
        chart_width=axis.width,
        chart=statistics.chart.spans.tobytes(),
        records=statistics.records,
        lines=statistics.lines,
        forgotten=statistics.forgotten + forgotten,
    )


def restored(state: Kept, components: list[str]) -> Statistics:
    """The statistics again.

    Args:
        state: What was kept.
        components: The names of what wrote records, by number.

    Raises:
        LogFault: It was kept by another version.
    """
    if state.kind_bytes != KIND.itemsize:
        raise LogFault("what was counted of a log is of another version")
    statistics = Statistics()
    statistics.components = components
    statistics.written = np.frombuffer(state.written, np.int64).reshape(-1, 3).copy()
    statistics.restore(np.frombuffer(state.kinds, KIND).copy(), list(state.examples))
    statistics.sightings.known = {one.signature: one for one in state.sightings}
    statistics.sightings.more = state.more_sightings
    clock, axis = statistics.clock, statistics.chart.axis
    clock.dated, clock.last, clock.records = state.dated, state.last, state.dated_records
    _set(axis, state.chart_start, state.chart_width)
    statistics.chart.spans = np.frombuffer(state.chart, np.int64).reshape(-1, axis.buckets).copy()
    statistics.records, statistics.lines = state.records, state.lines
    statistics.forgotten = state.forgotten
    return statistics


def _set(axis: Axis, start: int, width: int) -> None:
    axis.start, axis.width = start, width


def _kinds(statistics: Statistics) -> tuple[NDArray[Any], list[bytes], int]:
    """The kinds that are kept, their examples, and how many records the others had."""
    kinds, examples, forgotten = statistics.kinds.view, list(statistics.examples), 0
    order = np.lexsort((kinds["first"], -kinds["count"], -kinds["gravity"]))
    if len(kinds) > MOST_KINDS:
        places = np.sort(order[:MOST_KINDS])
        forgotten = int(kinds["count"].sum() - kinds["count"][places].sum())
        kinds, examples = kinds[places], [examples[int(place)] for place in places]
        order = np.lexsort((kinds["first"], -kinds["count"], -kinds["gravity"]))
    sizes = [len(example) for example in examples]
    if sum(sizes) > _EXAMPLES:
        room = _EXAMPLES
        for place in map(int, order):
            room -= sizes[place]
            if room < 0:
                examples[place] = examples[place][:_SHORT]
    return kinds, examples, forgotten


def _sightings(known: list[Sighting]) -> list[Sighting]:
    if len(known) > MOST_SIGHTINGS:
        most = sorted(range(len(known)), key=lambda place: (-known[place].level, -known[place].count, place))
        known = [known[place] for place in sorted(most[:MOST_SIGHTINGS])]
    if sum(len(one.text) for one in known) <= _TRACES:
        return known
    room, found = _TRACES, list[Sighting]()
    for one in known:
        room -= len(one.text)
        found.append(one if room >= 0 else msgspec.structs.replace(one, text=one.text[:_SHORT]))
    return found
