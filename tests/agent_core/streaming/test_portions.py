"""What a poll hands out: no more bytes than are allowed at once, and every message in the end."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.legacy_records import LegacyRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from agent_core.errors import BusFault
from agent_core.streaming import portions
from agent_core.streaming.faults import fault_of
from agent_core.streaming.vendor import UNREADABLE

PART = TopicPartition("t", 0)
PLACE = SimpleNamespace(offset=0, leader_epoch=-1)


def batch_of(*values: bytes, headers: int = 0, first: int = 0, packing: int = 1) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=packing, is_transactional=False, producer_id=-1, producer_epoch=-1,
        base_sequence=-1, batch_size=2**30,
    )  # fmt: skip
    for number, value in enumerate(values):
        builder.append(number, 1000, None, value, [("", None)] * headers)
    return first.to_bytes(8, "big") + bytes(builder.build())[8:]


def records_of(*batches: bytes) -> Any:
    return Fetcher.PartitionRecords(0, PART, MemoryRecords(b"".join(batches)), check_crcs=False)


class Assigned:
    """What the library knows of the only partition."""

    def __init__(self) -> None:
        self.assignment = {PART: SimpleNamespace(position=PLACE, highwater=None)}

    def is_assigned(self, part: TopicPartition) -> bool:
        return True

    is_fetchable = is_assigned


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "MOST_AT_ONCE", 2500)


@pytest.mark.usefixtures("few")
def test_a_poll_hands_out_no_more_than_is_allowed_and_the_next_goes_on() -> None:
    fetcher = Fetcher.__new__(Fetcher)
    fetcher._subscriptions, fetcher._sensors = Assigned(), None
    some = records_of(*(batch_of(bytes(1000), bytes(1000), first=2 * number) for number in range(5)))
    polls: list[list[int]] = []
    while some:
        drained: Any = defaultdict(list)
        left = 100
        while left > 0 and some:
            left -= fetcher._append(drained, some, left, True)
        polls.append([record.offset for record in drained[PART]])
    assert polls == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


@pytest.mark.usefixtures("few")
def test_small_ones_are_handed_out_by_their_number() -> None:
    some = records_of(batch_of(*(b"x" for _ in range(10))))
    assert [len(some.take(4)), len(some.take(4)), len(some.take(4))] == [4, 4, 2]
    assert not some


def test_what_cannot_be_read_is_told_after_what_comes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "_FEW_BYTES", 1000)
    some = records_of(batch_of(b"before"), batch_of(bytes(1000), headers=10_001, first=1))
    assert [record.value for record in some.take(10)] == [b"before"]
    with pytest.raises(UNREADABLE, match="more than 10,000 headers") as caught:
        some.take(10)
    fault = fault_of(caught.value, "k:1")
    assert type(fault) is BusFault and "more than 10,000 headers" in fault.message


def test_as_many_headers_as_are_allowed_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "_FEW_BYTES", 1000)
    (record,) = records_of(batch_of(bytes(1000), headers=10_000)).take(10)
    assert len(record.headers) == 10_000
    with pytest.raises(CorruptRecordError):
        records_of(batch_of(bytes(1000), headers=10_001)).take(10)


def cut(batch: bytes, kept: int) -> bytes:
    """So many bytes of a batch, as long as it says it is."""
    return batch[:8] + (kept - 12).to_bytes(4, "big") + batch[12:kept]


@pytest.mark.parametrize("packing", [1, 2, 3, 4], ids=["gzip", "snappy", "lz4", "zstd"])
def test_a_packed_batch_that_is_cut_short_cannot_be_read(packing: int) -> None:
    whole = batch_of(b"a line " * 100, b"x" * 50, packing=packing)
    assert len(records_of(whole).take()) == 2
    for kept in range(61, len(whole) - 4):  # zstd may have a sum of four bytes behind what counts
        with pytest.raises(UNREADABLE):
            records_of(cut(whole, kept)).take()


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("packing", [0, 1, 2], ids=["unpacked", "gzip", "snappy"])
def test_a_batch_of_an_old_broker_that_is_cut_short_cannot_be_read(packing: int, magic: int) -> None:
    builder = LegacyRecordBatchBuilder(magic, packing, 2**20)
    for number, value in enumerate((b"a line " * 100, b"x" * 50)):
        builder.append(number, 1000, None, value)
    whole = bytes(builder.build())
    for kept in range(26 if packing else 30, len(whole)):
        records = records_of(cut(whole, kept))
        with suppress(*UNREADABLE):  # nothing else
            while records:
                records.take()
