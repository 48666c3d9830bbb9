"""Reads messages of topics. It blocks, for a moment each time: it is for a client's thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from heapq import merge
from typing import Any, Generic

from agent_core.errors import BusFault, BusUnreachable, NoTopic
from agent_core.streaming.access import Access
from agent_core.streaming.backlog import Backlog, M
from agent_core.streaming.passing import Passing
from agent_core.streaming.patterns import Topics
from agent_core.streaming.values import BusNotice, TailQuery
from agent_core.streaming.vendor import UNREADABLE, Link, Partition

_WAIT_MS = 250
"""How long a read waits for messages on the way to the present end."""
_TOPICS_MS = 2000
"""How often the brokers are asked which topics there are."""
_PATIENCE_S = 10.0
"""How long a lost broker is waited for where only the present end is wanted."""
_FETCH_BYTES = 4 * 1024 * 1024
_OPTIONS: Mapping[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",  # of new topics; and where messages expired unread
    "check_crcs": False,  # TCP has sums of its own, and these are slow without a library
    "fetch_max_bytes": _FETCH_BYTES,
    "max_partition_fetch_bytes": _FETCH_BYTES // 4,
    "metadata_max_age_ms": _TOPICS_MS,
    "metrics_enabled": False,
}


class Follower(Generic[M]):
    """One reading of topics, from where the query says.

    Args:
        access: Where the bus is.
        query: What is wanted.
        wanted: Its topics.
        make: Makes the message of a record as the library hands it out.
        batch: How many are read at once at most.
        rest_ms: How long a read waits for messages at the present end, which end it at once.
    """

    def __init__(
        self, access: Access, query: TailQuery, wanted: Topics, *, make: Callable[[Any], M], batch: int,
        rest_ms: int = 2000,
    ) -> None:  # fmt: skip
        self._query = query
        self._make, self._batch, self._rest_ms = make, batch, rest_ms
        self._wanted = wanted
        self._link = Link(access)
        self._consumer: Any = None
        self._assigned: frozenset[Any] = frozenset()
        self._backlog: Backlog[M] = Backlog({}, keep=None)
        self._catching_up = False
        """Whether the present end, as it was, is not reached yet."""
        self._unreadable: set[Any] = set()
        """Partitions whose last messages could not be read."""
        self._lost_at: float | None = None
        self.done = False

    def start(self) -> None:
        """Connect and find the places to begin at; raises `BusFault`."""
        query = self._query
        with self._link.met():
            self._consumer = self._link.consumer(**_OPTIONS, fetch_max_wait_ms=self._rest_ms)
            if not self._wanted.of(self._link.topics()) and not query.follow:
                raise NoTopic(
                    f"No topic fits {', '.join(query.topics)}", hint="`stack topics` lists what there is."
                )
            self._assign(self._matching())
        self.go(query)

    def go(self, query: TailQuery) -> None:
        """Read on from where another query of the same topics says; raises `BusFault`."""
        self._query = query
        parts = list(self._assigned)
        with self._link.met():
            begin, end = self._consumer.beginning_offsets(parts), self._consumer.end_offsets(parts)
            places = self._places(begin, end)
            for part in parts:
                self._consumer.seek(part, places[part])
            self._consumer.resume(*self._consumer.paused())
        if query.last or not query.follow:
            ends = {part: end[part] for part in parts if places[part] < end[part]}
            self._backlog = Backlog(ends, keep=query.last)
        else:
            self._backlog = Backlog({}, keep=None)
        self._catching_up = bool(self._backlog.waiting)
        self.done = not query.follow and not self._catching_up

    def _places(self, begin: Mapping[Any, int], end: Mapping[Any, int]) -> dict[Any, int]:
        """Where each partition is read from."""
        query = self._query
        if query.last is not None:
            return {part: max(begin[part], end[part] - query.last) for part in end}
        if query.since is None:
            return dict(end)
        moment = max(0, int(query.since * 1000))
        found = self._consumer.offsets_for_times(dict.fromkeys(end, moment))
        return {part: end[part] if found[part] is None else found[part].offset for part in end}

    def read(self) -> tuple[M | BusNotice, ...]:
        """What there is by now, after a moment at most; `done` says whether it was the last. Raises
        `BusFault`."""
        told: list[M | BusNotice] = list(self._topics())
        records: Mapping[Any, Any] = {}
        rests = self._query.follow and not self._catching_up and self._lost_at is None
        wait = self._rest_ms if rests else _WAIT_MS
        try:
            with self._link.met():
                try:
                    records = self._consumer.poll(timeout_ms=wait, max_records=self._batch)
                except UNREADABLE:
                    told += self._passed()
        except BusUnreachable as error:
            told += self._connection(error)
            time.sleep(_WAIT_MS / 1000)
        taken: list[Iterable[M]] = []
        for part, some in records.items():
            self._unreadable.discard(part)
            messages = [self._make(record) for record in some]
            taken.append(self._take(part, messages))
        told += merge(*taken, key=lambda message: message.time or 0.0)
        told += self._connection()
        if self._catching_up:
            told += self._ended(idle=not records)
        return tuple(told)

    # Up to the present end

    def _take(self, part: Any, messages: list[M]) -> Iterable[M]:
        end = self._backlog.waiting.get(part)
        if end is None:
            return messages if self._query.follow else ()
        shown = self._backlog.take(part, messages)
        if part not in self._backlog.waiting:  # the others first
            self._consumer.seek(part, end)
            self._consumer.pause(part)
        return shown

    def _ended(self, *, idle: bool) -> Iterable[M]:
        """What was kept, once all partitions are read to their ends."""
        if idle and self._lost_at is None:  # marks of transactions are no messages, and are passed by
            with self._link.met():
                for part in list(self._backlog.waiting):
                    self._backlog.reached(part, self._consumer.position(part, timeout_ms=_WAIT_MS) or 0)
        if self._backlog.waiting:
            return ()
        self._catching_up, self.done = False, not self._query.follow
        self._consumer.resume(*self._consumer.paused())
        return self._backlog.kept()

    # How far it is

    @property
    def topics(self) -> int:
        """Of how many it reads."""
        return len({part.topic for part in self._assigned})

    def behind(self) -> int | None:
        """Messages that are there and not read yet; None where nobody tells now."""
        try:
            return sum(end - place for end, place in self._left().values())
        except BusFault:
            return None

    def pass_by(self, keep: int) -> int:
        """Go on near the end, so many messages of each partition before it; how many are passed by. Raises
        `BusFault`."""
        passed = 0
        for part, (end, place) in self._left().items():
            if end - keep > place:
                self._consumer.seek(part, end - keep)
                passed += end - keep - place
        return passed

    def _left(self) -> dict[Any, tuple[int, int]]:
        """Of each partition where it ends, and where it is read."""
        if self._lost_at is not None:
            raise BusUnreachable("The connection is lost")
        with self._link.met():
            ends = self._consumer.end_offsets(list(self._assigned))
            places = {part: self._consumer.position(part, timeout_ms=_WAIT_MS) for part in ends}
        return {part: (ends[part], place) for part, place in places.items() if place is not None}

    # What happens meanwhile

    def _topics(self) -> Iterable[BusNotice]:
        """Topics and partitions that there are since, or no more."""
        there = frozenset(self._matching())
        if there == self._assigned:
            return
        before = {part.topic for part in self._assigned}
        after = {part.topic for part in there}
        for part in self._assigned - there:
            self._backlog.reached(part, None)
        self._assign(there)
        yield from (BusNotice(what="found", topic=topic) for topic in sorted(after - before))
        yield from (BusNotice(what="gone", topic=topic) for topic in sorted(before - after))

    def _matching(self) -> list[Any]:
        topics = self._link.topics()
        return [Partition(name, number) for name in topics if name in self._wanted for number in topics[name]]

    def _assign(self, parts: Collection[Any]) -> None:
        if parts:
            self._consumer.assign(list(parts))
        elif self._assigned:
            self._consumer.unsubscribe()
        self._assigned = frozenset(parts)
        self._link.follow_all_topics()

    def _connection(self, met: BusUnreachable | None = None) -> Iterable[BusNotice]:
        """That it is lost, once, and that it is back."""
        lost = self._link.lost or met
        if lost is None:
            if self._lost_at is not None:
                self._lost_at = None
                yield BusNotice(what="back")
            return
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            yield BusNotice(what="lost", error=lost.info)
        elif not self._query.follow and time.monotonic() - self._lost_at > _PATIENCE_S:
            raise BusUnreachable(lost.message, hint=lost.hint)

    def _passed(self) -> Iterable[BusNotice]:
        """Pass by messages that cannot be read, and tell it of a partition until others of it were read."""
        consumer, assigned = self._consumer, self._assigned
        passing = Passing(consumer)
        paused, ends = consumer.paused(), consumer.end_offsets(list(assigned))
        places = {part: consumer.position(part, timeout_ms=_WAIT_MS) for part in assigned}
        try:
            for part, place in places.items():
                if part in paused or place is None:
                    continue
                error = passing.tried(part, place, ends[part])
                if error is not None:
                    places[part] = passing.readable(part, place, ends[part])
                    if part not in self._unreadable:
                        self._unreadable.add(part)
                        fault = self._link.fault(error)
                        yield BusNotice(what="unreadable", topic=part.topic, error=fault.info)
        finally:
            passing.drop()
            self._assign(assigned)
            for part, place in places.items():
                if place is not None:
                    consumer.seek(part, place)
            consumer.pause(*paused)

    # The end

    def interrupt(self) -> None:
        """Make what is under way fail; from another thread."""
        self._link.interrupt()

    def close(self) -> None:
        """Give back connections and threads."""
        self._link.close()
