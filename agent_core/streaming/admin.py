"""What is on the bus: topics with their offsets and rates, and the groups that read them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from agent_core.streaming.access import Access
from agent_core.streaming.patterns import Topics
from agent_core.streaming.thread import ClientThread
from agent_core.streaming.values import BusReading, with_rates

if TYPE_CHECKING:
    from agent_core.streaming.looking import Looker

MEASURED_S = 1.0
"""Between two readings, where rates are wanted at once."""


class BusAdmin:
    """Asks the brokers; `async with` gives its thread back. Broken connections mend themselves.

    Args:
        access: Where the bus is.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._thread = ClientThread()
        self._opening: asyncio.Task[Looker] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def ask(self) -> None:
        """Have a broker answer, no more; raises `BusFault`."""
        looker = await self._looker()
        await self._thread.call(looker.ask)

    async def look(self, topics: Sequence[str] = ()) -> BusReading:
        """How topics and groups stand, without rates: `with_rates` compares two readings.

        Args:
            topics: Names and patterns; none for all but the bus's own.

        Raises:
            UsageError: One of them can be no topic's.
            BusFault: The bus cannot be asked; `NoTopic` where one that is named is not there.
        """
        wanted = Topics(topics)
        looker = await self._looker()
        return await self._thread.call(looker.look, wanted)

    async def measure(self, topics: Sequence[str] = (), *, seconds: float = MEASURED_S) -> BusReading:
        """The same with rates, from two readings `seconds` apart."""
        earlier = await self.look(topics)
        await asyncio.sleep(seconds)
        return with_rates(earlier, await self.look(topics))

    async def aclose(self) -> None:
        """End connections and threads, within seconds whatever is under way."""
        if self._opening is not None:
            looker = await asyncio.shield(self._opening)
            await self._thread.aclose(interrupt=looker.interrupt, close=looker.close)

    async def _looker(self) -> Looker:
        if self._opening is None:
            self._opening = asyncio.create_task(self._thread.call(_made, self._access))
        return await asyncio.shield(self._opening)


def _made(access: Access) -> Looker:
    from agent_core.streaming.looking import Looker

    return Looker(access)
