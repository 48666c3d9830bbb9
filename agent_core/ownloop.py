"""Work that holds up a loop now and then, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """What it returns or raises. Where this is cancelled, so is it, and its end is waited for."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    doing = asyncio.ensure_future(asyncio.to_thread(_do, loop, task))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        with suppress(RuntimeError):  # it has just ended by itself
            loop.call_soon_threadsafe(task.cancel)
        await asyncio.wait((doing,))
        raise


def _do(loop: asyncio.AbstractEventLoop, task: asyncio.Task[T]) -> T:
    try:
        return loop.run_until_complete(task)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
