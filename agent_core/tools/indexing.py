"""What the tools over the index share: telling how far it is while somebody waits for it, and heavy work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.index.api import Index, IndexStatus
from agent_core.index.saying import progress, rows
from agent_core.text import human_duration

if TYPE_CHECKING:
    from agent_core.cooldowns import Cooldowns

_STEP_S = 0.5


class Teller:
    """Shows how far the index is, a line for each hundredth.

    Args:
        show: Takes the lines.
        embedding: Whether the vectors are what is waited for.
    """

    def __init__(self, show: Callable[[str], None], *, embedding: bool = False) -> None:
        self._show = show
        self._embedding = embedding
        self._told: tuple[str, int] | None = None

    def __call__(self, status: IndexStatus) -> None:
        """The index stands like this now."""
        if status.phase in ("closed", "failed") or (status.phase == "ready" and not self._embedding):
            return
        share, line = progress(status, embedding=self._embedding)
        if (status.phase, share) != self._told:
            self._told = (status.phase, share)
            self._show(line + "\n")


@asynccontextmanager
async def telling(
    index: Index, show: Callable[[str], None], *, embedding: bool = False
) -> AsyncGenerator[None]:
    """While the block waits for the index, show how far it is."""
    ticking = asyncio.create_task(_tick(index, Teller(show, embedding=embedding)))
    try:
        yield
    finally:
        ticking.cancel()


async def _tick(index: Index, tell: Teller) -> None:
    while True:
        await asyncio.sleep(_STEP_S)
        tell(index.status)


class HeavyIndexTool:
    """Work on the index that takes long; the cooldowns bind the agent."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    action: ClassVar[ActionClass] = "heavy"
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    def __init__(self, *, index: Index, cooldowns: Cooldowns) -> None:
        self._index = index
        self._cooldowns = cooldowns

    async def _cooled(self, work: Callable[[], Awaitable[IndexStatus]]) -> tuple[IndexStatus, str]:
        """Do the work and tell how long it took; the cooldown begins with it, and again at its end."""
        await self._cooldowns.begin(self.name)
        began = time.monotonic()
        status = await work()
        await self._cooldowns.begin(self.name)
        return status, human_duration(time.monotonic() - began)


def table(status: IndexStatus) -> str:
    """How the index stands, for people."""
    return "\n".join(f"{name:<8} {value}" for name, value in rows(status))


def plain(status: IndexStatus) -> dict[str, Any]:
    """How the index stands, for programs."""
    return msgspec.to_builtins(status)
