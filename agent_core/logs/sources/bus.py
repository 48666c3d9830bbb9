"""Key events that others made of logs and put on the message bus, `logs.ctx.<service>`."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, BusFault, LogFault, NoTopic
from agent_core.logs.api import KeyEvent, SourceFacts
from agent_core.logs.sources.heard import Heard
from agent_core.logs.sources.port import Begin, Block, Show
from agent_core.streaming.access import Access, access_of
from agent_core.streaming.messages import LogContext, NotKnown, decode
from agent_core.streaming.names import LOG_CONTEXTS, log_context, service_of
from agent_core.streaming.tail import tail
from agent_core.streaming.values import BusNotice, Message, TailQuery, Told
from agent_core.text import one_line
from agent_core.workspace import Workspace

SCHEME = "bus"
_BACK_S = 24 * 3600.0
"""How far back is read where nobody says it: what matters now is what happened lately."""
_AGAIN_S = 2.0
_CLOCKS_S = 60.0
"""How far the clocks of two machines may be apart; what is read twice is known again."""
_MOST_BYTES = 2 * 1024 * 1024
_SERVICE = re.compile(r"[A-Za-z0-9._-]{1,200}")
_SESSION = time.time()
"""When this process first asked for it."""
_NONE_YET = "`dspy-tui logs ship` sends lines to it, and the stack's spark makes key events of them."

Tail = Callable[[Access, TailQuery], AsyncGenerator[tuple[Told, ...]]]


class BusKind:
    """The sources `bus` (all services) and `bus:SERVICE`.

    Args:
        workspace: Whose events they become.
        settings: Where the bus is.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        del workspace
        self._settings = settings

    async def known(self) -> tuple[SourceFacts, ...]:
        """None: whether there is a bus is not told quickly. Who knows of one names it."""
        return ()

    def open(self, name: str, begin: Begin) -> BusSource:
        """Open it; raises `LogFault` where a name or the settings are off."""
        _, colon, service = name.partition(":")
        if colon and not _SERVICE.fullmatch(service):
            raise LogFault(f"{one_line(name)} names no service", hint="Such as bus:backend, or bus for all.")
        try:
            access = access_of(self._settings)
        except AgentError as error:
            raise LogFault(error.message, hint=error.hint) from None
        return BusSource(
            name=name, topic=log_context(service) if colon else LOG_CONTEXTS, access=access, begin=begin
        )


class BusSource:
    """Takes in what was told of the services since a time, and goes on with what comes."""

    unreadable = no_log = False
    size = done = 0

    def __init__(self, *, name: str, topic: str, access: Access, begin: Begin, tail: Tail = tail) -> None:
        self.name, self._topic, self._access, self._tail = name, topic, access, tail
        self._since = time.time() - _BACK_S if begin.since is None else begin.since
        self._heard = Heard(session=_SESSION)
        self._read, self._began = 0.0, math.inf
        self._lost = ""
        self._pumping: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @property
    def note(self) -> str:
        """That the bus is lost, and what there was no room for; "" for nothing."""
        return "; ".join(filter(None, (self._lost, self._heard.left_out)))

    def name_of(self, part: str) -> str:
        """It has no parts."""
        return part

    def told(self, showing: Show) -> tuple[KeyEvent, ...]:
        """See `EventSource.told`."""
        return self._heard.told(showing)

    def facts(self) -> tuple[SourceFacts, ...]:
        """Each service as a source of its own."""
        return self._heard.facts()

    async def read(self) -> Block | None:
        """Take in what is there; there are no bytes. Raises `LogFault`."""
        if not self._read:
            await self._catch_up()
        return None

    async def look(self) -> bool:
        """Take in what came since."""
        if self._pumping is None and time.monotonic() - self._read > _AGAIN_S:
            await self._catch_up()
        return False

    async def more(self) -> bool:
        """Wait until somebody tells something; raises `LogFault`."""
        if self._pumping is None:
            self._pumping = asyncio.create_task(self._pump())
        waiting = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait((waiting, self._pumping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        if self._pumping.done():
            self._pumping.result()
        self._news.clear()
        return True

    async def aclose(self) -> None:
        """Read no more."""
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.gather(self._pumping, return_exceptions=True)

    # Inside

    def _query(self, *, follow: bool) -> TailQuery:
        since = self._since
        if self._heard.latest is not None:  # a message may have any time, such as one of the next year
            since = max(since, min(self._heard.latest, self._began - _CLOCKS_S))
        return TailQuery(topics=(self._topic,), since=since, follow=follow, most_bytes=_MOST_BYTES)

    async def _catch_up(self) -> None:
        began = time.time()
        try:
            async with aclosing(self._tail(self._access, self._query(follow=False))) as batches:
                async for batch in batches:
                    self._take(batch)
        except NoTopic:
            if not self._heard.services:
                named = f" of {service_of(self._topic)}" if self._topic != LOG_CONTEXTS else ""
                raise LogFault(f"No key events{named} are on the bus yet", hint=_NONE_YET) from None
        except BusFault as fault:
            raise LogFault(fault.message, hint=fault.hint) from None
        self._read, self._began = time.monotonic(), began

    async def _pump(self) -> None:
        """Take in what comes; raises `LogFault` where the bus cannot be read at all."""
        try:
            async with aclosing(self._tail(self._access, self._query(follow=True))) as batches:
                async for batch in batches:
                    if self._take(batch):
                        self._news.set()
        except BusFault as fault:
            raise LogFault(fault.message, hint=fault.hint) from None

    def _take(self, batch: Iterable[Told]) -> bool:
        """Whether anything of it can be seen."""
        seen = False
        for told in batch:
            if isinstance(told, BusNotice):
                seen = self._notice(told) or seen
            else:
                self._heard.take(service_of(told.topic), _context(told), told.time)
                seen = True
        return seen

    def _notice(self, notice: BusNotice) -> bool:
        before = self._lost
        if notice.what == "lost" and notice.error is not None:
            self._lost = f"the bus is lost, this is what it told before: {one_line(notice.error.message)}"
        elif notice.what == "back":
            self._lost = ""
        return self._lost != before


def _context(message: Message) -> LogContext | NotKnown:
    value = message.value
    if value.kind != "json" or value.cut:
        return NotKnown("broken", value.kind)
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        said = decode(msgspec.json.encode(value.value))
        return said if isinstance(said, LogContext | NotKnown) else NotKnown("unknown", type(said).__name__)
    return NotKnown("broken", "json")
