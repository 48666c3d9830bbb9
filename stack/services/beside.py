"""What a program does beside its work, for as long as it does that: measuring, telling, tidying up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

_AGAIN_S = 10.0
_log = logging.getLogger(__name__)


@asynccontextmanager
async def beside(*works: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """Do these while the block runs. One that fails is logged and begun again after a while: it is missed by
    nobody until figures are needed that have been old for days."""
    going = [asyncio.create_task(_on_and_on(work)) for work in works]
    try:
        yield
    finally:
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)


async def _on_and_on(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - whatever it was, the work itself goes on
            _log.exception("what is done beside the work failed, and is begun again")
        await asyncio.sleep(_AGAIN_S)
