"""Messages from a broker, read as a member of a group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from agent_core.errors import ErrorInfo
from agent_core.streaming.access import Access
from agent_core.streaming.consuming import Member
from agent_core.streaming.patterns import Topics
from agent_core.streaming.ports import Batch, SourceCounts
from agent_core.streaming.thread import ClientThread

_KEPT_S = 1.0
"""After how long without a call the membership is seen to."""
_LATE_S = 0.25
_LEFT_S = 3.0


class KafkaSource:
    """Reads messages from Kafka; a `Source`. It connects with the first call, and a new group begins with the
    oldest messages. One call at a time.

    Args:
        access: Where the bus is.
        group: Whose member it is.
        topics: Names and patterns such as `logs.raw.*`; topics that come to match are found within seconds.
        member: A name within the group that stays over a restart of the program: what it had is kept for it
            for the session's time then. No other may have it. "" for none.

    Raises:
        UsageError: A topic can be none.
    """

    def __init__(self, access: Access, *, group: str, topics: Sequence[str], member: str = "") -> None:
        self._member = Member(access, group=group, wanted=Topics(topics), member=member)
        self._thread = ClientThread()
        self._taking: asyncio.Task[Batch] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._called = 0.0
        self._closed = False

    async def take(self, *, most: int = 100, wait: float = 1.0) -> Batch:
        """The next messages, see `Source.take`. What came for a cancelled call is the next one's."""
        if self._closed:
            return Batch()
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())
        if self._taking is None:
            self._taking = asyncio.create_task(self._thread.call(self._member.take, most, wait))
        taking = self._taking
        await asyncio.wait((taking,), timeout=wait + _LATE_S)
        if not taking.done():
            return Batch()
        self._taking = None
        self._called = time.monotonic()
        return taking.result()

    async def commit(self, batch: Batch) -> bool:
        """Say that a batch is done, see `Source.commit`. While no broker answers it waits for a while; where
        it gives up, it is False."""
        if self._closed or not batch.end:
            return not batch.end
        self._called = time.monotonic()
        return await self._thread.call(self._member.commit, dict(batch.end))

    @property
    def fault(self) -> ErrorInfo | None:
        """Why nothing can be read now."""
        fault = self._member.fault
        return None if fault is None else fault.info

    @property
    def counts(self) -> SourceCounts:
        """What was read so far."""
        counted = self._member.receiving
        return SourceCounts(
            received=counted.received,
            repeated=counted.repeated,
            unknown=counted.unknown,
            broken=counted.broken,
        )

    async def aclose(self) -> None:
        """Leave the group and end, see `Source.aclose`."""
        if self._closed:
            return
        self._closed = True
        if self._keeping is None:
            return
        self._keeping.cancel()
        await asyncio.wait((self._keeping,))
        await asyncio.shield(asyncio.create_task(self._end()))

    async def _end(self) -> None:
        self._member.end()
        leaving = asyncio.create_task(self._thread.call(self._member.leave))
        await asyncio.wait((leaving,), timeout=_LEFT_S)
        await self._thread.aclose(interrupt=self._member.interrupt, close=self._member.close)
        for task in (leaving, self._taking):
            if task is not None and not task.done():
                task.cancel()

    async def _keep(self) -> None:
        """See to the membership while nothing is asked."""
        while True:
            await asyncio.sleep(_KEPT_S)
            if self._taking is None and time.monotonic() - self._called > _KEPT_S:
                with suppress(RuntimeError):  # the thread has ended
                    await self._thread.call(self._member.keep)
