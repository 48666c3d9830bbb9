"""What logs say at a moment, as a policy sees it: those of the workspace, and of the bus if there is one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from agent_core.errors import AgentError
from agent_core.logs.api import Digest, DigestQuery, Logs

if TYPE_CHECKING:
    from agent_core.config import Settings

_BUS = "bus"
_FRESH_S = 5.0
"""Until then an answer counts as what the logs say now: a checked bug takes about as long."""
_PATIENCE_S = 2.0
"""How long somebody who waits for checks waits for the logs as well, where nothing is known of them."""
_GLANCE_S = 0.1
"""The same where something is: what they say now is there for the next who asks."""
_NO_BUS_S = 60.0
"""So long nobody is looked for where no bus answered: an address that swallows everything takes seconds."""


class LogsNow:
    """Asks the logs, a question at a time; what takes too long is there for the next who asks.

    Args:
        logs: The logs of the workspace.
        settings: Where the bus is.
    """

    def __init__(self, *, logs: Logs, settings: Settings) -> None:
        self._logs, self._settings = logs, settings
        self._asking: asyncio.Task[dict[str, float]] | None = None
        self._known: dict[str, float] | None = None
        self._asked_at = 0.0
        self._no_bus_until = 0.0

    async def seen(self) -> dict[str, float]:
        """Their features (`agent_core.rl.features.of_logs`), however long that takes; raises `LogFault`."""
        self._no_bus_until = 0.0
        return await asyncio.shield(self._ask())

    async def soon(self, patience: float = _PATIENCE_S) -> dict[str, float] | None:
        """The same, at most `patience` seconds later: else what they said before, None where nobody knows."""
        now = asyncio.get_running_loop().time()
        if self._known is not None and now - self._asked_at < _FRESH_S:
            return self._known
        await asyncio.wait((self._ask(),), timeout=patience if self._known is None else _GLANCE_S)
        return self._known

    async def aclose(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _ask(self) -> asyncio.Task[dict[str, float]]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._read())
            self._asking.add_done_callback(_looked_at)
        return self._asking

    async def _read(self) -> dict[str, float]:
        from agent_core.rl.features import of_logs

        began = asyncio.get_running_loop().time()
        own, others = await asyncio.gather(self._logs.digest(DigestQuery()), self._of_bus())
        self._known, self._asked_at = of_logs(_together(own, others)), began
        return self._known

    async def _of_bus(self) -> Digest:
        """What others made of logs; nothing where no bus can be read."""
        from agent_core.streaming.access import access_of
        from agent_core.streaming.reach import connected

        loop = asyncio.get_running_loop()
        if loop.time() < self._no_bus_until:
            return Digest()
        try:
            _, writer = await connected(access_of(self._settings))
        except AgentError:
            self._no_bus_until = loop.time() + _NO_BUS_S
            return Digest()
        writer.close()
        try:
            return await self._logs.digest(DigestQuery(sources=(_BUS,)))
        except AgentError:
            return Digest()


def _together(own: Digest, others: Digest) -> Digest:
    """What either says; a log that both have read is counted once, as `agent_core.logs.joining` does."""
    found = {event.id for event in own.events}
    new = (
        event for event in others.events if event.id not in found and event.id.partition(":")[2] not in found
    )
    return msgspec.structs.replace(own, events=(*own.events, *new))


def _looked_at(task: asyncio.Task[dict[str, float]]) -> None:
    """Take the error of a question that nobody waits for any more; whoever does gets it, too."""
    if not task.cancelled():
        task.exception()
