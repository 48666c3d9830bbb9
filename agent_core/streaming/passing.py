"""Finds the next place that can be read, after messages that cannot: batches are packed as a whole."""

from __future__ import annotations

from typing import Any

from agent_core.streaming.vendor import UNREADABLE

_TRIED_MS = 1000


class Passing:
    """Tries places with a client whose partitions it assigns as it needs: they are another's to set again.

    Args:
        consumer: The client; in no group.
    """

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def readable(self, part: Any, place: int, end: int) -> int:
        """The first place after one that cannot be read where one can, at most `end`."""
        while (error := self.tried(part, place, end)) is not None:
            place = max(place + 1, _after(error))
        return min(place, end)

    def tried(self, part: Any, place: int, end: int) -> Exception | None:
        """What reading from a place raises."""
        if place >= end:
            return None
        self.drop()
        self._consumer.assign([part])
        self._consumer.seek(part, place)
        try:
            self._consumer.poll(timeout_ms=_TRIED_MS, max_records=1)
        except UNREADABLE as error:
            return error
        return None

    def drop(self) -> None:
        """Let go of what was fetched: the library does not end reading what it cannot read."""
        self._consumer.unsubscribe()
        self._consumer.poll(timeout_ms=1)


def _after(error: Exception) -> int:
    """The place after the batch that the library had in hand then; 0 where that is not known."""
    place, step = 0, error.__traceback__
    while step is not None:
        batch = step.tb_frame.f_locals.get("batch")
        place = getattr(batch, "next_offset", place)
        step = step.tb_next
    return place
