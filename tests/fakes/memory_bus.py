"""A bus in memory behind the ports of `agent_core/streaming/ports.py`: what programs do with it is tested."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import Any

from agent_core.errors import BusFault, ErrorInfo
from agent_core.streaming.messages import MOST_BYTES, Known, NotKnown, decode, encode
from agent_core.streaming.ports import Batch, Received, SinkStanding, Skipped, SourceCounts


class MemoryBus:
    """Topics of one partition. `fault` makes it unreachable while it is set."""

    def __init__(self) -> None:
        self.topics: dict[str, list[bytes]] = defaultdict(list)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.committed: dict[tuple[str, str], int] = defaultdict(int)
        self.fault: ErrorInfo | None = None
        self.changed = asyncio.Event()

    def put(self, topic: str, value: bytes) -> None:
        self.topics[topic].append(value)
        self.times[topic].append(time.time())
        self.changed.set()

    def make_again(self, topic: str) -> None:
        """As when somebody removes it, and it is made anew; readers begin with its first message."""
        self.topics[topic].clear()
        self.times[topic].clear()
        for reader in [each for each in self.committed if each[1] == topic]:
            del self.committed[reader]

    def read(self, topic: str) -> list[Any]:
        """All messages of a topic, decoded."""
        return [decode(value) for value in self.topics[topic]]

    def sink(self) -> MemorySink:
        return MemorySink(self)

    def source(self, group: str, *topics: str) -> MemorySource:
        return MemorySource(self, group, topics)


class MemorySink:
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._waiting: list[tuple[str, bytes]] = []
        self.sent = 0

    def send(self, topic: str, message: Known, *, key: str = "") -> None:
        data = encode(message)
        if len(data) > MOST_BYTES:
            raise BusFault("The message is too long")
        self._waiting.append((topic, data))
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting and self._bus.fault is None:
            self._bus.put(*self._waiting.pop(0))
            self.sent += 1

    async def delivered(self) -> None:
        while self._waiting:
            self._pass_on()
            await asyncio.sleep(0.01)

    @property
    def standing(self) -> SinkStanding:
        return SinkStanding(sent=self.sent, waiting=len(self._waiting), fault=self._bus.fault)

    async def aclose(self) -> None:
        self._pass_on()


class MemorySource:
    def __init__(self, bus: MemoryBus, group: str, topics: tuple[str, ...]) -> None:
        self._bus, self._group, self._topics = bus, group, topics
        self._place = {topic: bus.committed[group, topic] for topic in topics}
        self._seen: set[str] = set()
        self._counts: dict[str, int] = defaultdict(int)

    async def take(self, *, most: int = 100, wait: float = 1.0) -> Batch:
        if not (batch := self._batch(most)).end:
            self._bus.changed.clear()
            try:
                await asyncio.wait_for(self._bus.changed.wait(), wait)
            except TimeoutError:
                return batch
            batch = self._batch(most)
        return batch

    def _batch(self, most: int) -> Batch:
        received: list[Received] = []
        skipped: list[Skipped] = []
        for topic in self._topics if self._bus.fault is None else ():
            first = self._place[topic]
            for offset, value in enumerate(self._bus.topics[topic][first : first + most], first):
                message, at = decode(value), self._bus.times[topic][offset]
                self._place[topic] = offset + 1
                if isinstance(message, NotKnown):
                    self._counts[message.why] += 1
                    text = value.decode("utf-8", "replace")
                    skipped.append(
                        Skipped(why=message, topic=topic, partition=0, offset=offset, time=at, value=text)
                    )
                    continue
                repeated = message.id in self._seen
                self._seen.add(message.id)
                self._counts["received"] += 1
                self._counts["repeated"] += repeated
                received.append(
                    Received(
                        message=message, topic=topic, partition=0, offset=offset,
                        time=at, repeated=repeated,
                    )
                )  # fmt: skip
        ends = {(each.topic, 0): self._place[each.topic] for each in (*received, *skipped)}
        return Batch(received=tuple(received), skipped=tuple(skipped), end=ends)

    async def commit(self, batch: Batch) -> bool:
        for (topic, _), end in batch.end.items():
            self._bus.committed[self._group, topic] = end
        return True

    @property
    def fault(self) -> ErrorInfo | None:
        return self._bus.fault

    @property
    def counts(self) -> SourceCounts:
        return SourceCounts(**self._counts)

    async def aclose(self) -> None:
        pass
