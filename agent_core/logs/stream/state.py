"""What is kept of a service between two batches, as bytes of bounded size."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from agent_core.errors import LogFault
from agent_core.logs.mining.miner import Miner, Row
from agent_core.logs.stream.source import KeptSource, Source

VERSION = 1
_MOST_BYTES = 256 << 20
"""Bytes that a state may unpack to."""
MOST_IDS = 4096
"""Ids of messages by which those are recognised that are sent again; the latest ones."""
_MOST_PARTITIONS = 4096


class Memory(msgspec.Struct, kw_only=True):
    """What is remembered of a service beside its sources.

    `partitions` has for each one the offset behind the last message, and the time of that. `told` has the ids
    of the events that were told, and marks of how they stood. `latest` is the latest time of a message, in
    seconds since the epoch.
    """

    partitions: dict[int, tuple[int, float]] = {}
    ids: dict[bytes, None] = {}
    told: dict[str, bytes] = {}
    lines: int = 0
    broken: int = 0
    latest: float = 0.0

    def passes(self, partition: int, offset: int, time: float) -> bool:
        """Whether a message is one that has not come yet. Where older offsets have later times, the topic was
        made anew."""
        behind, last = self.partitions.get(partition, (0, 0.0))
        if offset < behind and time <= last:
            return False
        if len(self.partitions) < _MOST_PARTITIONS or partition in self.partitions:
            self.partitions[partition] = offset + 1, time if offset < behind else max(last, time)
        return True

    def new(self, mark: bytes) -> bool:
        """Whether a message with this mark of its id has not come yet."""
        if mark in self.ids:
            return False
        self.ids[mark] = None
        if len(self.ids) > MOST_IDS:
            del self.ids[next(iter(self.ids))]
        return True


class _Counted(msgspec.Struct, frozen=True):
    shapes: list[Row]
    sources: list[KeptSource]


class _State(msgspec.Struct, frozen=True):
    version: int
    memory: Memory
    counted: msgspec.Raw


class _Version(msgspec.Struct, frozen=True):
    version: int


def counted(miner: Miner, sources: Sequence[Source]) -> bytes:
    """What was counted until now, for `dumped`."""
    for source in sources:
        source.flush()
    for source in sources:  # only now, as what one brings may change the shapes of another
        source.fold()
    numbers, shapes = miner.rows()
    return msgspec.msgpack.encode(_Counted(shapes, [source.kept(numbers) for source in sources]))


def dumped(memory: Memory, counted: bytes) -> bytes:
    """A state."""
    return zlib.compress(msgspec.msgpack.encode(_State(VERSION, memory, msgspec.Raw(counted))), 1)


def loaded(state: bytes, *, now: float) -> tuple[Memory, Miner, list[Source]]:
    """What a state says, the sources in the order in which they were given.

    Args:
        state: What `dumped` gave.
        now: The present, in seconds since the epoch, for times without a year.

    Raises:
        LogFault: It is broken, or of another version.
    """
    try:
        data = _unpacked(state)
        version = msgspec.msgpack.decode(data, type=_Version).version
        if version != VERSION:
            raise LogFault(f"what is kept of a stream of logs is of another version ({version})")
        found = msgspec.msgpack.decode(data, type=_State)
        kept = msgspec.msgpack.decode(found.counted, type=_Counted)
        miner = Miner.of(kept.shapes)
        return found.memory, miner, [Source(one.name, miner=miner, now=now, kept=one) for one in kept.sources]
    except (msgspec.MsgspecError, zlib.error, RecursionError, ValueError) as error:
        raise LogFault(f"what is kept of a stream of logs cannot be read: {error}") from error


def _unpacked(state: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(state, _MOST_BYTES)
    if not unpacking.eof:
        raise LogFault("what is kept of a stream of logs is cut off or too large")
    return data
