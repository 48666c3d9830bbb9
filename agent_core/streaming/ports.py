"""Sending and reading messages of ours, as programs see it. `sink.py` and `source.py` do it over Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.streaming.messages import Known, NotKnown


class SinkStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How sending goes. `waiting` messages of `waiting_bytes` are not taken by a broker yet, in memory and on
    disk; `dropped` ones were given up, the oldest first, as there was no more room, and `refused` ones as no
    broker takes them: no such topic, no right, too long. `fault` says why nothing goes out (None while it
    does)."""

    sent: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    dropped: int = 0
    refused: int = 0
    fault: ErrorInfo | None = None


class Sink(Protocol):
    """Sends messages, in the order in which they are given to one topic and key. It connects with the first
    one; a broker that is absent, lost and back is waited for, and what waits is kept on disk within a bound.
    """

    def send(self, topic: str, message: Known, *, key: str = "") -> None:
        """Take a message; it is on its way then, also over an end of the program where there is a folder.

        Raises:
            BusFault: It is longer than `MOST_BYTES`.
        """
        ...

    async def delivered(self) -> None:
        """Wait until a broker has taken everything given so far, however long it is absent.

        Raises:
            BusFault: Something of it was given up: the topic is not there, or a right is missing.
        """
        ...

    @property
    def standing(self) -> SinkStanding:
        """How sending goes now."""
        ...

    async def aclose(self) -> None:
        """End within seconds; what was not taken by then stays on disk."""
        ...


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A message and where it lay. `time` is seconds since the epoch. `repeated`: one with its id was handed
    out before."""

    message: Known
    topic: str
    partition: int
    offset: int
    time: float
    repeated: bool = False


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is none of ours; `value` is its beginning as printable text, without secrets. `time` is
    seconds since the epoch, 0 where not even that can be read."""

    why: NotKnown
    topic: str
    partition: int
    offset: int
    time: float = 0.0
    value: str = ""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What came, in the order of each partition. `end` is for each (topic, partition) the offset after it."""

    received: tuple[Received, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    end: Mapping[tuple[str, int], int] = {}


class SourceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Messages since the start."""

    received: int = 0
    repeated: int = 0
    unknown: int = 0
    broken: int = 0


class Source(Protocol):
    """Reads messages as a member of a group, each partition by one member; what was not committed is read
    again after an end, and by another member."""

    async def take(self, *, most: int = 100, wait: float = 1.0) -> Batch:
        """The next messages, at most so many, after at most so many seconds; an empty batch when nothing came
        or no broker answers (`fault` says so). The membership lives however long a batch is worked on."""
        ...

    async def commit(self, batch: Batch) -> bool:
        """Say that a batch is done; False where its partitions are another member's by now, who gets it
        again."""
        ...

    @property
    def fault(self) -> ErrorInfo | None:
        """Why nothing can be read now."""
        ...

    @property
    def counts(self) -> SourceCounts:
        """What was read so far."""
        ...

    async def aclose(self) -> None:
        """Leave the group and end, within seconds."""
        ...
