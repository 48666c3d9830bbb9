"""One source of a service as it comes in pieces: where it is, and what was counted of it."""

from __future__ import annotations

from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.logs.api import SourceFacts
from agent_core.logs.events.digest import Part
from agent_core.logs.events.kept import Kept, kept, restored
from agent_core.logs.mining.miner import Miner
from agent_core.logs.pipeline import Pipeline
from agent_core.logs.records import Place, RecordReader

BLOCK = 1 << 20
"""Bytes that are read at once, where so much has come."""
_MOST_GAPS = 16
_MOST_PARTS, _MOST_OPEN = 512, 8
"""Parts of which it is known how far they are read, and those of them that may lack lines: the latest ones. A
log that is shipped anew brings all its generations."""


class Read(msgspec.Struct):
    """How far a part of a source is read: the number of the next line, and the lines before it that have not
    come: the first, the one behind the last."""

    next: int = 1
    gaps: list[tuple[int, int]] = []


class KeptSource(msgspec.Struct, frozen=True, kw_only=True):
    """A `Source` as plain values. Templates in its statistics are places among the shapes kept beside it."""

    name: str
    part: str
    line: int
    parts: dict[str, Read]
    place: Place
    statistics: Kept


class Source:
    """Takes pieces of a source in any order and reads its lines in theirs.

    Args:
        name: What it is called.
        miner: Finds the templates; the sources of a service share one.
        now: The present, in seconds since the epoch, for times without a year.
        kept: Goes on from there.

    Raises:
        LogFault: What was kept is of another version.
    """

    def __init__(self, name: str, *, miner: Miner, now: float, kept: KeptSource | None = None) -> None:
        self.name = name
        reader = RecordReader(name, now=now, place=kept.place if kept else Place())
        statistics = restored(kept.statistics, list(kept.place.names)) if kept else None
        self._pipeline = Pipeline(name, miner=miner, reader=reader, statistics=statistics)
        self._part, self._line = (kept.part, kept.line) if kept else ("", 1)
        """Which line is read next."""
        self._parts = dict(kept.parts) if kept else {}
        self._blocks: list[bytes] = []
        self._waiting = 0

    def take(self, part: str, first: int, lines: tuple[str, ...]) -> int:
        """Take lines of a part, the first of which has that number; how many of them are new.

        Those that were skipped before are taken when they come late, and those that came before are left out.
        """
        here = self._of(part)
        late = self._late(part, here, first, lines) if here.gaps and first < here.next else 0
        new = lines[max(0, here.next - first) :]
        if new:
            begin = max(first, here.next)
            if begin > here.next:
                here.gaps = [*here.gaps, (here.next, begin)][-_MOST_GAPS:]
            self._read(part, begin, new)
            here.next = begin + len(new)
        return late + len(new)

    def _of(self, part: str) -> Read:
        """How far a part is read; it is the latest one then."""
        here = self._parts[part] = self._parts.pop(part, None) or Read()
        if len(self._parts) > _MOST_PARTS:
            del self._parts[next(iter(self._parts))]
        if len(self._parts) > _MOST_OPEN:
            self._parts[next(islice(reversed(self._parts), _MOST_OPEN, None))].gaps = []
        return here

    def _late(self, part: str, here: Read, first: int, lines: tuple[str, ...]) -> int:
        """Take those lines that were skipped; how many there are."""
        count, gaps = 0, list[tuple[int, int]]()
        for low, high in here.gaps:
            begin, end = max(low, first), min(high, first + len(lines))
            if begin >= end:
                gaps.append((low, high))
                continue
            count += end - begin
            self._read(part, begin, lines[begin - first : end - first])
            gaps += [(one, other) for one, other in ((low, begin), (end, high)) if one < other]
        here.gaps = gaps[-_MOST_GAPS:]
        return count

    def _read(self, part: str, first: int, lines: tuple[str, ...]) -> None:
        """Read lines, that go on where it is or elsewhere: what was held back is whole then."""
        if part != self._part or first != self._line:
            self.flush()
            self._pipeline.finish()
            self._pipeline.reader.skip_to(first)
        block = "\n".join((*lines, "")).encode(errors="replace")
        if block.count(b"\n") != len(lines):
            block = "\n".join((*(line.replace("\n", " ") for line in lines), "")).encode(errors="replace")
        self._part, self._line = part, first + len(lines)
        self.give(block)

    def give(self, block: bytes) -> None:
        """Take lines with their line breaks, which are numbered as they come."""
        self._blocks.append(block)
        self._waiting += len(block)
        if self._waiting >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Read what has come."""
        if self._blocks:
            self._pipeline.feed(b"".join(self._blocks))
            self._blocks, self._waiting = [], 0

    def fold(self) -> None:
        """Count by the shapes that there are now; after `flush`."""
        self._pipeline.statistics.fold(self._pipeline.miner.now)

    def kept(self, numbers: NDArray[np.int32]) -> KeptSource:
        """What is to be kept of it, after `fold`; `numbers` are the shapes of the miner, see `Miner.rows`."""
        statistics = self._pipeline.statistics
        return KeptSource(
            name=self.name,
            part=self._part,
            line=self._line,
            parts=self._parts,
            place=self._pipeline.reader.place,
            statistics=kept(statistics, numbers),
        )

    def finish(self) -> None:
        """Take the last record, too; nothing can be taken after that."""
        self._pipeline.finish()

    def part(self) -> Part:
        """It as a part of a digest, after `finish` and once the miner has settled."""
        statistics = self._pipeline.statistics
        statistics.fold(self._pipeline.miner.resolve)
        return Part(statistics, self._pipeline.miner.template, SourceFacts(name=self.name))
