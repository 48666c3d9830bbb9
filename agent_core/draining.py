"""Reading what a program says without waiting for what it left running, which may hold its output open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent_core.process import Process

_DRAIN_S = 0.3


async def drain(process: Process, take: Callable[[bytes], None]) -> None:
    """Hand on what it says, to the end of its output or, once it has ended, to where nothing more comes.

    What it left running in its group is killed then. Raises what `take` raises.
    """
    pieces = 0

    async def read() -> None:
        nonlocal pieces
        async for chunk in process:
            pieces += 1
            take(chunk)

    reading = asyncio.create_task(read())
    exited = asyncio.create_task(process.wait())
    try:
        await asyncio.wait((reading, exited), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((reading,), timeout=_DRAIN_S)
        if not reading.done():
            process.kill()
        before = -1
        while not reading.done() and before != pieces:  # what was said is still on its way
            before = pieces
            await asyncio.wait((reading,), timeout=_DRAIN_S)
        if reading.done():
            await reading
    finally:
        reading.cancel()
        exited.cancel()
        await asyncio.gather(reading, exited, return_exceptions=True)
