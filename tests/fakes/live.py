"""The bus for screens without a broker: readings by hand, and messages that the real desk keeps in here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from agent_core.config import Settings
from agent_core.errors import AgentError, BusFault, Interrupted
from agent_core.masking import log_masker
from agent_core.streaming.live import values as v
from agent_core.streaming.live.desk import Desk
from agent_core.streaming.live.worker import Answers
from agent_core.streaming.patterns import Topics
from agent_core.streaming.values import BusReading


class HeldReader:
    """Reads nothing; what is to be read comes by hand."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.places: list[v.Place] = []

    def seek(self, place: v.Place) -> None:
        """Remember it, and begin anew."""
        self.places.append(place)
        self._desk.clear(follow=place.last is not None)


class DeskTail:
    """A `port.Tail` over a desk of this process."""

    def __init__(self, topics: tuple[str, ...]) -> None:
        self.topics = topics
        self.desk = Desk(mask=log_masker(Settings()), clock=lambda: 1.0)
        self.reader = HeldReader(self.desk)
        self._answers = Answers(desk=self.desk, reader=self.reader)
        self.closed = False
        self.fault: AgentError | None = None
        self._on_fault: Callable[[AgentError], None] | None = None

    async def pages(self, on_page: Callable[[v.Page], None], on_fault: Callable[[AgentError], None]) -> None:
        """See `Tail.pages`."""
        seen, told = 0, ""
        self._on_fault = on_fault
        while True:
            if self.fault is not None:
                on_fault(self.fault)
                self.fault = None
            page = await self._answers.answer(v.Next(seen, told), lambda _: None)
            assert isinstance(page, v.Page)
            seen, told = page.version, page.detail.id if page.detail is not None else told
            on_page(page)

    async def do(self, call: v.Call) -> None:
        """See `Tail.do`."""
        await self._answers.answer(call, lambda _: None)

    async def copied(self, *, whole: bool) -> str:
        """See `Tail.copied`."""
        return self.desk.copied(whole=whole)

    async def aclose(self) -> None:
        """See `Tail.aclose`; what is asked meanwhile is answered as a process does that ends."""
        self.closed = True
        if self._on_fault is not None:
            self._on_fault(Interrupted("It was cancelled"))


class HeldBus:
    """A desk for the screens: what `told` gets is how the bus stands."""

    where = "localhost:9092"

    def __init__(self, *told: BusReading | BusFault) -> None:
        self.told: asyncio.Queue[BusReading | BusFault] = asyncio.Queue()
        for each in told:
            self.told.put_nowait(each)
        self.watching = 0
        """Who watches now."""
        self.tails: list[DeskTail] = []

    async def watch(self) -> AsyncGenerator[BusReading | BusFault]:
        """How it stands."""
        self.watching += 1
        try:
            while True:
                yield await self.told.get()
        finally:
            self.watching -= 1

    def tail(self, topics: tuple[str, ...]) -> DeskTail:
        """Messages; raises `UsageError`."""
        Topics(topics)
        self.tails.append(DeskTail(topics))
        return self.tails[-1]
