"""Making topics where nobody answers."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from agent_core.errors import BusUnreachable
from agent_core.streaming.access import access_of
from agent_core.streaming.making import make_topics
from tests.agent_core.streaming.messaging import listening

pytestmark = pytest.mark.usefixtures("nothing_is_left")


async def test_one_that_is_cancelled_fails_without_a_word() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with listening(None) as settings:
        making = asyncio.create_task(make_topics(access_of(settings), ("t",)))
        await asyncio.wait((making,), timeout=1.0)
        making.cancel()
        await asyncio.wait((making,))
        assert making.cancelled()
        while any("call" in repr(task) for task in asyncio.all_tasks()):  # it goes on in its thread
            await asyncio.sleep(0.05)
    del making
    gc.collect()
    assert not told


async def test_one_that_fails_says_so() -> None:
    async with listening(None) as settings:
        with pytest.raises(BusUnreachable, match="does not answer as a Kafka broker"):
            await make_topics(access_of(settings), ("t",))
