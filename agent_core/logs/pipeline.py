"""From the bytes of a source to what was counted of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, tzinfo

import numpy as np

from agent_core.logs.columns import NO_TIME, Records
from agent_core.logs.events.statistics import Statistics
from agent_core.logs.mining.miner import Miner
from agent_core.logs.records import RecordReader

_MANY_KINDS = 20_000
"""New kinds after which those whose templates have become one are added up, so that memory stays bounded."""


class Pipeline:
    """Reads, mines and counts one source, block by block.

    Args:
        name: What the source is called.
        miner: Finds the templates; several sources may share one.
        now: The present, in seconds since the epoch, for times without a year; the clock's if None.
        zone: Of times that name none.
        first: The number of the first line that is fed.
        since: Records before that time (seconds since the epoch) are left out, as far as they are dated.
        reader: Reads on from where it is, instead of a new one.
        statistics: Counts on; its templates are numbered as the miner numbers them.
    """

    def __init__(
        self,
        name: str,
        *,
        miner: Miner,
        now: float | None = None,
        zone: tzinfo = UTC,
        first: int = 1,
        since: float | None = None,
        reader: RecordReader | None = None,
        statistics: Statistics | None = None,
    ) -> None:
        self.miner = miner
        self.statistics = statistics or Statistics()
        self.reader = reader or RecordReader(name, now=now, zone=zone)
        self._skipped = first - 1
        self._since = None if since is None else int(since * 1000)
        self._late = True
        self.latest = NO_TIME
        """The latest time in what was read (ms), of records that were left out as too early, too."""
        self._folded = 0

    def feed(self, block: bytes) -> None:
        """Take the next bytes, which may end anywhere."""
        self._take(self.reader.feed(block))

    def finish(self) -> None:
        """Take what was kept back as unfinished: at the end, or when nothing more came for a while."""
        self._take(self.reader.finish())

    def settle(self) -> None:
        """Have the templates as they are by all that was read; before a digest."""
        self.miner.settle()
        self.statistics.fold(self.miner.resolve)
        self._folded = len(self.statistics.kinds)

    def _take(self, records: Records | None) -> None:
        if records is not None and self._since is not None:
            records = self._later(records, self._since)
        if records is None or not len(records):
            return
        if self._skipped:
            records = replace(records, first=records.first + self._skipped)
        shapes = self.miner.mine_spans(records.block, records.body, records.head_end)
        self.statistics.add(records, self.miner.resolve(shapes))
        if len(self.statistics.kinds) - self._folded > _MANY_KINDS:
            self.settle()

    def _later(self, records: Records, since: int) -> Records:
        """The records from a time on; one without a time is as late as the one before it."""
        dated = records.time != NO_TIME
        self.latest = max(self.latest, int(records.time.max(initial=NO_TIME)))
        before = np.maximum.accumulate(np.where(dated, np.arange(len(records)), -1))
        late = np.where(before >= 0, records.time[before] >= since, self._late)
        self._late = bool(late[-1]) if len(late) else self._late
        return records if late.all() else records.picked(late)
