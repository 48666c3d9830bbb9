"""The records of a block of log, in columns: what reading hands to mining and counting.

Only the log process (and benchmarks) loads this module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.levels import Level as Level

NO_TIME = np.iinfo(np.int64).min
"""In `Records.time`: the record has none."""
_PER_RECORD = ("start", "body", "head_end", "end", "first", "lines", "time", "level", "component")


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one block, n in number; a record is a head line and the lines that belong to it.

    Attributes:
        block: The bytes; offsets below count in it. Not necessarily valid UTF-8.
        start: Offset of each record's first byte; int64[n].
        body: Offset where the message begins in the head line: behind time, level and component; int64[n].
        head_end: Offset behind the head line, without its line break; int64[n].
        end: Offset behind the record's last line, without its line break; int64[n].
        first: Number of the head line in its source, from 1; int64[n].
        lines: Lines of the record; int32[n].
        time: Milliseconds since the epoch, UTC, or `NO_TIME`; int64[n].
        level: Of `Level`; int8[n].
        component: Index into `components` of what wrote the record (service, logger, process), 0 being "";
            int32[n].
        components: Names by number. It only ever grows, and is shared by all blocks of a source.
    """

    block: bytes
    start: NDArray[np.int64]
    body: NDArray[np.int64]
    head_end: NDArray[np.int64]
    end: NDArray[np.int64]
    first: NDArray[np.int64]
    lines: NDArray[np.int32]
    time: NDArray[np.int64]
    level: NDArray[np.int8]
    component: NDArray[np.int32]
    components: list[str]

    def __len__(self) -> int:
        return len(self.start)

    def picked(self, which: slice | NDArray[np.bool_]) -> Records:
        """Some of the records; the block stays whole."""
        return replace(self, **{name: getattr(self, name)[which] for name in _PER_RECORD})

    def message(self, number: int) -> bytes:
        """The message in the head line of a record."""
        return self.block[self.body[number] : self.head_end[number]]

    def whole(self, number: int) -> bytes:
        """All lines of a record, from its message on."""
        return self.block[self.body[number] : self.end[number]]
