"""The messages of a group in the order in which they were written: Spark gives them in none.

All of them are needed before the first can be read, as an offset that comes late looks like one that came
before; and a batch may be larger than what an executor's Python may take.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, Any

from agent_core.logs.stream.mining import RawMessage

_COLUMNS = ("partition", "offset", "time", "value")
_Row = tuple[int, int, float, bytes | slice | None]
"""A message; in place of a value that waits on disk, where it is there."""
_by_place = itemgetter(0, 1)


def in_order(batches: Iterable[Any], *, at_once: int) -> Iterator[list[RawMessage]]:
    """The messages by partition and offset, in portions.

    Args:
        batches: Frames of pandas: partition, offset, time (milliseconds), value (None for a mark that
            something was deleted).
        at_once: Bytes of messages that a portion has, or little more; where there are more, they wait on
            disk, where Spark has its own files.
    """
    with ExitStack() as ending:
        disk: IO[bytes] | None = None
        rows, put_away, held = list[_Row](), 0, 0
        for batch in batches:
            columns: list[list[Any]] = [batch[name].tolist() for name in _COLUMNS]
            for row in zip(*columns, strict=True):
                rows.append(row)
                held += len(row[3] or b"")
                if held > at_once:
                    disk = disk or ending.enter_context(_file())
                    rows[put_away:] = [_written(each, disk) for each in rows[put_away:]]
                    put_away, held = len(rows), 0
        rows.sort(key=_by_place)
        portion, size = list[RawMessage](), 0
        for partition, offset, time, kept in rows:
            value = _value(kept, disk)
            portion.append(RawMessage(partition, offset, time / 1000, value))
            size += len(value or b"")
            if size >= at_once:
                yield portion
                portion, size = [], 0
        if portion:
            yield portion


def _file() -> IO[bytes]:
    return TemporaryFile(dir=os.environ.get("SPARK_LOCAL_DIRS", "").partition(",")[0] or None)


def _written(row: _Row, disk: IO[bytes]) -> _Row:
    """A row whose value is put on disk."""
    partition, offset, time, value = row
    if isinstance(value, slice) or not value:
        return row
    begin = disk.tell()
    return partition, offset, time, slice(begin, begin + disk.write(value))


def _value(kept: bytes | slice | None, disk: IO[bytes] | None) -> bytes | None:
    if not isinstance(kept, slice):
        return kept
    assert disk is not None
    disk.seek(kept.start)
    return disk.read(kept.stop - kept.start)
