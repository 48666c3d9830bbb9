"""Records as messages of ours: decoded, counted, and repeats recognised by their ids within a bound."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from agent_core.config import Settings
from agent_core.masking import log_masker
from agent_core.streaming.messages import NotKnown, decode
from agent_core.streaming.ports import Batch, Received, Skipped
from agent_core.text import one_line, shorten

MOST_IDS = 100_000
_SHOWN = 200
_masked = log_masker(Settings())


class Repeats:
    """The last ids.

    Args:
        most: How many are known.
    """

    def __init__(self, most: int = MOST_IDS) -> None:
        self._order: deque[int] = deque(maxlen=most)
        self._known: set[int] = set()

    def seen(self, identity: str) -> bool:
        """Whether this one was seen before; it is from now on."""
        short = hash(identity)  # an id may be as long as a message; the seed of hashes is this process's own
        if short in self._known:
            return True
        if len(self._order) == self._order.maxlen:
            self._known.discard(self._order[0])
        self._order.append(short)
        self._known.add(short)
        return False


class Receiving:
    """See above."""

    def __init__(self) -> None:
        self._repeats = Repeats()
        self.received = 0
        self.repeated = 0
        self.unknown = 0
        self.broken = 0

    def batch(self, records: Mapping[Any, Any]) -> Batch:
        """Records of each partition, as the client hands them out."""
        received: list[Received] = []
        skipped: list[Skipped] = []
        end: dict[tuple[str, int], int] = {}
        for part, some in records.items():
            end[part.topic, part.partition] = some[-1].offset + 1
            for record in some:
                what = self._one(record)
                if isinstance(what, Received):
                    received.append(what)
                else:
                    skipped.append(what)
        return Batch(received=tuple(received), skipped=tuple(skipped), end=end)

    def _one(self, record: Any) -> Received | Skipped:
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        seconds = max(0, record.timestamp or 0) / 1000
        message = decode(record.value)
        if isinstance(message, NotKnown):
            if message.why == "unknown":
                self.unknown += 1
            else:
                self.broken += 1
            return Skipped(why=message, time=seconds, value=_beginning(record.value), **place)
        repeated = self._repeats.seen(message.id)
        self.received += 1
        self.repeated += repeated
        return Received(message=message, time=seconds, repeated=repeated, **place)


def _beginning(value: bytes | None) -> str:
    text = (value or b"")[: 4 * _SHOWN].decode("utf-8", "replace")
    return shorten(one_line(_masked(text)), _SHOWN)  # masked first: half of a secret looks like none
