"""The messages of a group in the order in which they were written: Spark gives them in none.

All of them are needed before the first can be read, as an offset that comes late looks like one that came
before; and a batch may be larger than what an executor's Python may take.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from typing import Any

from agent_core.logs.stream.mining import RawMessage

_COLUMNS = ("partition", "offset", "time", "value")
_by_place = itemgetter(0, 1)


def in_order(batches: Iterable[Any], *, at_once: int) -> Iterator[list[RawMessage]]:
    """The messages by partition and offset, in portions.

    Args:
        batches: Frames of pandas: partition, offset, time (milliseconds), value (None for a mark that
            something was deleted).
        at_once: Bytes of messages that a portion has, or little more; beyond as many, they wait on disk,
            where Spark has its own files.
    """
    folder = os.environ.get("SPARK_LOCAL_DIRS", "").partition(",")[0] or None
    with SpooledTemporaryFile(max_size=at_once, dir=folder) as waiting:
        places = list[tuple[int, int, float, int, int]]()
        end = 0
        for batch in batches:
            columns: list[list[Any]] = [batch[name].tolist() for name in _COLUMNS]
            for partition, offset, time, value in zip(*columns, strict=True):
                size = -1 if value is None else waiting.write(value)
                places.append((partition, offset, time, end, size))
                end += max(0, size)
        places.sort(key=_by_place)
        portion, size = list[RawMessage](), 0
        for partition, offset, time, begin, length in places:
            waiting.seek(begin)
            value = None if length < 0 else waiting.read(length)
            portion.append(RawMessage(partition, offset, time / 1000, value))
            size += max(0, length)
            if size >= at_once:
                yield portion
                portion, size = [], 0
        if portion:
            yield portion
