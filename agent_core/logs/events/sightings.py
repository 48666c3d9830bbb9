"""The stack traces of a source: equal ones are one, counted."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.logs.columns import Records
from agent_core.logs.events.rows import SEEN, Ints
from agent_core.logs.events.scattered import runs
from agent_core.logs.events.torn import lines_behind, torn
from agent_core.logs.traces import parse, signature

TRACE_BYTES = 65536
MOST_TRACES = 2000
_MOST_PARSED = 400
"""Traces of a block that are looked into; those that look the same as one before cost nothing."""
_MOST_REMEMBERED = 20_000
_DIGITS = b"0123456789"


class Sighting(msgspec.Struct, kw_only=True):
    """A stack trace that occurred once or more.

    `first` and `last` are the lines of its first occurrence, `lines` the first lines of the first few,
    `text` what its first record says, at most `TRACE_BYTES`, the middle left out. `began` and `ended` are
    milliseconds.
    """

    signature: str
    first: int
    last: int
    component: str
    level: int
    began: int
    ended: int
    text: bytes
    count: int = 0
    lines: list[int] = msgspec.field(default_factory=list[int])


class Sightings:
    """Collects the stack traces among the records of a source.

    Attributes:
        known: By signature, in the order in which they first occurred.
        more: Traces that were only counted, since there were too many different ones.
    """

    def __init__(self) -> None:
        self.known: dict[str, Sighting] = {}
        self.more = 0
        self._looks: dict[bytes, str] = {}

    def add(self, records: Records, times: Ints, parts: NDArray[np.bool_]) -> Iterator[int]:
        """Take in a block; the places of the records that are stack traces, or lines of one.

        `parts` tells which records of one line look like lines of a trace; bool[n].
        """
        budget = _MOST_PARSED
        tall = np.flatnonzero(records.end > records.head_end).tolist()
        rest = torn(records, tall)
        gone = {place for places in rest.values() for place in places}
        for place in tall:
            if place in gone:
                continue
            behind = rest.get(place, [])
            own = records.block[int(records.body[place]) : int(records.end[place])]
            text = _bounded(b"\n".join((own, *(lines_behind(records, one) for one in behind))))
            mark, parsed = self._mark(text, budget)
            budget -= parsed
            if mark:
                self._see(mark, text, records, [place, *behind], int(times[place]))
                yield place
        if parts.any():
            for run in runs(records, parts):
                mark, _ = self._mark(run.text, _MOST_PARSED)
                if mark:
                    self._see(mark, run.text, records, run.places, int(times[run.places[0]]))
                    yield from run.places

    def _mark(self, text: bytes, budget: int) -> tuple[str, bool]:
        """What is the same in all traces like this, "" for no trace; and whether it had to be parsed."""
        look = blake2b(text.translate(None, _DIGITS), digest_size=12).digest()
        mark = self._looks.get(look)
        if mark is not None or budget <= 0:
            return mark or "", False
        trace = parse(text.decode("utf-8", "replace"))
        mark = signature(trace) if trace else ""
        if len(self._looks) >= _MOST_REMEMBERED:
            self._looks.clear()
        self._looks[look] = mark
        return mark, True

    def _see(self, mark: str, text: bytes, records: Records, places: list[int], time: int) -> None:
        first = int(records.first[places[0]])
        sighting = self.known.get(mark)
        if sighting is None:
            if len(self.known) >= MOST_TRACES:
                self.more += 1
                return
            sighting = self.known[mark] = Sighting(
                signature=mark,
                first=first,
                last=int(records.first[places[-1]] + records.lines[places[-1]]) - 1,
                component=records.components[int(records.component[places[0]])],
                level=int(records.level[places].max()),
                began=time,
                ended=time,
                text=text,
            )
        sighting.count += 1
        sighting.ended = max(sighting.ended, time)
        if len(sighting.lines) < SEEN:
            sighting.lines.append(first)


def _bounded(text: bytes) -> bytes:
    if len(text) <= TRACE_BYTES:
        return text
    half = TRACE_BYTES // 2
    head, tail = text[:half], text[-half:]
    return head[: head.rfind(b"\n") + 1 or half] + tail[tail.find(b"\n") + 1 :]
