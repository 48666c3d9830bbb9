"""Some sources as they are read: block by block into statistics, on from where it was, into digests.

Only the log process loads this module.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import msgspec

from agent_core.errors import LogFault
from agent_core.logs.api import Digest, DigestQuery, LogProgress, SourceFacts
from agent_core.logs.counted import Counted, Memory
from agent_core.logs.events.digest import Showing, digest_of
from agent_core.logs.mining.miner import Miner
from agent_core.logs.opening import Opener
from agent_core.logs.sources.find import Found
from agent_core.logs.sources.port import Begin, Block, LogSource
from agent_core.text import one_line

_STEP_S = 1.0
_SHARE = 4
"""Making a digest takes at most one part in so many of the time."""
_QUIET_S, _LOOK_AROUND_S, _AGAIN_S = 1.0, 5.0, 30.0
"""Seconds after which an unfinished record counts as whole, new sources are looked for, and one that failed
is tried again."""
_ROUNDS = 3
"""How often what came while a source was read is read too: after a rotation it lies in another file."""
_MOST_PARTS = 32
"""Parts of a source that are kept: one that is rotated again and again would otherwise grow without end."""

Progress = Callable[[LogProgress], None]
Tell = Callable[[Digest], None]


class Reading:
    """What was read of some sources so far. Several questions may be answered from one.

    Args:
        opener: Finds and opens them.
        query: Which ones, and from where on.
        memory: What earlier sessions knew, and what is learned for later ones.
        showing: How texts are made.
    """

    def __init__(self, *, opener: Opener, query: DigestQuery, memory: Memory, showing: Showing) -> None:
        self._opener, self._names, self._since = opener, query.sources, query.since
        self._begin = Begin(since=query.since, most=query.most or None)
        self._memory, self._showing = memory, showing
        self._miner = Miner()
        self._open: dict[str, LogSource] = {}
        self._parts: dict[tuple[str, str], Counted] = {}
        self._faults: dict[str, tuple[LogFault, float]] = {}
        """Why a source cannot be read, and since when (monotonic seconds)."""
        self._busy = asyncio.Lock()

    async def digest(self, query: DigestQuery, on_progress: Progress) -> Digest:
        """Read what there is now and make a digest of everything read so far; raises `LogFault`."""
        async with self._busy:
            self._faults.clear()
            await self._read_on(on_progress)
            self._finish()
            if self._faults and not self._parts:
                raise next(iter(self._faults.values()))[0]
            return self._digest(query)

    async def follow(self, query: DigestQuery, tell: Tell) -> None:
        """Tell the digest now and whenever it changed; returns when nothing can change any more."""
        told: Digest | None = None
        while True:
            began = time.monotonic()
            async with self._busy:
                await self._read_on(lambda _: None)
                digest = self._digest(query)
            if told is None or msgspec.structs.replace(digest, seconds=told.seconds) != told:
                tell(digest)
                told = digest
            await asyncio.sleep(max(_STEP_S, _SHARE * (time.monotonic() - began)))
            if not await self._changed():
                return

    async def aclose(self) -> None:
        """Close everything; what was learned is kept."""
        async with self._busy:
            self.learn()
            for source in self._open.values():
                await source.aclose()
            self._open.clear()

    def learn(self) -> None:
        """Keep for later sessions what was counted, where all of it was read."""
        if self._begin == Begin():
            for part in self._parts.values():
                self._memory.learn(part)

    # Inside

    async def _read_on(self, on_progress: Progress) -> None:
        await self._look_around()
        for source in list(self._open.values()):
            try:
                await self._read(source, on_progress)
            except LogFault as fault:
                await self._give_up(source.name, fault)

    async def _read(self, source: LogSource, on_progress: Progress) -> None:
        for _ in range(_ROUNDS):
            while (block := await source.read()) is not None:
                self._take(source, block)
                on_progress(self._progress(source))
                await asyncio.sleep(0)  # a question, or the end of this one, may have come
            if not await source.look():
                return

    def _progress(self, source: LogSource) -> LogProgress:
        sources = self._open.values()
        done, total = sum(one.done for one in sources), sum(one.size for one in sources)
        return LogProgress(one_line(source.name), done, total)

    async def _look_around(self) -> bool:
        """Open what is new; whether anything is."""
        again = time.monotonic() - _AGAIN_S
        skipped = {name for name, (_, since) in self._faults.items() if since > again} | set(self._open)
        opened = [
            self._opened(one) for one in await self._opener.find(self._names) if one.name not in skipped
        ]
        return any(opened)

    def _opened(self, found: Found) -> bool:
        try:
            self._open[found.name] = self._opener.open(found, self._begin)
        except LogFault as fault:
            self._faults[found.name] = fault, time.monotonic()
            return False
        self._faults.pop(found.name, None)
        return True

    async def _give_up(self, name: str, fault: LogFault) -> None:
        self._faults[name] = fault, time.monotonic()
        await self._open.pop(name).aclose()

    def _take(self, source: LogSource, block: Block) -> None:
        key = (source.name, block.part)
        if block.begins:
            self._rename(source)
            self._parts[key] = self._memory.begin(
                source=source.name,
                name=source.name_of(block.part) or source.name,
                miner=self._miner,
                zone=self._opener.zone(source.name),
                first=block.first,
                since=self._since,
            )
            self._forget(source)
        self._parts[key].feed(block.data)

    def _rename(self, source: LogSource) -> None:
        """Call the parts of a source what they are called since it was rotated."""
        for (name, key), part in self._parts.items():
            if name == source.name:
                part.finish()
                part.name = source.name_of(key) or f"{name} (gone)"

    def _forget(self, source: LogSource) -> None:
        of_source = [key for key in self._parts if key[0] == source.name]
        for key in of_source[:-_MOST_PARTS]:
            del self._parts[key]

    def _digest(self, query: DigestQuery) -> Digest:
        began = time.monotonic()
        parts = [part.part() for part in self._parts.values()]
        digest = digest_of(
            parts, limit=query.limit, tokens=query.tokens, since=query.since, showing=self._showing
        )
        faults = "; ".join(f"{one_line(name)}: {fault.message}" for name, (fault, _) in self._faults.items())
        return msgspec.structs.replace(
            digest, sources=self._facts(), note="; ".join(filter(None, (digest.note, faults))),
            seconds=time.monotonic() - began,
        )  # fmt: skip

    def _facts(self) -> tuple[SourceFacts, ...]:
        """What was read of each source: its parts added up."""
        return tuple(
            _summed(source, [part.facts() for part in self._parts.values() if part.source == source.name])
            for source in self._open.values()
        )

    async def _changed(self) -> bool:
        """Wait until there may be something to read; False when there never will be."""
        unfinished = True
        async with self._waiting() as waiting:
            while waiting or not self._names:
                pause = _QUIET_S if unfinished else _LOOK_AROUND_S
                if await self._heard(waiting, pause):
                    return True
                async with self._busy:
                    if self._finish() if unfinished else await self._look_around():
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
                await self._give_up(source.name, fault)
                return True  # that is worth telling
        return False

    def _finish(self) -> bool:
        """Take the records that were kept back as unfinished; whether there were any."""
        before = sum(part.records for part in self._parts.values())
        for part in self._parts.values():
            part.finish()
        return sum(part.records for part in self._parts.values()) > before

    @asynccontextmanager
    async def _waiting(self) -> AsyncGenerator[dict[asyncio.Task[bool], LogSource]]:
        tasks = {asyncio.create_task(source.more()): source for source in self._open.values()}
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _summed(source: LogSource, parts: list[SourceFacts]) -> SourceFacts:
    began = [part.began for part in parts if part.began is not None]
    ended = [part.ended for part in parts if part.ended is not None]
    return SourceFacts(
        name=one_line(source.name),
        lines=sum(part.lines for part in parts),
        bytes=sum(part.bytes for part in parts),
        began=min(began, default=None),
        ended=max(ended, default=None),
        note="; ".join(filter(None, (source.note, *dict.fromkeys(part.note for part in parts)))),
    )
