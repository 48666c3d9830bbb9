"""The stack traces of a source: equal ones are one, counted."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import msgspec
import numpy as np

from agent_core.logs.columns import Records
from agent_core.logs.events.rows import SEEN, Ints
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

    def add(self, records: Records, times: Ints) -> Iterator[int]:
        """Take in a block; the places of the records that are stack traces."""
        parsed = 0
        for place in np.flatnonzero(records.lines > 1).tolist():
            text = _bounded(records.block, int(records.body[place]), int(records.end[place]))
            look = blake2b(text.translate(None, _DIGITS), digest_size=12).digest()
            mark = self._looks.get(look)
            if mark is None:
                if parsed >= _MOST_PARSED:
                    continue
                parsed += 1
                trace = parse(text.decode("utf-8", "replace"))
                mark = signature(trace) if trace else ""
                self._remember(look, mark)
            if mark:
                self._see(mark, text, records, place, int(times[place]))
                yield place

    def merge(self, other: Sightings) -> None:
        """Add up with those of another part of the source."""
        for mark, theirs in other.known.items():
            ours = self.known.get(mark)
            self.known[mark] = _joined(ours, theirs) if ours else msgspec.structs.replace(theirs)
        self.more += other.more

    def _remember(self, look: bytes, mark: str) -> None:
        if len(self._looks) >= _MOST_REMEMBERED:
            self._looks.clear()
        self._looks[look] = mark

    def _see(self, mark: str, text: bytes, records: Records, place: int, time: int) -> None:
        first = int(records.first[place])
        sighting = self.known.get(mark)
        if sighting is None:
            if len(self.known) >= MOST_TRACES:
                self.more += 1
                return
            sighting = self.known[mark] = Sighting(
                signature=mark,
                first=first,
                last=first + int(records.lines[place]) - 1,
                component=records.components[int(records.component[place])],
                level=int(records.level[place]),
                began=time,
                ended=time,
                text=text,
            )
        sighting.count += 1
        sighting.ended = max(sighting.ended, time)
        if len(sighting.lines) < SEEN:
            sighting.lines.append(first)


def _bounded(block: bytes, start: int, end: int) -> bytes:
    if end - start <= TRACE_BYTES:
        return block[start:end]
    half = TRACE_BYTES // 2
    head, tail = block[start : start + half], block[end - half : end]
    return head[: head.rfind(b"\n") + 1 or half] + tail[tail.find(b"\n") + 1 :]


def _joined(one: Sighting, two: Sighting) -> Sighting:
    early, late = (one, two) if one.first <= two.first else (two, one)
    return msgspec.structs.replace(
        early,
        count=one.count + two.count,
        began=min(one.began, two.began),
        ended=max(one.ended, two.ended),
        lines=sorted((*early.lines, *late.lines))[:SEEN],
    )
