"""The end of a program comes in bounded time, whatever is under way."""

from __future__ import annotations

import asyncio
import time

import pytest

from agent_core.streaming.ports import Batch
from stack.services import delivering
from stack.services.base import Service
from stack.services.delivering import committed, done_in_time
from tests.fakes.memory_bus import MemoryBus, MemorySource


class Away(MemorySource):
    """No broker answers."""

    async def commit(self, batch: Batch) -> bool:
        await asyncio.Event().wait()
        return False


async def test_a_commit_that_nobody_answers_holds_up_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "_COMMIT_S", 0.01)
    service, bus = Service("dspy-worker", bus="k:1"), MemoryBus()
    batch = Batch(end={("t", 0): 1})
    committing = asyncio.create_task(committed(service, Away(bus, "g", ("t",)), batch))
    await asyncio.wait((committing,), timeout=0.1)
    assert not committing.done()
    service.stopping.set()
    assert await asyncio.wait_for(committing, 60) is False
    assert await committed(service, bus.source("g", "t"), batch) is True


async def test_what_the_end_may_take_counts_from_when_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivering, "_LEAST_S", 0.0)
    service = Service("dspy-worker", bus="k:1")
    assert service.stopping.seconds == 0.0
    service.stopping.set()
    monkeypatch.setattr(service.stopping, "_at", time.monotonic() - 3600.0)
    service.stopping.set()  # a second signal gives no more time
    assert service.stopping.seconds >= 3599.0
    never = asyncio.get_running_loop().create_future()
    assert await done_in_time(service, never, grace=3599.0) is False
