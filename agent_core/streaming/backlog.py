"""Messages up to the end that partitions had at a moment, the last of all kept and brought in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heappush, heappushpop
from typing import Any, Generic, Protocol, TypeVar


class Placed(Protocol):
    """A message, as far as its order is concerned."""

    @property
    def topic(self) -> str:
        """Its topic."""
        ...

    @property
    def partition(self) -> int:
        """The partition."""
        ...

    @property
    def offset(self) -> int:
        """Its place there."""
        ...

    @property
    def time(self) -> float | None:
        """Seconds since the epoch; None where it has none."""
        ...


M = TypeVar("M", bound=Placed)


class Backlog(Generic[M]):
    """What lies before that end.

    Args:
        ends: Where it is, of each partition that has something before it.
        keep: How many messages are kept; None passes them on as they come.
    """

    def __init__(self, ends: Mapping[Any, int], *, keep: int | None) -> None:
        self.waiting = dict(ends)
        """The partitions that are not read to their ends yet."""
        self._keep = keep
        self._kept: list[tuple[float, str, int, int, M]] = []

    def take(self, part: Any, messages: Iterable[M]) -> list[M]:
        """Messages of a partition that waits, in its order: those that are passed on now."""
        end = self.waiting[part]
        before: list[M] = []
        for message in messages:
            if message.offset < end:
                before.append(message)
            self.reached(part, message.offset + 1)
        if self._keep is None:
            return before
        for message in before:
            entry = (message.time or 0.0, message.topic, message.partition, message.offset, message)
            if len(self._kept) < self._keep:
                heappush(self._kept, entry)
            elif self._kept:
                heappushpop(self._kept, entry)
        return []

    def reached(self, part: Any, place: int | None) -> None:
        """Say that everything before `place` was read, or with None that the partition is gone."""
        if part in self.waiting and (place is None or place >= self.waiting[part]):
            del self.waiting[part]

    def kept(self) -> list[M]:
        """What was kept, by time; within a partition in its order where times are equal. Once."""
        kept, self._kept = self._kept, []
        return [message for *_, message in sorted(kept, key=lambda entry: entry[:4])]
