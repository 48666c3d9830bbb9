"""Work in a loop of its own: what it gives, raises, and how it ends."""

from __future__ import annotations

import asyncio
import threading

import pytest

from agent_core.ownloop import in_own_loop


async def test_it_gives_what_the_work_gives_from_another_thread() -> None:
    async def where() -> tuple[int, asyncio.AbstractEventLoop]:
        return await asyncio.to_thread(lambda: 7), asyncio.get_running_loop()

    number, loop = await in_own_loop(where())
    assert number == 7 and loop is not asyncio.get_running_loop() and loop.is_closed()


async def test_it_raises_what_the_work_raises() -> None:
    async def fails() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await in_own_loop(fails())


async def test_cancelled_it_ends_the_work_and_waits_for_its_end() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def hangs() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    doing = asyncio.create_task(in_own_loop(hangs()))
    await asyncio.to_thread(begun.wait)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert ended.is_set()


async def test_cancelled_before_it_begins() -> None:
    begun = threading.Event()

    async def work() -> None:
        await asyncio.sleep(60)
        begun.set()

    doing = asyncio.create_task(in_own_loop(work()))
    await asyncio.sleep(0)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert not begun.is_set()
