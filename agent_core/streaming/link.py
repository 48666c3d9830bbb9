"""Whether there is a bus, for a program that works without one: looked for cheaply, told when it changes.

Nothing of Kafka is loaded before somebody takes a plain connection. Where a broker answers, that connection
stays open: its end tells at once that the broker is gone, and costs nothing until then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from agent_core.config import Settings
from agent_core.errors import AgentError, BusAuth, BusFault
from agent_core.events import BusChanged, BusState
from agent_core.streaming import names
from agent_core.streaming.access import Access, access_of
from agent_core.streaming.reach import connected

_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Between two tries where nobody listens; the last one from then on."""
_REFUSED_S = (5.0, 30.0, 120.0, 300.0)
"""The same where somebody listens who never was Kafka, or does not let us in; each takes a client."""
_LOOKS_S = (5.0, 15.0, 30.0, 60.0, 120.0)
"""Between two looks for topics that are not there yet."""
_SHORT_S = 2.0
"""A connection that was ended earlier tells nothing: something between closes what is silent."""
_OURS = ("agent.*", "logs.*")
_log = logging.getLogger(__name__)


class BusLink:
    """Looks for the bus of some settings, and publishes `BusChanged`. Nothing begins before `start`.

    Args:
        settings: Where it is.
        publish: Takes the events.
    """

    def __init__(self, *, settings: Settings, publish: Callable[[BusChanged], None]) -> None:
        self._settings, self._publish = settings, publish
        self.standing = BusChanged(state="absent", where=settings.kafka_bootstrap)
        """How it stands, as it was told last."""
        self._wanted = asyncio.Event()
        self._looked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def learns(self) -> bool:
        """Whether what is learnt can be shared: a broker answers, and has the topic."""
        return self.standing.state == "up" and names.LEARNING in self.standing.topics

    def start(self) -> None:
        """Look for it from now on, in the running loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def look_now(self) -> None:
        """Do not wait for the next try: there may be one now."""
        self._looked.clear()
        self._wanted.set()

    async def look(self) -> BusChanged:
        """How it stands at this moment; takes seconds where somebody listens who does not answer."""
        if self._task is None or self._task.done():
            return self.standing
        self.look_now()
        await self._looked.wait()
        return self.standing

    async def aclose(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # Inside

    def _say(self, state: BusState, fault: AgentError | None = None, topics: tuple[str, ...] = ()) -> None:
        info = None if fault is None else fault.info
        said = BusChanged(state=state, where=self._settings.kafka_bootstrap, fault=info, topics=topics)
        if said != self.standing:
            _log.info("the bus is %s%s", state, f": {fault.message}" if fault else "")
            self.standing = said
            self._publish(said)
        if state != "connecting":
            self._looked.set()

    async def _run(self) -> None:
        try:
            access = access_of(self._settings)
        except AgentError as error:
            self._say("refused", error)
            return
        tries = refusals = 0
        while True:
            try:
                writer = await connected(access)
            except BusFault as fault:
                self._say("lost" if self.standing.state in ("up", "lost") else "absent", fault)
                await self._rest(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1
                continue
            tries = 0
            try:
                await self._stay(access, *writer)
                refusals = 0
            except BusFault as fault:
                known = self.standing.state in ("up", "lost")
                refused = isinstance(fault, BusAuth)
                self._say("refused" if refused else "lost" if known else "absent", fault)
                pauses = _PAUSES_S if known and not refused else _REFUSED_S
                await self._rest(pauses[min(refusals, len(pauses) - 1)])
                refusals += 1
            finally:
                writer[1].close()

    async def _rest(self, seconds: float) -> None:
        """Wait, but no longer than until somebody wants to know."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        self._wanted.clear()

    async def _stay(self, access: Access, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Look at the topics, and again from time to time, until the connection ends; raises `BusFault`."""
        if self.standing.state == "absent" and self.standing.fault is None:
            self._say("connecting")
        ended = asyncio.create_task(_end_of(reader))
        began = monotonic()
        looks = 0
        try:
            if self.standing.state != "up" or self._wanted.is_set():
                await self._look_at(access)
            while True:
                pause = _LOOKS_S[min(looks, len(_LOOKS_S) - 1)] if self._misses else None
                await self._heard(ended, pause)
                if ended.done():
                    break
                await self._look_at(access)
                looks += 1
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)
        if monotonic() - began < _SHORT_S:
            await self._rest(_LOOKS_S[0])

    @property
    def _misses(self) -> bool:
        topics = self.standing.topics
        return names.LEARNING not in topics or not any(map(names.service_of, topics))

    async def _heard(self, ended: asyncio.Task[None], seconds: float | None) -> None:
        """Wait for the end of the connection, for somebody who wants to know, or so long."""
        wanted = asyncio.create_task(self._wanted.wait())
        try:
            await asyncio.wait((ended, wanted), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
            await asyncio.gather(wanted, return_exceptions=True)

    async def _look_at(self, access: Access) -> None:
        """Ask which topics of ours there are; raises `BusFault`."""
        from agent_core.streaming.admin import BusAdmin

        self._wanted.clear()
        async with BusAdmin(access) as admin:
            reading = await admin.look(_OURS)
        self._say("up", topics=tuple(topic.name for topic in reading.topics))


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Wait until the other end hangs up; what it says is not heard."""
    with suppress(OSError):
        while await reader.read(1024):
            pass
