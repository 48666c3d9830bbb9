"""How much of what was fetched is handed out at once. kafka-python counts messages and not their bytes: a
fetch of a megabyte can hold packed messages of a gigabyte."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from typing import Any

from agent_core.streaming.unpacking import bound_unpacking

MOST_AT_ONCE = 16 * 1024 * 1024
"""Bytes of messages after which a poll hands out no more; the next one goes on."""
MOST_HEADERS = 10_000
"""Of a message: one of two bytes takes sixty in memory."""
_FEW_BYTES = 1024 * 1024
"""In a batch of so many bytes headers are not counted, which takes time."""
_HEADER_BYTES = 64
_errors: Any = import_module("kafka.errors")  # it has no types
_fetcher: Any = import_module("kafka.consumer.fetcher").Fetcher
_batches: Any = import_module("kafka.record.default_records")
_old_batches: Any = import_module("kafka.record.legacy_records")


def bound_reading() -> None:
    """Have the library unpack and hand out no more than is allowed from now on, in this process."""
    bound_unpacking()
    _bound_polls(_fetcher)
    _bound_headers(_batches.DefaultRecordBatch)
    _tell_damage(_old_batches.LegacyRecordBatch)


def _bound_polls(fetcher: Any) -> None:
    append = fetcher._append

    def appended(self: Any, drained: Any, part: Any, most: int, update: bool) -> int:
        before = sum(map(len, drained.values()))
        count: int = append(self, drained, part, most, update)
        new = drained[part.topic_partition][-count:] if count else ()
        self.handed_out = (self.handed_out if before else 0) + sum(map(_size, new))
        return most if self.handed_out > MOST_AT_ONCE else count

    fetcher._append = appended
    fetcher.PartitionRecords.take = _taken


def _taken(self: Any, most: int | None = None) -> list[Any]:
    """The next records of a partition. What reading one raises is raised by the next call, after those before
    it."""
    self._maybe_raise_next_inline_exception()
    records: list[Any] = []
    size = 0
    try:
        for record in islice(self.record_iterator, most):
            records.append(record)
            size += _size(record)
            if size > MOST_AT_ONCE:
                break
    except Exception as error:
        if not records:
            raise
        self._next_inline_exception = error
    return records


def _size(record: Any) -> int:
    """About how many bytes it takes."""
    return (
        record.serialized_value_size
        + record.serialized_key_size
        + record.serialized_header_size
        + _HEADER_BYTES * len(record.headers)
    )


def _bound_headers(batch: Any) -> None:
    read, decode = batch._read_msg, _batches.decode_varint

    def read_message(self: Any) -> Any:
        if len(self._buffer) <= _FEW_BYTES:
            return read(self)
        left = 2 * MOST_HEADERS + 7  # the numbers of a message that has so many

        def counted(buffer: Any, place: int) -> tuple[int, int]:
            nonlocal left
            left -= 1
            if left < 0:
                raise _errors.CorruptRecordError(f"has more than {MOST_HEADERS:,} headers")
            return decode(buffer, place)

        return read(self, counted)

    batch._read_msg = read_message


def _tell_damage(batch: Any) -> None:
    """Whatever a batch of the old forms that is cut short or damaged raises becomes the one error, as the
    library has it for the new form."""
    iterate = batch.__iter__

    def iterated(self: Any) -> Iterator[Any]:
        try:
            yield from iterate(self)
        except _errors.KafkaError:
            raise
        except Exception as error:
            raise _errors.CorruptRecordError(f"cannot be read: {error!r}") from error

    batch.__iter__ = iterated
