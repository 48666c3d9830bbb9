"""Messages between a spool and a broker: given to the library, or held until their topic is there."""

from __future__ import annotations

import time
from collections.abc import Callable

from agent_core.errors import BusFault
from agent_core.streaming.spool import Entry

_BARRED_S = 10.0
_TOPIC_S = 5.0
"""How long a topic that is not there is waited for: it may just be made."""


class OnTheWay:
    """Messages by their numbers, in the order in which they came here."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[Entry, float]] = {}
        self._held: dict[str, tuple[float, list[Entry]]] = {}
        self._barred: dict[str, tuple[float, BusFault]] = {}
        self._moved = 0.0
        """When the last one went."""
        self.bytes = 0

    def __contains__(self, number: int) -> bool:
        return number in self._entries

    def add(self, entry: Entry) -> None:
        """One more."""
        self._entries[entry.number] = entry, time.monotonic()
        self.bytes += len(entry.data)

    def __len__(self) -> int:
        return len(self._entries)

    def remove(self, number: int) -> str:
        """One less; its topic."""
        entry, _ = self._entries.pop(number)
        self.bytes -= len(entry.data)
        self._moved = time.monotonic()
        return entry.topic

    def clear(self) -> None:
        """None any more."""
        self._entries.clear()
        self._held.clear()
        self.bytes = 0

    def late(self, seconds: float) -> Entry | None:
        """The oldest one that was given to the library, where it was so long ago."""
        given = (each for each in self._entries.values() if each[0].topic not in self._held)
        oldest = next(given, None)
        return oldest[0] if oldest is not None and time.monotonic() - oldest[1] > seconds else None

    def quiet(self, seconds: float) -> bool:
        """Whether none went for so long: where others go, one that is late has only many before it."""
        return time.monotonic() - self._moved > seconds

    # Topics that are not there

    def holds(self, topic: str) -> bool:
        """Whether messages wait for it."""
        return topic in self._held

    @property
    def any_held(self) -> bool:
        """Whether messages wait for a topic."""
        return bool(self._held)

    def hold(self, entry: Entry) -> None:
        """Let it wait for its topic."""
        self.add(entry)
        self._held.setdefault(entry.topic, (time.monotonic() + _TOPIC_S, []))[1].append(entry)

    def bar(self, topic: str, fault: BusFault) -> None:
        """Nothing can be sent to this topic, for some time."""
        self._barred[topic] = time.monotonic() + _BARRED_S, fault

    def barred(self, topic: str) -> BusFault | None:
        """Why nothing can be sent to a topic now."""
        until, fault = self._barred.get(topic, (0.0, None))
        return fault if time.monotonic() < until else None

    def released(self, has_topic: Callable[[str], bool]) -> tuple[list[Entry], list[Entry]]:
        """Those whose topic is there now, and those that waited too long; they are no longer here."""
        now = time.monotonic()
        there: list[Entry] = []
        missed: list[Entry] = []
        for topic, (until, entries) in list(self._held.items()):
            if not (found := has_topic(topic)) and now < until:
                continue
            del self._held[topic]
            for entry in entries:
                self.remove(entry.number)
            (there if found else missed).extend(entries)
        return there, missed
