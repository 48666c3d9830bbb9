"""Reads messages as a member of a group. It blocks, for a moment each time: it is for a client's thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent_core.errors import BusFault, BusUnreachable, NoTopic
from agent_core.streaming.access import Access
from agent_core.streaming.messages import NotKnown
from agent_core.streaming.owning import Owned
from agent_core.streaming.patterns import Topics
from agent_core.streaming.ports import Batch, Skipped
from agent_core.streaming.reach import reach
from agent_core.streaming.receiving import Receiving
from agent_core.streaming.trying import Trying

if TYPE_CHECKING:
    from agent_core.streaming.vendor import Link

_FETCH_BYTES = 4 * 1024 * 1024
_SLICE_S = 0.5
"""How long the library is let wait at once."""
_EXCHANGED_S = 3.0
_COMMIT_S = 20.0
_COMMIT_TRIED_S = 3.0
_LEFT_S = 2.0
_OPTIONS: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "check_crcs": False,  # TCP has sums of its own, and these are slow without a library
    "fetch_max_bytes": _FETCH_BYTES,
    "max_partition_fetch_bytes": _FETCH_BYTES // 4,
    "fetch_max_wait_ms": 1000,
    "metadata_max_age_ms": 3000,  # so soon are new topics found
    "session_timeout_ms": 10_000,  # so soon another member gets what a killed one had
    "heartbeat_interval_ms": 3000,
    "max_poll_interval_ms": 120_000,  # `keep` asks every second, however long the work takes
    "metrics_enabled": False,
}
_log = logging.getLogger(__name__)


class Member:
    """See above.

    Args:
        access: Where the bus is.
        group: The group's name.
        wanted: Topics; those that come to match are found.
        member: A name in the group that outlives the program, "" for none.
    """

    def __init__(self, access: Access, *, group: str, wanted: Topics, member: str = "") -> None:
        self._access = access
        self._group = {"group_id": group, **({"group_instance_id": member} if member else {})}
        self._wanted = wanted
        self._link: Link | None = None
        self._consumer: Any = None
        self._owned = Owned()
        self.receiving = Receiving()
        self._trying = Trying()
        self._ending = False
        self._came: dict[Any, Any] = {}

    @property
    def fault(self) -> BusFault | None:
        """Why nothing can be read."""
        return self._trying.fault

    # Reading

    def take(self, most: int, wait: float) -> Batch:
        """The next messages, after so many seconds at most or a little more."""
        until = time.monotonic() + wait
        while not self._ending:
            left = max(0.0, until - time.monotonic())
            batch = self._next(most, min(left, _SLICE_S)) if self._ready() else Batch()
            if batch.end or left <= 0:
                return batch
            if self._consumer is None:
                time.sleep(min(left, 0.05))
        return Batch()

    def _next(self, most: int, wait: float) -> Batch:
        from agent_core.streaming.grouping import exchanged
        from agent_core.streaming.vendor import UNREADABLE

        link, consumer = self._link, self._consumer
        assert link is not None
        begun = time.monotonic()
        try:
            with link.met():
                consumer.resume(*consumer.paused())
                exchanged(consumer, seconds=_EXCHANGED_S)
                if anew := self._owned.renewed(link.topic_id):
                    consumer.seek_to_beginning(*anew)
                if kept := self._kept():
                    return self._told(kept)
                try:
                    records = consumer.poll(timeout_ms=int(wait * 1000), max_records=most)
                except UNREADABLE:
                    return self._passed()
        except BusUnreachable as error:
            time.sleep(max(0.0, wait - (time.monotonic() - begun)))
            self._look(error)
            return Batch()
        except BusFault as error:
            self._failed(error)
            return Batch()
        except Exception as error:  # noqa: BLE001 - the library raises much; a new client may fare better
            _log.warning("reading begins anew after %r", error)
            self._failed(link.fault(error))
            return Batch()
        self._look()
        return self._told(records)

    def _kept(self) -> Mapping[Any, Any]:
        """What came while the membership was seen to, as far as it is still the next of its partition."""
        came, self._came = self._came, {}
        there = self._consumer.assignment() if came else ()
        return {
            part: records
            for part, records in came.items()
            if part in there and self._consumer.position(part, timeout_ms=1000) == records[-1].offset + 1
        }

    def _told(self, records: Mapping[Any, Any]) -> Batch:
        for part, some in records.items():
            self._owned.read(part, some[0].offset)
        return self.receiving.batch(records)

    def _passed(self) -> Batch:
        """Pass by messages that cannot be read; each place where some are is told as one."""
        from agent_core.streaming.passing import Passing
        from agent_core.streaming.vendor import Link

        consumer, side = self._consumer, Link(self._access)
        skipped: list[Skipped] = []
        end: dict[tuple[str, int], int] = {}
        try:
            passing = Passing(side.consumer(check_crcs=False, metrics_enabled=False))
            with side.met():
                ends = consumer.end_offsets(list(consumer.assignment()))
                for part, last in ends.items():
                    place = consumer.position(part, timeout_ms=1000)
                    if place is None or (error := passing.tried(part, place, last)) is None:
                        continue
                    after = passing.readable(part, place, last)
                    self._owned.read(part, place)
                    consumer.seek(part, after)
                    end[part.topic, part.partition] = after
                    why = NotKnown("broken", side.fault(error).message)
                    skipped.append(Skipped(why=why, topic=part.topic, partition=part.partition, offset=place))
                    self.receiving.broken += 1
        finally:
            side.interrupt()
            side.close()
        return Batch(skipped=tuple(skipped), end=end)

    def keep(self) -> None:
        """Stay a member while the last messages are worked on: take part in exchanges, and read nothing."""
        if self._consumer is None or self._link is None:
            return
        from agent_core.streaming.grouping import exchanged

        try:
            with self._link.met():
                exchanged(self._consumer, seconds=_EXCHANGED_S)
                self._consumer.pause(*self._consumer.assignment())
                came = self._consumer.poll(timeout_ms=0, max_records=1)
            self._came.update(came)  # of partitions that it got just now
        except BusFault as error:
            self._look(error if isinstance(error, BusUnreachable) else None, patient=True)
        except Exception as error:  # noqa: BLE001 - as in reading
            _log.warning("reading begins anew after %r", error)
            self._failed(self._link.fault(error))
        else:
            self._look(patient=True)

    # Committing

    def commit(self, ends: Mapping[tuple[str, int], int]) -> bool:
        """Say how far everything is done; whether all of it was this member's to say."""
        until = time.monotonic() + _COMMIT_S
        while not self._ending and self._link is not None:
            from agent_core.streaming.grouping import MOVED, place_of
            from agent_core.streaming.vendor import Partition

            asked, own = self._owned.to_commit({Partition(*part): end for part, end in ends.items()})
            if not asked:
                return own
            try:
                with self._link.met():
                    try:
                        offsets = {part: place_of(end) for part, end in asked.items()}
                        self._consumer.commit(offsets, timeout_ms=int(_COMMIT_TRIED_S * 1000))
                    except MOVED:
                        moved = True
                    else:
                        self._owned.committed(asked.items())
                        return own
            except BusFault as error:
                moved = False
                if isinstance(error, BusUnreachable):
                    self._look(error)
                else:
                    self._failed(error)
            if time.monotonic() > until:
                return False
            if moved:
                self.keep()
            time.sleep(0.05)
        return False

    # The client

    def _ready(self) -> bool:
        """Whether there is a client; one is made where it is time."""
        if self._consumer is not None:
            return True
        if self._trying.wait:
            return False
        try:
            reach(self._access)
            from agent_core.streaming.grouping import STICKY, Rebalances, mended
            from agent_core.streaming.vendor import Link

            self._link = Link(self._access)
            owned = self._owned
            heard = Rebalances(gave=owned.gave, got=owned.got, lost=owned.lost)
            options = {**_OPTIONS, **self._group, "partition_assignment_strategy": [STICKY]}
            consumer = mended(self._link.consumer(**options))
            with self._link.met():
                consumer.subscribe(pattern=_pattern(self._wanted), listener=heard)
        except BusFault as error:
            self._failed(error)
            return False
        self._consumer = consumer
        self._trying.made()
        return True

    def _failed(self, error: BusFault) -> None:
        """Close the client, and look for a broker again after a while."""
        self._trying.failed(error)
        self.close()
        self._owned.lost(())

    def _look(self, met: BusUnreachable | None = None, *, patient: bool = False) -> None:
        """See how the connection is; `patient` leaves the client, as what it read is not committed yet."""
        link = self._link
        if link is None:
            return
        lost = link.lost or met
        if self._trying.hopeless(lost) and lost is not None:
            if not patient:
                self._failed(lost)
        elif lost is None:
            self._trying.fault = None if self._owned.any else self._no_topic(link)

    def _no_topic(self, link: Link) -> BusFault | None:
        """That none of the topics is there, where they were named."""
        there = link.topics()
        if not self._wanted.exact or any(name in self._wanted for name in there):
            return None
        named = ", ".join(sorted(self._wanted.exact))
        return NoTopic(
            f"There is no topic {named} yet", hint="It is waited for; `stack topics` lists others."
        )

    # The end

    def interrupt(self) -> None:
        """Make what is under way fail; from another thread."""
        self._ending = True
        if (link := self._link) is not None:
            link.interrupt()

    def end(self) -> None:
        """Begin the end: what is under way comes to its end soon; from another thread."""
        self._ending = True

    def leave(self) -> None:
        """Leave the group, so that others get its partitions at once."""
        if self._consumer is not None and self._link is not None and self._link.lost is None:
            self._link.leave(self._consumer, seconds=_LEFT_S)

    def close(self) -> None:
        """Give back connections and threads."""
        link, self._link, self._consumer = self._link, None, None
        if link is not None:
            link.interrupt()
            link.close()


def _pattern(wanted: Topics) -> str:
    return "|".join(f"(?:{each})" for each in wanted.patterns)
