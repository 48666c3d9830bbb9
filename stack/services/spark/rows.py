"""Messages as rows for Spark, whatever they are: those that cannot be read have rows that say so."""

# kafka-python and pyarrow have no types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

from agent_core.streaming.passing import Passing
from agent_core.text import one_line, shorten

SCHEMA = "key binary, value binary, topic string, partition int, offset long, timestamp timestamp"
UNREAD = b'{"schema":"logs.raw/unread"}'
"""What stands for a message that cannot be read: it is counted as broken."""
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999, in milliseconds since the epoch: a message may have any time, Spark takes not all."""
_log = logging.getLogger(__name__)


def passed_by(consumer: Any, place: Any, at: int, end: int, error: Exception) -> list[Any]:
    """What stands for the messages from a place on that cannot be read; the client goes on behind them."""
    passing = Passing(consumer)
    after = passing.readable(place, at, end)
    passing.drop()
    consumer.assign([place])
    consumer.seek(place, after)
    if after > at:
        _log.warning(
            "%s/%s cannot be read from %s to %s, which is passed by: %s",
            place.topic, place.partition, at, after - 1, shorten(one_line(str(error)), 200),
        )  # fmt: skip
    return [
        SimpleNamespace(
            key=None, value=UNREAD, topic=place.topic, partition=place.partition, offset=offset, timestamp=0
        )
        for offset in range(at, after)
    ]


def batch_of(messages: list[Any]) -> Any:
    """Messages as a batch of Arrow."""
    import pyarrow as pa

    columns = {
        "key": pa.array([each.key for each in messages], pa.binary()),
        "value": pa.array([each.value for each in messages], pa.binary()),
        "topic": pa.array([each.topic for each in messages], pa.string()),
        "partition": pa.array([each.partition for each in messages], pa.int32()),
        "offset": pa.array([each.offset for each in messages], pa.int64()),
        "timestamp": pa.array(list(map(_micros, messages)), pa.timestamp("us", tz="UTC")),
    }
    return pa.RecordBatch.from_pydict(columns)


def _micros(message: Any) -> int:
    return 1000 * min(max(message.timestamp, _FIRST_MS), _LAST_MS)
