"""Following what is read: one task reads on for all who follow, each of whom is told of their own digest.

Only the log process loads this module.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import msgspec

from agent_core.errors import LogFault
from agent_core.logs.api import Digest, DigestQuery
from agent_core.logs.counted import Memory
from agent_core.logs.events.digest import Showing
from agent_core.logs.opening import Opener
from agent_core.logs.reading import Progress, Reading
from agent_core.logs.sources.port import LogSource

_STEP_S = 1.0
"""Seconds between two digests."""
_SHARE = 4
"""Making digests takes at most one part in so many of the time."""
_QUIET_S, _LOOK_AROUND_S = 1.0, 1.0
"""Seconds after which an unfinished record counts as whole, and after which new sources are looked for."""

Tell = Callable[[Digest], None]


class News:
    """Counts what happened, for any number of tasks that wait for more."""

    def __init__(self) -> None:
        self.count = 0
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Something happened."""
        self.count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def beyond(self, seen: int) -> None:
        """Wait until more happened than was seen."""
        while self.count <= seen:
            await self._event.wait()


class Following:
    """A reading that several may ask and follow at once; the arguments are those of `Reading`."""

    def __init__(
        self,
        *,
        opener: Opener,
        query: DigestQuery,
        beside: tuple[str, ...] = (),
        memory: Memory,
        showing: Showing,
    ) -> None:
        self._news = News()
        self._reading = Reading(
            opener=opener,
            query=query,
            beside=beside,
            memory=memory,
            showing=showing,
            on_partly=self._news.tell,
        )
        self._watching: asyncio.Task[None] | None = None
        self._followers = 0

    async def digest(self, query: DigestQuery, on_progress: Progress) -> Digest:
        """See `Reading.digest`; whoever follows is told, too."""
        try:
            return await self._reading.digest(query, on_progress)
        finally:
            self._news.tell()

    async def follow(self, query: DigestQuery, tell: Tell) -> None:
        """Tell the digest now and whenever it changed; returns when nothing can change any more.

        Of what takes long to read it is told meanwhile, too. Raises `LogFault`.
        """
        watching = self._watched()
        told: Digest | None = None
        seen = 0
        try:
            while True:
                if not watching.done():
                    await self._news.beyond(seen)
                if over := watching.done():
                    watching.result()
                seen, began = self._news.count, time.monotonic()
                digest = self._reading.digest_now(query)
                if told is None or msgspec.structs.replace(digest, seconds=told.seconds) != told:
                    tell(digest)
                    told = digest
                if over:
                    return
                await asyncio.sleep(max(_STEP_S, _SHARE * (time.monotonic() - began)))
        finally:
            await self._unwatched()

    def learn(self) -> None:
        """See `Reading.learn`."""
        self._reading.learn()

    async def aclose(self) -> None:
        """End it, and close everything; what was learned is kept."""
        await self._unwatched(all_of_them=True)
        await self._reading.aclose()

    # Inside

    def _watched(self) -> asyncio.Task[None]:
        """The task that reads on for all who follow."""
        self._followers += 1
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        return self._watching

    async def _unwatched(self, *, all_of_them: bool = False) -> None:
        self._followers = 0 if all_of_them else self._followers - 1
        if self._followers <= 0 and self._watching is not None:
            watching, self._watching = self._watching, None
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self) -> None:
        try:
            while True:
                async with self._reading.busy:
                    await self._reading.read_on()
                self._news.tell()
                await asyncio.sleep(_STEP_S / 2)
                if not await self._changed():
                    return
        finally:
            self._news.tell()

    async def _changed(self) -> bool:
        """Wait until there may be something to read; False when there never will be."""
        unfinished = True
        async with self._waiting() as waiting:
            while waiting or not self._reading.names:
                pause = _QUIET_S if unfinished else _LOOK_AROUND_S
                if await self._heard(waiting, pause):
                    return True
                async with self._reading.busy:
                    if self._reading.finish() if unfinished else await self._reading.look_around():
                        return True
                unfinished = False
        return False

    async def _heard(self, waiting: dict[asyncio.Task[bool], LogSource], pause: float) -> bool:
        """Whether a source has more within so many seconds; one that never will is not waited for again."""
        if not waiting:
            await asyncio.sleep(pause)
            return False
        done, _ = await asyncio.wait(waiting, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            source = waiting.pop(task)
            try:
                if task.result():
                    return True
            except LogFault as fault:
                await self._reading.give_up(source.name, fault)
                return True  # that is worth telling
        return False

    @asynccontextmanager
    async def _waiting(self) -> AsyncGenerator[dict[asyncio.Task[bool], LogSource]]:
        tasks = {asyncio.create_task(source.more()): source for source in self._reading.sources.values()}
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
