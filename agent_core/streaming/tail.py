"""Messages of topics as they come, and those that came before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING

from agent_core.streaming.access import Access
from agent_core.streaming.patterns import Topics
from agent_core.streaming.thread import ClientThread
from agent_core.streaming.values import Message, TailQuery, Told

if TYPE_CHECKING:
    from agent_core.streaming.following import Follower

_BATCH = 500


async def tail(access: Access, query: TailQuery) -> AsyncGenerator[tuple[Told, ...]]:
    """Batches of messages, and what happens meanwhile. Each partition is in its order, which of several comes
    first is by time as far as they are in one batch.

    While nobody takes a batch, no further ones are read. Closing it ends its connections and threads, within
    seconds whatever is under way.

    Args:
        access: Where the bus is.
        query: What is wanted of it.

    Raises:
        UsageError: A topic can be none.
        BusFault: It cannot be read; `NoTopic` where one that is named is not there, or none fits and none is
            waited for. Once it was read, a broker that goes away is a notice instead, except where only the
            end is awaited.
    """
    wanted = Topics(query.topics)
    thread = ClientThread()
    opening = asyncio.create_task(thread.call(_made, access, query, wanted))
    try:
        follower = await asyncio.shield(opening)
        await thread.call(follower.start)
        while not follower.done:
            if told := await thread.call(follower.read):
                yield told
    finally:
        follower = await asyncio.shield(opening)
        await thread.aclose(interrupt=follower.interrupt, close=follower.close)


def _made(access: Access, query: TailQuery, wanted: Topics) -> Follower[Message]:
    from agent_core.streaming.following import Follower
    from agent_core.streaming.payload import message_of

    return Follower(access, query, wanted, make=partial(message_of, most=query.most_bytes), batch=_BATCH)
