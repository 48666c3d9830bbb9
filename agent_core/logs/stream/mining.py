"""Key events of a service from messages: a function of what was kept and of the next messages.

It does the same with the same arguments, at any time and in any process: so a batch that is worked on again
after a crash gives the state and the message, id and all, that it gave before. What it tells does not hang on
how the messages were shared out into batches.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from operator import itemgetter
from typing import NamedTuple

import msgspec

from agent_core.errors import LogFault
from agent_core.logs.api import KeyEvent
from agent_core.logs.events.digest import Showing, digest_of
from agent_core.logs.mining.miner import Miner
from agent_core.logs.stream.lasting import lasting
from agent_core.logs.stream.source import Source
from agent_core.logs.stream.state import Memory, counted, dumped, loaded
from agent_core.masking import mask_secrets
from agent_core.streaming.messages import MOST_BYTES, LogContext, RawLines, decode, encode
from agent_core.streaming.names import raw_logs
from agent_core.text import one_line

LIMIT = 20
"""Key events of a service that are told at once: the most important ones, and others that are grave."""
_MOST_RANKED = 256
"""Key events of a service that are looked at: what is grave and new is told though much else was graver."""
_MOST_TOLD = 2 * _MOST_RANKED
"""Those that are remembered as told: more than are looked at, so that none of these is told again."""
_MOST_SOURCES = 64
"""Sources of a service that are kept; beyond, those that had nothing to say for longest are forgotten."""
_MOST_AT_ONCE = 512
"""Sources of a service that are read side by side; what the oldest tell is found out before others begin."""
_MOST_NAMED = 2048
"""Sources of a service that are told apart in one batch: each takes some milliseconds. Lines of more are read
as those of one."""
_OTHERS = "other sources"
_MOST_NEWS = 3 * LIMIT
"""Key events that are told at once where there are more sources."""
_LAST_LINE = 2**53
_LAST_TIME = 4e9
"""Seconds since the epoch: no clock is set to a later time."""
_NAME = 200
_HEAD = 4096
_RAW = b'"logs.raw/'
_ID = 64
"""Bytes for a message's id."""
_log = logging.getLogger(__name__)
_SHOWING = Showing(mask=mask_secrets)


class RawMessage(NamedTuple):
    """A message as it lies on a topic `logs.raw.<service>`; `time` is seconds since the epoch."""

    partition: int
    offset: int
    time: float
    value: bytes | None


class Mined(msgspec.Struct, frozen=True, kw_only=True):
    """What came of some messages.

    `state` is to be given with the next ones. `context` is what is to be told, None for nothing. `lines` are
    the new lines; of the messages, `repeated` are those that came before, `broken` those that cannot be read.
    """

    state: bytes
    context: LogContext | None
    lines: int
    repeated: int
    broken: int


def mine(state: bytes | None, messages: Iterable[RawMessage], *, service: str) -> Mined:
    """Read the next messages of a service, of any partitions.

    Args:
        state: What the call before gave; None for the first one. One of another version is as None.
        messages: They may be late, repeated, foreign or broken.
        service: Its name.
    """
    ordered = sorted(messages, key=_place)
    times = (message.time for message in ordered if 0.0 <= message.time < _LAST_TIME)
    mining = _Mining(state, service=service, now=max(times, default=0.0))
    for message in ordered:
        mining.take(message)
    return mining.mined()


_place = itemgetter(0, 1)
_Piece = RawLines | bytes
"""Numbered lines of a part, or what somebody else sent: a line, or a few."""


class _Mining:
    """One batch of one service."""

    def __init__(self, state: bytes | None, *, service: str, now: float) -> None:
        self._service, self._now = service, now
        self._memory, self._miner, sources = _begun(state, now=now)
        self._memory.latest = max(
            self._memory.latest, now
        )  # a producer's clock that is behind turns none back
        self._sources = {source.name: source for source in sources}
        self._told = frozenset(self._memory.told)
        """Ids of the events that were told before this batch."""
        self._pieces: dict[str, list[_Piece]] = {}
        """What sources say, who said something last at the end: a source is opened once a batch."""
        self._events: list[KeyEvent] = []
        self.lines = self.repeated = self.broken = 0

    def take(self, message: RawMessage) -> None:
        """Take one message."""
        value = message.value
        if not self._memory.passes(message.partition, message.offset, message.time):
            self.repeated += 1
        elif value is None:
            pass  # a mark that something was deleted
        elif value.startswith(b"{") and _RAW in value[:_HEAD]:
            self._take_block(value)
        else:
            self._keep(f"{raw_logs(self._service)}/{message.partition}", value)

    def _take_block(self, value: bytes) -> None:
        block = decode(value)
        if not isinstance(block, RawLines) or not 1 <= block.first <= _LAST_LINE - len(block.lines):
            self.broken += 1  # also one of a version that is not known yet
        elif not self._memory.new(blake2b(block.id.encode(errors="replace"), digest_size=8).digest()):
            self.repeated += 1
        else:
            self._keep(one_line(block.source)[:_NAME], block)

    def _keep(self, name: str, piece: _Piece) -> None:
        pieces = self._pieces[name] = self._pieces.pop(name, [])
        pieces.append(piece)

    def _read(self) -> None:
        """Read what all sources say, those first that are open."""
        names = sorted(self._pieces, key=lambda name: name not in self._sources)
        for name in names[_MOST_NAMED:]:
            for piece in self._pieces.pop(name):
                self._give(self._source(_OTHERS), piece)
        for name in names[:_MOST_NAMED]:
            for piece in self._pieces.pop(name):
                if isinstance(piece, RawLines):
                    new = self._source(name).take(one_line(piece.part)[:_NAME], piece.first, piece.lines)
                    self.lines += new
                    self.repeated += not new and bool(piece.lines)
                else:
                    self._give(self._source(name), piece)

    def _give(self, source: Source, piece: _Piece) -> None:
        """Lines that are counted as they come."""
        if isinstance(piece, RawLines):
            piece = "\n".join(line.replace("\n", " ") for line in piece.lines).encode(errors="replace")
        block = piece.rstrip(b"\r\n") + b"\n"
        source.give(block)
        self.lines += block.count(b"\n")

    def _source(self, name: str) -> Source:
        source = self._sources.pop(name, None)
        if source is None:
            if len(self._sources) >= _MOST_AT_ONCE:
                self._tell_oldest()
            source = Source(name, miner=self._miner, now=self._now)
        self._sources[name] = source  # the last one that had something to say is the last
        return source

    def _tell_oldest(self) -> None:
        """Find out what all but the latest sources tell; they are forgotten then."""
        oldest = list(self._sources)[:-_MOST_SOURCES]
        sources = [self._sources.pop(name) for name in oldest]
        for source in sources:
            source.flush()
        self._find(sources)

    def mined(self) -> Mined:
        """The end of the batch."""
        self._read()
        memory = self._memory
        memory.lines += self.lines
        memory.broken += self.broken
        sources = list(self._sources.values())
        for source in sources[:-_MOST_SOURCES]:
            source.flush()  # they are told of, and forgotten
        kept = counted(self._miner, sources[-_MOST_SOURCES:])  # before the digest takes what is held back
        context = self._context(sources) if self.lines or self.broken else None
        return Mined(
            state=dumped(memory, kept),
            context=context,
            lines=self.lines,
            repeated=self.repeated,
            broken=self.broken,
        )

    def _context(self, sources: Sequence[Source]) -> LogContext | None:
        """What is new of the key events."""
        self._find(sources)
        events = tuple(self._events)
        if not events:
            return None
        while len(self._memory.told) > _MOST_TOLD:
            del self._memory.told[next(iter(self._memory.told))]
        context = self._fitting(events)
        return msgspec.structs.replace(context, id=blake2b(encode(context), digest_size=16).hexdigest())

    def _fitting(self, events: tuple[KeyEvent, ...]) -> LogContext:
        """The message, of as many events as it may hold; the others are told when they occur again."""
        while len(encode(context := self._message(events))) > MOST_BYTES - _ID:
            last = len(events) - 1  # of those that were told before, so that each comes to be told
            drop = next((at for at in range(last, -1, -1) if events[at].id in self._told), last)
            self._memory.told.pop(events[drop].id, None)
            events = (*events[:drop], *events[drop + 1 :])
        return context

    def _message(self, events: tuple[KeyEvent, ...]) -> LogContext:
        return LogContext(
            id="",
            at=self._memory.latest,
            service=self._service,
            ctx=tuple(event.text for event in events),
            events=events,
            lines=self._memory.lines,
            broken=self._memory.broken,
        )

    def _find(self, sources: Sequence[Source]) -> None:
        """Add what sources tell that is new."""
        for source in sources:
            source.finish()
        self._miner.settle()
        parts = [source.part() for source in sources]
        ranked = digest_of(parts, limit=_MOST_RANKED, showing=_SHOWING).events
        told = self._memory.told
        on = lasting(parts, {event.id for event in ranked}, told, showing=_SHOWING)
        on.sort(key=lambda event: event.id in told)  # what was never told does not wait for what goes on
        found_before = bool(self._events)
        self._add(self._news((*ranked, *on)))
        if found_before:  # the gravest of all first, as of those that are found at once
            self._events.sort(key=lambda event: (not event.is_grave, -event.score))
        if len(self._events) > _MOST_NEWS:
            for event in self._events[_MOST_NEWS:]:
                told.pop(event.id, None)
            del self._events[_MOST_NEWS:]

    def _add(self, news: Iterable[KeyEvent]) -> None:
        """Keep events; what others of very many sources told before counts as one with it."""
        known = {_alike(event): place for place, event in enumerate(self._events)}
        for event in news:
            place = known.get(_alike(event))
            if place is None:
                self._events.append(event)
            else:
                before = self._events[place]
                count = before.count + event.count
                self._events[place] = msgspec.structs.replace(
                    before, count=count, ended=_later(before, event)
                )

    def _news(self, ranked: Sequence[KeyEvent]) -> Iterator[KeyEvent]:
        """What was not told yet as it stands now, the most important first; it counts as told then."""
        told, count = self._memory.told, 0
        for rank, event in enumerate(ranked):
            before, mark = told.pop(event.id, None), _mark(event)
            is_news = before != mark and count < LIMIT and (rank < LIMIT or event.is_grave)
            if is_news:
                count += 1
                yield event
                told[event.id] = mark
            elif before is not None:
                told[event.id] = before  # behind those that are not ranked any more


def _begun(state: bytes | None, *, now: float) -> tuple[Memory, Miner, list[Source]]:
    if state is not None:
        try:
            return loaded(state, now=now)
        except LogFault as fault:
            _log.warning("%s; it begins anew", fault.message)
    return Memory(), Miner(), []


def _alike(event: KeyEvent) -> tuple[str, str, str]:
    return event.kind, event.level, event.template or event.text


def _later(one: KeyEvent, other: KeyEvent) -> float | None:
    return max((end for end in (one.ended, other.ended) if end is not None), default=None)


def _mark(event: KeyEvent) -> bytes:
    """How an event stands; what it is worth beside others says nothing of it."""
    bare = msgspec.structs.replace(event, score=0.0, why=())
    return blake2b(msgspec.msgpack.encode(bare), digest_size=8).digest()
