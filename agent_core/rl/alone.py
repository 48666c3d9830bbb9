"""Who trains in a workspace keeps others out meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from agent_core.files import BusyError, locked

_LOOKED_AT_S = 1.0
"""Who looks whether somebody trains holds the lock for a moment."""
_AGAIN_S = 0.05


@asynccontextmanager
async def alone(path: Path) -> AsyncGenerator[None]:
    """Keep other trainings out meanwhile; who only looks whether there is one is waited for.

    Args:
        path: What a training has for itself.

    Raises:
        BusyError: Another session trains here.
    """
    with ExitStack() as held:
        deadline = time.monotonic() + _LOOKED_AT_S
        while True:
            try:
                held.enter_context(locked(path, timeout=0.0))
                break
            except BusyError as busy:
                if time.monotonic() >= deadline:
                    raise elsewhere() from busy
            await asyncio.sleep(_AGAIN_S)
        yield


def elsewhere() -> BusyError:
    """Another session trains here."""
    return BusyError(
        "A training goes on here in another session", hint="`rl stop` ends it there; or wait for its end."
    )
