"""Sends what a spool has, in a thread of its own: one way, in order, until it is told to stop."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agent_core.errors import BusFault, BusUnreachable, NoTopic
from agent_core.streaming.access import Access
from agent_core.streaming.faults import fault_of
from agent_core.streaming.ontheway import OnTheWay
from agent_core.streaming.producing import options
from agent_core.streaming.reach import reach
from agent_core.streaming.spool import Entry, Spool
from agent_core.streaming.trying import Trying

if TYPE_CHECKING:
    from agent_core.streaming.vendor import Link

_ON_THE_WAY_BYTES = 8 * 1024 * 1024  # given to the library, and not taken by a broker yet
_GIVEN_BYTES = 256 * 1024  # of that at once
_ROUND_S, _SOON_S = 1.0, 0.1
_SILENT_S = 10.0
"""After how long without a sign for a message its topic is looked for again."""
_HEARD = 500  # messages at once: to be woken for each costs more than all else
_TRIES = 4  # of a message on which brokers fail for no known reason
_log = logging.getLogger(__name__)


class Pump:
    """See above.

    Args:
        access: Where the bus is.
        spool: What is sent.
        refused: Called with a message's number and why it was given up.
        moved: Called after messages were settled.
    """

    def __init__(
        self,
        access: Access,
        spool: Spool,
        *,
        refused: Callable[[int, BusFault], None],
        moved: Callable[[], None],
    ) -> None:
        self._access = access
        self._spool = spool
        self._refused = refused
        self._moved = moved
        self._event = threading.Event()
        self._stopped = False
        self._link: Link | None = None
        self._producer: Any = None
        self._turn = 0
        """Counts producers: what an earlier one says is heard no more."""
        self._idempotent = True
        self._batched = True
        """Whether several messages go as one; where one of them is too long, that does not tell which."""
        self._trying = Trying()
        self._way = OnTheWay()
        self._silent: BusFault | None = None
        """That what was sent is not taken, although a broker is connected."""
        self._told: deque[tuple[int, int, BaseException | None]] = deque()
        self._tries: dict[int, int] = {}
        self.sent = 0

    # From other threads

    def wake(self) -> None:
        """There is something to send."""
        self._event.set()

    def stop(self) -> None:
        """Let `run` end within seconds; it blocks for a moment."""
        self._stopped = True
        if (link := self._link) is not None:
            link.interrupt()
        self._event.set()

    @property
    def fault(self) -> BusFault | None:
        """Why nothing is sent."""
        return self._trying.fault

    # The thread

    def run(self) -> None:
        """Send until it is stopped."""
        try:
            self._safely(self._spool.recover)
            while not self._stopped:
                self._event.clear()
                self._event.wait(self._safely(self._round) or _SOON_S)
        finally:
            self._hear()
            self._close()
            self._spool.close()

    def _safely(self, do: Callable[[], float | None]) -> float | None:
        try:
            return do()
        except Exception as error:  # noqa: BLE001 - a thread that ends would let messages wait for ever
            _log.warning("sending begins anew after %r", error)
            self._failed(fault_of(error, self._access.named))
            return None

    def _round(self) -> float:
        """Do what can be done now; for how long there is nothing to do."""
        self._spool.persist()
        self._hear()
        waiting, _ = self._spool.waiting
        if self._producer is None:
            if not waiting and self._trying.fault is None:
                return _ROUND_S  # else whoever looks at the fault wants to know when it is over
            if wait := self._trying.wait:
                return wait
            if not self._opened():
                return _SOON_S
        if not waiting:
            self._silent = None  # it was said of messages that were taken since
        if not self._connected():
            return _SOON_S
        if waiting:
            self._feed()
            self._look_after()
        elif not self._batched:
            self._batched = True
            self._close()
        return _SOON_S if waiting else _ROUND_S

    # The client

    def _opened(self) -> bool:
        try:
            reach(self._access)
            from agent_core.streaming.vendor import Link

            self._link = Link(self._access)
            self._producer = self._link.producer(
                **options(idempotent=self._idempotent, batched=self._batched)
            )
        except BusFault as error:
            self._failed(error)
            return False
        self._turn += 1
        self._trying.made()
        return True

    def _failed(self, error: BusFault) -> None:
        """Close the client, and look for a broker again after a while."""
        self._close()
        self._trying.failed(error)

    def _close(self) -> None:
        """Everything that no broker has taken is to be sent again."""
        link, self._link, self._producer = self._link, None, None
        self._turn += 1
        self._way.clear()
        self._silent = None
        if link is not None:
            link.interrupt()
            link.close()
        self._spool.rewind()

    def _connected(self) -> bool:
        """Whether a broker is connected, as far as is known."""
        assert self._link is not None
        lost = self._link.lost
        if self._trying.hopeless(lost) and lost is not None:
            self._failed(lost)
        elif lost is None:
            self._trying.fault = self._silent
        return lost is None

    # Sending

    def _feed(self) -> None:
        while self._way.bytes < _ON_THE_WAY_BYTES:
            entries = self._spool.take(_GIVEN_BYTES)
            if not entries:
                break
            for entry in entries:
                if self._producer is None:  # it failed, and the rest is taken again
                    return
                self._give(entry)
            self._hear()

    def _give(self, entry: Entry) -> None:
        assert self._link is not None
        if (fault := self._way.barred(entry.topic)) is not None:
            self._refuse(entry.number, fault)
            self._moved()
        elif self._way.holds(entry.topic) or not self._link.has_topic(entry.topic):
            self._way.hold(entry)
            self._link.refresh()
        else:
            self._send(entry)

    def _send(self, entry: Entry) -> None:
        self._way.add(entry)
        turn, number = self._turn, entry.number
        try:
            future = self._producer.send(
                entry.topic, value=entry.data, key=entry.key.encode("utf-8", "surrogatepass") or None
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this message's
            self._told.append((turn, number, error))
            self._hear()
            return
        future.add_both(self._tell, turn, number)

    def _tell(self, turn: int, number: int, outcome: object) -> None:
        """Note where a message lies now, or why it does not; in the library's thread."""
        self._told.append((turn, number, outcome if isinstance(outcome, BaseException) else None))
        if len(self._told) >= min(_HEARD, len(self._way)):
            self.wake()

    # What came of it

    def _hear(self) -> None:
        """Settle what was taken, and see to what was not."""
        settled: list[int] = []
        failed: list[tuple[int, BaseException]] = []
        while self._told:
            turn, number, error = self._told.popleft()
            if turn != self._turn or number not in self._way:
                continue
            if error is not None:
                failed.append((number, error))
                continue
            self._way.remove(number)
            self._tries.pop(number, None)
            settled.append(number)
        if settled:
            self.sent += len(settled)
            self._spool.settle(settled)
        for number, error in failed:
            self._see_to(number, error)
        if settled or failed:
            self._moved()

    def _see_to(self, number: int, error: BaseException) -> None:
        from agent_core.streaming.vendor import BARRED, FINAL, NOT_IDEMPOTENT, TOO_LONG

        if number not in self._way:  # the client was closed since
            return
        fault = fault_of(error, self._access.named)
        if isinstance(error, TOO_LONG) and self._batched:
            self._batched = False
            self._close()
            return
        if not isinstance(error, FINAL):
            if isinstance(error, NOT_IDEMPOTENT) and self._idempotent:
                self._idempotent = False
                self._failed(fault)
                return
            tries = self._tries.get(number, 0) + (not isinstance(fault, BusUnreachable))
            self._tries[number] = tries
            if tries < _TRIES:
                _log.debug("sent again from %d on: %s", number, error)
                self._failed(fault)
                return
        topic = self._way.remove(number)
        self._tries.pop(number, None)
        self._refuse(number, fault)
        if isinstance(error, BARRED):
            self._way.bar(topic, fault)
        if self._way:  # the library ends others with the same error
            self._close()

    def _refuse(self, number: int, fault: BusFault) -> None:
        self._refused(number, fault)
        self._spool.settle([number])

    def _look_after(self) -> None:
        """Of what waits for long: is its topic there by now, or no more?"""
        link = self._link
        assert link is not None
        there, missed = self._way.released(link.has_topic)
        for entry in there:
            if self._producer is not None:  # else it failed, and they are taken again
                self._send(entry)
        for entry in missed:
            hint = "`stack topics` lists what there is; those without a right to them are not shown."
            self._refuse(entry.number, NoTopic(f"There is no topic {entry.topic}", hint=hint))
        if missed:
            self._moved()
        late, self._silent = self._way.late(_SILENT_S), None
        if late is not None:
            if not link.has_topic(late.topic):
                self._failed(NoTopic(f"The topic {late.topic} is gone"))
                return
            if (why := link.held_back(late.topic)) or self._way.quiet(_SILENT_S):
                self._silent = why or BusUnreachable(f"Kafka at {self._access.named} takes no messages now")
        if self._way.any_held or self._silent is not None:
            link.refresh()
