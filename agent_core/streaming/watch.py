"""The bus from moment to moment, for whoever looks at it for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from agent_core.errors import BusFault
from agent_core.streaming.access import Access
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.reach import reach
from agent_core.streaming.values import BusReading, with_rates

_LOOK_S, _REST_S = 2.0, 5.0
"""Between two looks, and where nothing happened for a while."""
_QUIET = 5
"""Looks that told nothing new before it rests."""
_AGAIN_S = 3.0
"""How long nobody is asked again where none answers."""


async def watch(access: Access) -> AsyncGenerator[BusReading | BusFault]:
    """How topics and groups stand, with rates from the second time on, or why that cannot be told, which is
    tried again by itself. No client is loaded before somebody listens there. Closing it ends the connections.

    Args:
        access: Where the bus is.
    """
    earlier: BusReading | None = None
    quiet = 0
    async with BusAdmin(access) as admin:
        while True:
            try:
                if earlier is None:
                    await asyncio.to_thread(reach, access)
                reading = await admin.look()
            except BusFault as fault:
                earlier = None
                yield fault
                await asyncio.sleep(_AGAIN_S)
                continue
            later = reading if earlier is None else with_rates(earlier, reading)
            same = earlier is not None and _same(earlier, reading)
            quiet, earlier = quiet + 1 if same else 0, reading
            yield later
            await asyncio.sleep(_REST_S if quiet >= _QUIET else _LOOK_S)


def _same(earlier: BusReading, later: BusReading) -> bool:
    return (earlier.topics, earlier.groups) == (later.topics, later.groups)
