"""Topics that are missing are made: for programs that need them, and where a person asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from agent_core.streaming.access import Access
from agent_core.streaming.reach import reach
from agent_core.streaming.thread import ClientThread

PARTITIONS = 4
"""Of a topic of ours: as many members of a group can share it."""


async def make_topics(
    access: Access, names: Iterable[str], *, partitions: int = PARTITIONS, seconds: float = 10.0
) -> tuple[str, ...]:
    """Make those of the topics that are not there, and wait until they can be used.

    Args:
        access: Where the bus is.
        names: The topics.
        partitions: How many each new one gets; as many copies as the brokers keep by themselves.
        seconds: How long they are waited for.

    Returns:
        Those that were made.

    Raises:
        BusFault: They cannot be made.
    """
    thread = ClientThread()
    making = asyncio.create_task(thread.call(_made, access, tuple(names), partitions, seconds))
    making.add_done_callback(_passed_by)
    try:
        return await asyncio.shield(making)
    finally:
        await thread.aclose(interrupt=lambda: None, close=lambda: None)


def _passed_by(making: asyncio.Task[tuple[str, ...]]) -> None:
    """Whoever was cancelled does not hear how it ended."""
    if not making.cancelled():
        making.exception()


def _made(access: Access, names: tuple[str, ...], partitions: int, seconds: float) -> tuple[str, ...]:
    reach(access)
    from agent_core.streaming.vendor import Link

    link = Link(access)
    try:
        return link.make(names, partitions=partitions, seconds=seconds)
    finally:
        link.interrupt()
        link.close()
