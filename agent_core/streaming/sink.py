"""Messages to a broker: kept in memory and on disk until it has taken them, in the order of sending."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path

from agent_core.errors import BusFault
from agent_core.streaming.access import Access
from agent_core.streaming.messages import MOST_BYTES, Known, encode
from agent_core.streaming.ports import SinkStanding
from agent_core.streaming.pumping import Pump
from agent_core.streaming.segments import SegmentFolder
from agent_core.streaming.spool import Spool

MOST_KEPT_BYTES = 64 * 1024 * 1024
_LAST_S = 3.0
"""How long the end waits for a broker that answers."""
_CLOSED_S = 8.0
_REMEMBERED = 1000


class KafkaSink:
    """Sends messages to Kafka; a `Sink`. Its thread starts with the first message, or at once where an
    earlier program left some.

    Args:
        access: Where the bus is.
        folder: Where messages are kept that no broker has taken; several programs may name the same one. None
            keeps them in memory, and they go with the program.
        most_bytes: How much is kept.
    """

    def __init__(
        self, access: Access, *, folder: Path | None = None, most_bytes: int = MOST_KEPT_BYTES
    ) -> None:
        self._spool = Spool(most_bytes=most_bytes, folder=None if folder is None else SegmentFolder(folder))
        self._pump = Pump(access, self._spool, refused=self._refuse, moved=self._move)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._given_up: deque[tuple[int, BusFault]] = deque(maxlen=_REMEMBERED)
        self._refused = 0
        self._told = -1
        """Up to here, what was given up was told."""
        self._lost = 0
        """How many dropped ones were told."""
        self._closed = False
        if folder is not None and _has_anything(folder):
            self._start()

    def send(self, topic: str, message: Known, *, key: str = "") -> None:
        """Take a message, see `Sink.send`."""
        if self._closed:
            raise BusFault("Messages are not taken any more: sending has ended")
        data = encode(message)
        if len(data) + len(key) > MOST_BYTES:
            raise BusFault(
                f"A message for {topic} has {len(data):,} bytes; {MOST_BYTES:,} is the most",
                hint="Send it in parts.",
            )
        self._spool.append(topic, key, data)
        if self._thread is None:
            self._start()
        self._pump.wake()

    async def delivered(self) -> None:
        """Wait until everything given so far was taken, see `Sink.delivered`."""
        until, told, lost = self._spool.last, self._told, self._lost
        await self._settled(until)
        self._told, self._lost = max(self._told, until), self._spool.dropped
        faults = [fault for number, fault in self._given_up if told < number <= until]
        if faults:
            raise faults[0]
        if (dropped := self._lost - lost) > 0:
            raise BusFault(
                f"{dropped:,} messages were dropped: there was no more room for them",
                hint="No broker took messages for long; see why, or allow more bytes.",
            )

    async def _settled(self, until: int) -> None:
        mine = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._waiting.add(mine)
        try:
            while self._spool.oldest <= until:
                await mine[1].wait()
                mine[1].clear()
        finally:
            with self._lock:
                self._waiting.discard(mine)

    @property
    def standing(self) -> SinkStanding:
        """How sending goes now."""
        waiting, size = self._spool.waiting
        fault = self._pump.fault
        return SinkStanding(
            sent=self._pump.sent,
            waiting=waiting,
            waiting_bytes=size,
            dropped=self._spool.dropped,
            refused=self._refused,
            fault=None if fault is None else fault.info,
        )

    async def aclose(self) -> None:
        """End within seconds, see `Sink.aclose`."""
        self._closed = True
        thread = self._thread
        if thread is None:
            return
        await asyncio.shield(asyncio.create_task(self._end(thread)))

    async def _end(self, thread: threading.Thread) -> None:
        if self._pump.fault is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await self._settled(self._spool.last)
        await asyncio.to_thread(self._pump.stop)
        await asyncio.to_thread(thread.join, _CLOSED_S)

    # In the thread

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._pump.run, name="bus-sink", daemon=True)
        self._thread.start()

    def _refuse(self, number: int, fault: BusFault) -> None:
        self._refused += 1
        self._given_up.append((number, fault))

    def _move(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for loop, event in waiting:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # the loop has ended
                with self._lock:
                    self._waiting.discard((loop, event))


def _has_anything(folder: Path) -> bool:
    """Whether something lies in a folder; not where it cannot be looked at."""
    with suppress(OSError):
        return any(folder.iterdir())
    return False
