"""A process that is there while there is work for it: what it takes of the memory goes with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from agent_core.errors import AgentError
from agent_core.workers.client import WorkerProcess

_FIRST_S = 3.0
"""After its first work, which a start always brings: mostly there is no more for long."""
_LATER_S = 60.0
"""After it was wanted again: somebody changes files or asks, and goes on with that."""


class Resting:
    """Asks a process, and ends it when nothing was asked for a while; the next question starts it again.

    Args:
        worker: The process.
        first_s: How long it is kept after what it is asked at first.
        later_s: How long it is kept once it was started again, or its work is known to go on.
    """

    def __init__(
        self, worker: WorkerProcess, *, first_s: float = _FIRST_S, later_s: float = _LATER_S
    ) -> None:
        self._worker, self._first_s, self._later_s = worker, first_s, later_s
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._waking: asyncio.Task[None] | None = None
        self._rested = False

    @property
    def awake(self) -> bool:
        """Whether the process runs."""
        return self._worker.process is not None

    async def ask(self, call: msgspec.Struct, kind: Any, *, goes_on: bool = False) -> Any:
        """See `WorkerProcess.ask`.

        Args:
            call: The question.
            kind: The type of the answer.
            goes_on: More is expected soon.
        """
        try:
            return await self._worker.ask(call, kind)
        finally:
            self._keep(goes_on=goes_on)

    def settle(self) -> None:
        """What a start brings is done: one that was not started again is kept no longer than `_FIRST_S`."""
        self._first_s = min(self._first_s, _FIRST_S)
        if self._timer is not None and not self._rested:
            self._timer.cancel()
            self._timer, self._due = None, 0.0
            self._keep(goes_on=False)

    def wake(self) -> None:
        """Start it in the background, as it will be asked soon; one that cannot be started says so then."""
        if not self._worker.closed and self._waking is None:
            self._waking = asyncio.create_task(self._wake())

    async def kill(self) -> None:
        """End it at once: it does not answer. The next question starts another."""
        async with self._worker.starting:
            if self._worker.process is not None:
                self._worker.process.kill()
            await self._worker.end()

    async def aclose(self) -> None:
        """End it for good."""
        if self._timer is not None:
            self._timer.cancel()
        await self._worker.aclose()
        await asyncio.gather(*filter(None, (self._ending, self._waking)), return_exceptions=True)

    async def _wake(self) -> None:
        try:
            with suppress(AgentError):
                await self._worker.start()
        finally:
            self._waking = None
            self._keep(goes_on=True)

    def _keep(self, *, goes_on: bool) -> None:
        """Keep it for a while from now on."""
        now = asyncio.get_running_loop().time()
        seconds = self._later_s if goes_on or self._rested else self._first_s
        self._due = max(self._due, now + seconds)
        if self._timer is None and not self._worker.closed:
            self._timer = asyncio.get_running_loop().call_at(self._due, self._look)

    def _look(self) -> None:
        """End it if it was not wanted since."""
        self._timer = None
        loop = asyncio.get_running_loop()
        if loop.time() < self._due:
            self._timer = loop.call_at(self._due, self._look)
        elif not self._worker.closed:
            self._rested = True
            self._ending = asyncio.create_task(self._worker.rest())
