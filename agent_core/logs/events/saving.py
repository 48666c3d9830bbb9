"""Statistics as bytes, to go on counting in a later session."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from agent_core.files import read_bounded, write_atomic
from agent_core.logs.events.chart import Chart
from agent_core.logs.events.rows import KIND
from agent_core.logs.events.sightings import Sighting
from agent_core.logs.events.statistics import Statistics

VERSION = 1
_LIMIT = 256 * 1024 * 1024


class _Saved(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    layout: str
    kinds: bytes
    examples: list[bytes]
    components: list[str]
    written: list[tuple[int, int, int]]
    sightings: list[Sighting]
    more: int
    chart: tuple[int, int, int, int]
    spans: bytes
    dated: bool
    clock: tuple[int, int]
    records: int
    lines: int
    forgotten: int


def dump(statistics: Statistics) -> bytes:
    """All that was counted."""
    chart, clock = statistics.chart, statistics.clock
    saved = _Saved(
        version=VERSION,
        layout=str(KIND),
        kinds=statistics.kinds.view.tobytes(),
        examples=statistics.examples,
        components=statistics.components,
        written=[(one, two, three) for one, two, three in statistics.written.tolist()],
        sightings=list(statistics.sightings.known.values()),
        more=statistics.sightings.more,
        chart=(chart.axis.start, chart.axis.width, chart.span_axis.start, chart.span_axis.width),
        spans=chart.spans.tobytes(),
        dated=clock.dated,
        clock=(clock.last, clock.records),
        records=statistics.records,
        lines=statistics.lines,
        forgotten=statistics.forgotten,
    )
    return msgspec.msgpack.encode(saved)


def load(raw: bytes) -> Statistics:
    """What `dump` gave; raises ValueError where it is broken or of another version."""
    saved = msgspec.msgpack.decode(raw, type=_Saved)
    if saved.version != VERSION or saved.layout != str(KIND):
        raise ValueError("statistics of another version")
    kinds = np.frombuffer(saved.kinds, KIND)
    named = len(saved.components)
    if len(kinds) != len(saved.examples) or named != len(saved.written) or not named:
        raise ValueError("statistics that do not fit together")
    if len(kinds) and not 0 <= int(kinds["component"].min()) <= int(kinds["component"].max()) < named:
        raise ValueError("statistics of components without names")
    statistics = Statistics()
    statistics.restore(kinds, saved.examples, saved.components, np.array(saved.written, np.int64))
    statistics.chart = Chart.restored(saved.chart, np.frombuffer(saved.spans, np.int64))
    statistics.sightings.known.update((one.signature, one) for one in saved.sightings)
    statistics.sightings.more = saved.more
    clock = statistics.clock
    clock.dated, (clock.last, clock.records) = saved.dated, saved.clock
    statistics.records, statistics.lines = saved.records, saved.lines
    statistics.forgotten = saved.forgotten
    return statistics


def save(statistics: Statistics, path: Path) -> None:
    """Replace the file at once; raises OSError."""
    write_atomic(path, dump(statistics), mode=0o600, durable=False)


def read(path: Path) -> Statistics:
    """What a file holds; raises OSError, and ValueError where it is broken or of another version."""
    return load(read_bounded(path, _LIMIT))
