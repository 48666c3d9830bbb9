"""Some sources as they are read: block by block into statistics, on from where it was, into digests.

Only the log process loads this module.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from agent_core.errors import LogFault
from agent_core.logs.api import Digest, DigestQuery, KeyEvent, LogProgress, SourceFacts
from agent_core.logs.counted import Counted, Memory
from agent_core.logs.events.digest import Showing, digest_of
from agent_core.logs.joining import fit_to_show, joined
from agent_core.logs.opening import Opener
from agent_core.logs.saying import nothing_since
from agent_core.logs.sources.find import Found
from agent_core.logs.sources.port import Begin, Block, EventSource, LogSource
from agent_core.text import one_line, plural

_AGAIN_S = 30.0
"""Seconds after which a source that failed is tried again."""
_LOOKS_S, _SHARE = 1.0, 20
"""Seconds between two looks for new sources; looking takes at most one part in so many of the time."""
_PARTLY_S = 2.0
"""Seconds after which it is told that something is read, though not all."""
_ROUNDS = 3
"""How often what came while a source was read is read too: after a rotation it lies in another file."""
_MOST_PARTS = 32
"""Parts of a source that are kept: one that is rotated again and again would otherwise grow without end."""

_OTHERS = "Without --source the other logs of the workspace are read."

Progress = Callable[[LogProgress], None]


class Reading:
    """What was read of some sources so far.

    Args:
        opener: Finds and opens them.
        query: Which ones, and from where on.
        beside: What is read beside all that there is, where none is named.
        memory: What earlier sessions knew, and what is learned for later ones.
        showing: How texts are made.
        on_partly: Called every few seconds while reading takes longer.
    """

    def __init__(
        self,
        *,
        opener: Opener,
        query: DigestQuery,
        beside: tuple[str, ...] = (),
        memory: Memory,
        showing: Showing,
        on_partly: Callable[[], None],
    ) -> None:
        self._opener, self.names, self._since = opener, query.sources, query.since
        self._beside = beside
        self._begin = Begin(since=query.since, most=query.most or None)
        self._memory, self._showing, self._partly = memory, showing, on_partly
        self._miner = memory.miner()
        self.sources: dict[str, LogSource] = {}
        """Those that are open, by name."""
        self._parts: dict[tuple[str, str], Counted] = {}
        self._faults: dict[str, tuple[LogFault, float]] = {}
        """Why a source cannot be read, and since when (monotonic seconds)."""
        self.busy = asyncio.Lock()
        """Held by whoever reads; between two blocks a digest may be made without it."""
        self._listeners: list[Progress] = []
        self._told_at = self._looks_at = 0.0
        self._still = ""
        """How far reading is, where it takes a while."""
        self._whole = False
        """Whether all that there was has been read once."""

    async def digest(self, query: DigestQuery, on_progress: Progress) -> Digest:
        """Read what there is now and make a digest of everything read so far; raises `LogFault`."""
        self._listeners.append(on_progress)
        try:
            async with self.busy:
                self._faults.clear()
                await self.read_on(afresh=True)
                self.finish()
        finally:
            self._listeners.remove(on_progress)
        self._check()
        digest = self.digest_now(query)
        older = await self._older(digest)
        return msgspec.structs.replace(digest, note="; ".join(filter(None, (older, digest.note))))

    def _check(self) -> None:
        """Raise why nothing at all can be read."""
        if self._faults and not self._parts and not self._tellers:
            raise next(iter(self._faults.values()))[0]
        sources = self.sources.values()
        if sources and all(source.unreadable for source in sources):
            note = next(source.note for source in sources)
            raise LogFault(f"There is nothing to read: {note}", hint=_OTHERS)

    async def _older(self, digest: Digest) -> str:
        """What there is, where nothing is as late as it was asked for; "" where something is."""
        ends = [(part.latest, part.source) for part in self._parts.values() if part.latest is not None]
        if self._since is None or not ends or any(source.lines for source in digest.sources):
            return ""
        ended, name = max(ends)
        return nothing_since(self._since, name=name, began=await self._opener.began(name), ended=ended)

    async def aclose(self) -> None:
        """Close everything; what was learned is kept."""
        async with self.busy:
            self.learn()
            for source in self.sources.values():
                await source.aclose()
            self.sources.clear()

    def learn(self) -> None:
        """Keep for later sessions what was counted, where all of it was read."""
        if self._whole and self._begin == Begin():
            for part in self._parts.values():
                self._memory.learn(part)
            self._memory.learn_wordings(self._miner)

    async def read_on(self, *, afresh: bool = False) -> None:
        """Read all that there is now; `busy` is held by the caller. Raises `LogFault`.

        With `afresh` also of sources that have just come to be, see `look_around`.
        """
        if afresh:
            self._looks_at = 0.0
        await self.look_around()
        self._told_at = time.monotonic()
        for source in list(self.sources.values()):
            try:
                await self._read(source)
            except LogFault as fault:
                await self.give_up(source.name, fault)
        self._still, self._whole = "", True

    async def _read(self, source: LogSource) -> None:
        for _ in range(_ROUNDS):
            while (block := await source.read()) is not None:
                self._take(source, block)
                self._tell_progress(source)
                await asyncio.sleep(0)  # a question, or the end of this one, may have come
            if not await source.look():
                return

    def _tell_progress(self, source: LogSource) -> None:
        sources = self.sources.values()
        done, total = sum(one.done for one in sources), sum(one.size for one in sources)
        progress = LogProgress(one_line(source.name), done, total)
        for listener in self._listeners:
            listener(progress)
        if time.monotonic() - self._told_at > _PARTLY_S:
            self._told_at = time.monotonic()
            self._still = f"{100 * done // max(total, 1)} % read so far" if total else "still being read"
            self._partly()

    async def look_around(self) -> bool:
        """Open what is new; whether anything is. `busy` is held by the caller.

        Nothing is looked for where it has been just now: a large workspace takes a while.
        """
        began = time.monotonic()
        if began < self._looks_at:
            return False
        again = time.monotonic() - _AGAIN_S
        skipped = {name for name, (_, since) in self._faults.items() if since > again} | set(self.sources)
        try:
            found = await self._opener.find(self.names, beside=self._beside)
        except LogFault:
            if not self._parts:
                raise
            return False  # what was named is gone at the moment
        finally:
            now = time.monotonic()
            self._looks_at = now + max(_LOOKS_S, _SHARE * (now - began))
        opened = [self._opened(one) for one in found if one.name not in skipped]
        return any(opened)

    def _opened(self, found: Found) -> bool:
        try:
            self.sources[found.name] = self._opener.open(found, self._begin)
        except LogFault as fault:
            self._faults[found.name] = fault, time.monotonic()
            return False
        self._faults.pop(found.name, None)
        return True

    async def give_up(self, name: str, fault: LogFault) -> None:
        """Close a source that cannot be read."""
        self._faults[name] = fault, time.monotonic()
        await self.sources.pop(name).aclose()

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

    def digest_now(self, query: DigestQuery) -> Digest:
        """A digest of everything read so far."""
        began = time.monotonic()
        parts = [part.part() for part in self._parts.values()]
        told = [event for teller in self._tellers for event in teller.told(self._fit)]
        more = "" if self.names or not self._opener.left_out else _too_many(self._opener.left_out)
        digest = digest_of(
            parts, limit=query.limit, tokens=query.tokens, since=query.since, showing=self._showing
        )
        digest = joined(digest, told, query, self._showing)
        faults = "; ".join(f"{one_line(name)}: {fault.message}" for name, (fault, _) in self._faults.items())
        note = "; ".join(filter(None, (self._still, digest.note, more, faults)))
        seconds = time.monotonic() - began
        return msgspec.structs.replace(digest, sources=self._facts(), note=note, seconds=seconds)

    def _facts(self) -> tuple[SourceFacts, ...]:
        """What was read of each source: its parts added up."""
        return tuple(
            facts for source in self.sources.values() for facts in (self._facts_of(source), *_told_by(source))
        )

    def _facts_of(self, source: LogSource) -> SourceFacts:
        return _summed(source, [part.facts() for part in self._parts.values() if part.source == source.name])

    @property
    def _tellers(self) -> list[EventSource]:
        return [source for source in self.sources.values() if isinstance(source, EventSource)]

    def _fit(self, event: KeyEvent) -> KeyEvent:
        return fit_to_show(event, self._showing)

    def finish(self) -> bool:
        """Take the records that were kept back as unfinished; whether there were any."""
        before = sum(part.records for part in self._parts.values())
        for part in self._parts.values():
            part.finish()
        return sum(part.records for part in self._parts.values()) > before


def _told_by(source: LogSource) -> tuple[SourceFacts, ...]:
    return source.facts() if isinstance(source, EventSource) else ()


def _too_many(count: int) -> str:
    return f"{plural(count, 'log')} that changed earlier left out; --source names them"


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
