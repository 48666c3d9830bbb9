"""Packed batches: every way of packing is read here, damaged ones are told as such, and none takes more
memory than is allowed."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from kafka import codec
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from agent_core.errors import BusFault
from agent_core.streaming import unpacking
from agent_core.streaming.faults import fault_of
from agent_core.streaming.vendor import UNREADABLE

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
packings = pytest.mark.parametrize("packing", CODECS)


def packed(packing: str, *values: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=CODECS[packing], is_transactional=False, producer_id=-1,
        producer_epoch=-1, base_sequence=-1, batch_size=2**30,
    )  # fmt: skip
    for number, value in enumerate(values):
        builder.append(number, 1000, None, value, [])
    return bytes(builder.build())


def read(data: bytes) -> list[bytes]:
    batch: Any = MemoryRecords(data).next_batch()
    return [record.value for record in batch]


@packings
def test_every_packing_is_read(packing: str) -> None:
    values = [b"a line " * 1000, b"\x00\xff", b""]
    assert read(packed(packing, *values)) == values


@packings
def test_what_unpacks_to_too_much_is_not_read_and_takes_no_memory(
    packing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = packed(packing, bytes(40_000_000))
    assert len(data) < 2_000_000
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(UNREADABLE, match="unpacks to more than 1,000,000 bytes") as caught:
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    fault = fault_of(caught.value, "k:1")
    assert type(fault) is BusFault and "unpack to more than 1,000,000 bytes" in fault.message


@packings
def test_damaged_data_are_told_as_such(packing: str) -> None:
    data = packed(packing, b"a line " * 1000)
    for kept in (len(data) - 12, 61):
        with pytest.raises(UNREADABLE):
            read(data[:kept] + b"\xff" * (len(data) - kept))


def test_snappy_without_blocks_and_with_blocks_that_go_back() -> None:
    assert unpacking._snappy(codec.snappy_encode(b"x" * 1000, xerial_compatible=False)) == b"x" * 1000
    hostile = b"\x82SNAPPY\x00" + b"\x00\x00\x00\x01" * 2 + b"\xff\xff\xff\xfc" * 10
    with pytest.raises(EOFError):
        unpacking._snappy(hostile)
