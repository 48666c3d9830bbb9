"""How many messages a program has not done yet, as a figure of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent_core.errors import AgentError
from agent_core.streaming.access import Access
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.values import BusReading, waiting_for
from stack.services.base import Service

_EVERY_S = 15.0


async def watch_lag(service: Service, access: Access, *, group: str, topic: str) -> None:
    """Measure for ever how far a group is behind on a topic; the old figure stays while nobody answers."""
    async with BusAdmin(access) as admin:
        while True:
            with suppress(AgentError):  # those who read it say so
                measure_lag(service, await admin.look((topic,)), group=group, topic=topic)
            await asyncio.sleep(_EVERY_S)


def measure_lag(service: Service, reading: BusReading, *, group: str, topic: str) -> None:
    """Set the figure, where it is known."""
    waiting = waiting_for(reading, group, topic)
    if waiting is not None:
        service.measure("bus_lag", waiting, "Messages that were not done yet")
