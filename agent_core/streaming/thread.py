"""A thread in which a client lives that blocks, so that nothing else has to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_CLOSED_S = 5.0
"""How long the end is waited for. A look-up of a host's name cannot be ended, and takes longer at times."""


class ClientThread:
    """One thread, made by the first call and gone after `aclose`; calls are done one after the other."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="bus")

    async def call(self, do: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """What `do` returns or raises, there. Where this is cancelled, it goes on until it ends or is
        interrupted."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: do(*args, **options))

    async def aclose(self, *, interrupt: Callable[[], None], close: Callable[[], None]) -> None:
        """End the thread.

        Args:
            interrupt: Makes what it does now fail; it is called in another.
            close: Is done there at last.
        """
        await asyncio.shield(asyncio.create_task(self._end(interrupt, close)))

    async def _end(self, interrupt: Callable[[], None], close: Callable[[], None]) -> None:
        await asyncio.to_thread(interrupt)
        closing = asyncio.wrap_future(self._executor.submit(close))
        self._executor.shutdown(wait=False)
        _, pending = await asyncio.wait((closing,), timeout=_CLOSED_S)
        if not pending:
            closing.result()
            await asyncio.to_thread(self._executor.shutdown)
