"""Kafka as a Python data source of Spark, over kafka-python: for a Spark without the official connector.

It has the connector's columns and the connector's form of offsets (`{"topic": {"0": 12}}`), so that either
goes on with a checkpoint of the other. Reading is exact: a batch that is done again reads the same messages.
"""

# Spark is not there in every environment that this is checked in, so nothing is known of its types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from kafka.structs import TopicPartition
from pyspark.sql.datasource import (
    DataSource,
    DataSourceStreamReader,
    DataSourceWriter,
    InputPartition,
    WriterCommitMessage,
)
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadLimit, ReadMaxRows

from agent_core.streaming.access import Access
from agent_core.streaming.vendor import UNREADABLE, Link
from agent_core.text import one_line
from stack.services.spark.options import access_from
from stack.services.spark.rows import SCHEMA, batch_of, passed_by
from stack.services.spark.saying import set_up_logging
from stack.services.spark.session import OURS

_AT_ONCE = 10_000
_SILENT_S = 60.0
"""After how long without a message that the broker said to have a task fails, and is tried again."""
_CLIENTS: dict[tuple[str, str], Any] = {}
"""Clients of this process: they live on from batch to batch, as Spark uses a process again."""

Offsets = dict[str, dict[str, int]]
_log = logging.getLogger(__name__)


class KafkaPython(DataSource):
    """The data source; its options are those of `source_options`, and the connector's for a stream."""

    @classmethod
    def name(cls) -> str:
        """What Spark calls it."""
        return OURS

    def schema(self) -> str:
        """Its columns."""
        return SCHEMA

    def streamReader(self, schema: Any) -> Reader:  # noqa: N802
        """Reads a stream."""
        return Reader(dict(self.options))

    def writer(self, schema: Any, overwrite: bool) -> Writer:
        """Sends rows with topic, key and value."""
        return Writer(dict(self.options))


class Range(InputPartition):
    """Messages of one partition, from an offset on, up to another one."""

    def __init__(self, topic: str, partition: int, start: int, end: int) -> None:
        self.topic, self.partition, self.start, self.end = topic, partition, start, end


class Reader(DataSourceStreamReader):
    """Says which messages there are (in the driver), and reads them (in executors)."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = {name.lower(): value for name, value in options.items()}
        set_up_logging()

    @property
    def _consumer(self) -> Any:
        options = {"enable_auto_commit": False, "auto_offset_reset": "none", "max_poll_records": _AT_ONCE}
        return _client("consumer", self._options, fetch_max_bytes=32 << 20, check_crcs=False, **options)

    def initialOffset(self) -> Offsets:  # noqa: N802
        """Where a stream without a checkpoint begins: with the oldest messages."""
        consumer = self._consumer
        return _shaped(consumer.beginning_offsets(self._places(consumer)))

    def latestOffset(self, start: Offsets | None = None, limit: ReadLimit | None = None) -> Offsets:  # noqa: N802
        """Up to where the next batch reads, without what is gone: if it comes again, all of it is new."""
        consumer, begin = self._consumer, start or self.initialOffset()
        end = _shaped(consumer.end_offsets(self._places(consumer)))
        for topic, partitions in begin.items():
            for partition in partitions.keys() - end.get(topic, {}).keys():
                _tell_gone(topic, partition)
        return _limited(self._filled(begin, end), end, limit) if isinstance(limit, ReadMaxRows) else end

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802
        """How much a batch reads."""
        most = self._options.get("maxoffsetspertrigger")
        return ReadMaxRows(int(most)) if most else ReadAllAvailable()

    def reportLatestOffset(self) -> Offsets:  # noqa: N802
        """Up to where there are messages."""
        consumer = self._consumer
        return _shaped(consumer.end_offsets(self._places(consumer)))

    def partitions(self, start: Offsets, end: Offsets) -> list[Range]:
        """The tasks of a batch."""
        begin = self._filled(start, end)
        for topic, number, offset in _remade(start, end):
            known, first = start[topic][number], begin[topic][number]
            _log.warning(
                "%s/%s was made anew: it ends at %s, before %s, and is read from %s on",
                topic, number, offset, known, first,
            )  # fmt: skip
        return [
            Range(topic, int(partition), begin[topic][partition], offset)
            for topic, partitions in end.items()
            for partition, offset in partitions.items()
            if offset > begin[topic][partition]
        ]

    def commit(self, end: Offsets) -> None:
        """Nothing: the checkpoint has the offsets."""

    def stop(self) -> None:
        """Nothing: clients end with their processes."""

    def read(self, partition: Range) -> Iterator[Any]:
        """The messages of a task, in batches of Arrow.

        What is gone since it was planned is passed over. For a message that cannot be read, `UNREAD` stands.

        Raises:
            RuntimeError: It cannot be read; it says of which partition.
        """
        set_up_logging()
        try:
            yield from self._read(partition)
        except Exception as error:
            where = f"{partition.topic}/{partition.partition}"
            raise RuntimeError(f"{where}: {type(error).__name__}: {one_line(str(error))}") from error

    def _read(self, partition: Range) -> Iterator[Any]:
        consumer, place = self._consumer, TopicPartition(partition.topic, partition.partition)
        if place not in self._places(consumer):
            _tell_gone(place.topic, place.partition)
            return
        consumer.assign([place])
        first = consumer.beginning_offsets([place])[place]
        at = max(partition.start, first)
        if at > partition.start:
            _log.warning("%s/%s: %s to %s are deleted", place.topic, place.partition, partition.start, at - 1)
        end = min(partition.end, consumer.end_offsets([place])[place])
        if end < partition.end:
            _log.warning(
                "%s/%s ends at %s, before %s: it was made anew, or cut",
                place.topic, place.partition, end, partition.end,
            )  # fmt: skip
        consumer.seek(place, at)
        until, most = time.monotonic() + _SILENT_S, _AT_ONCE
        while at < end:
            try:
                found = consumer.poll(timeout_ms=500, max_records=min(most, end - at))
                messages = [each for each in found.get(place, ()) if at <= each.offset < end]
            except UNREADABLE as error:
                messages = passed_by(consumer, place, at, end, error)
                most = _AT_ONCE if messages else 1  # up to the one that cannot be read
            if messages:
                at, until = messages[-1].offset + 1, time.monotonic() + _SILENT_S
                yield batch_of(messages)
            elif (known := consumer.position(place)) is not None and known > at:
                at = known  # a hole: marks of transactions, or compaction
            elif time.monotonic() > until:
                raise TimeoutError(f"nothing comes from {at} on")

    def _places(self, consumer: Any) -> list[Any]:
        pattern = re.compile(self._options["subscribepattern"])
        names = sorted(name for name in consumer.topics() if pattern.fullmatch(name))
        return [
            TopicPartition(name, number)
            for name in names
            for number in sorted(consumer.partitions_for_topic(name) or ())
        ]

    def _filled(self, start: Offsets, end: Offsets) -> Offsets:
        """Where reading begins of all that `end` has: what is new or made anew from its first message on."""
        new = [
            TopicPartition(topic, int(partition))
            for topic, partitions in end.items()
            for partition, offset in partitions.items()
            if start.get(topic, {}).get(partition, offset + 1) > offset
        ]
        there = set(self._places(self._consumer)) if new else set()
        for place in set(new) - there:  # gone since the batch was planned
            _tell_gone(place.topic, place.partition)
        found = _shaped(self._consumer.beginning_offsets(there.intersection(new)))
        return {
            topic: {**partitions, **start.get(topic, {}), **found.get(topic, {})}
            for topic, partitions in end.items()
        }


class Sent(WriterCommitMessage):
    """A task has sent its rows."""


class Writer(DataSourceWriter):
    """Sends rows; a task that is done again sends them again."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = {name.lower(): value for name, value in options.items()}

    def write(self, iterator: Iterator[Any]) -> Sent:
        """Send, and wait until the brokers have it."""
        producer = _client("producer", self._options, acks="all", linger_ms=5, max_request_size=2 << 20)
        sent = [producer.send(row.topic, key=bytes(row.key), value=bytes(row.value)) for row in iterator]
        for each in sent:
            each.get(_SILENT_S)
        return Sent()


def _tell_gone(topic: str, partition: object) -> None:
    _log.warning("%s/%s is gone: what was not read of it is lost", topic, partition)


def _client(kind: str, options: Mapping[str, str], **more: Any) -> Any:
    access: Access = access_from(options)
    known = _CLIENTS.get((kind, access.named))
    if known is None:
        known = _CLIENTS[kind, access.named] = getattr(Link(access), kind)(**more)
    return known


def _shaped(offsets: Mapping[Any, int]) -> Offsets:
    shaped: Offsets = {}
    for place, offset in sorted(offsets.items()):
        shaped.setdefault(place.topic, {})[str(place.partition)] = offset
    return shaped


def _remade(start: Offsets, end: Offsets) -> list[tuple[str, str, int]]:
    """Partitions that end before they begin, and where they end."""
    return [
        (topic, partition, offset)
        for topic, partitions in end.items()
        for partition, offset in partitions.items()
        if offset < start.get(topic, {}).get(partition, 0)
    ]


def _limited(begin: Offsets, end: Offsets, limit: Any) -> Offsets:
    """The end of a batch of so many messages: of each partition as large a share as of what waits."""
    waiting = {
        (topic, partition): max(0, offset - begin[topic][partition])
        for topic, partitions in end.items()
        for partition, offset in partitions.items()
    }
    total, left = sum(waiting.values()), limit.max_rows
    if total <= left:
        return end
    ends: Offsets = {}
    for (topic, partition), count in sorted(waiting.items()):
        share = min(count, left, max(bool(count), count * limit.max_rows // total))
        left -= share
        ends.setdefault(topic, {})[partition] = begin[topic][partition] + share
    return ends
