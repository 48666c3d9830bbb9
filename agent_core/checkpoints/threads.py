"""Work in threads that can be told to stop, and tells how far it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from agent_core.checkpoints.scanning import Watch

T = TypeVar("T")

_PATIENCE_S = 1.0


class Teller:
    """Passes on how far a thread is, once it takes long."""

    def __init__(self, progress: Callable[[str], None] | None) -> None:
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self._next = time.monotonic() + _PATIENCE_S

    def from_thread(self, text: str) -> None:
        """Called in the thread."""
        now = time.monotonic()
        if self._progress is not None and now >= self._next:
            self._next = now + _PATIENCE_S / 2
            self._loop.call_soon_threadsafe(self._progress, text)


async def threaded(work: Callable[[Watch], T], teller: Teller) -> T:
    """Run in a thread, which is told to stop when the caller is cancelled, and waited for."""
    watch = Watch(teller.from_thread)
    running = asyncio.ensure_future(asyncio.to_thread(work, watch))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        watch.stop.set()
        with suppress(Exception):
            await whole(running)
        raise


async def whole(work: Awaitable[T]) -> T:
    """Wait to the end of something that must not be left half done, then pass a cancellation on."""
    running = asyncio.ensure_future(work)
    cancelled = False
    while not running.done():
        try:
            await asyncio.wait((running,))
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return running.result()
