"""What httpx leaves to its first request, done ahead and off the event loop."""

from __future__ import annotations

import asyncio

import anyio
import anyio.lowlevel
import h11  # noqa: F401 - for its import alone  # pyright: ignore[reportUnusedImport]
import httpcore  # noqa: F401 - for its import alone  # pyright: ignore[reportUnusedImport]


def warm() -> None:
    """Let anyio load its asyncio backend; in a thread of its own, where it stalls nobody for 0.1 s."""
    asyncio.run(anyio.lowlevel.checkpoint())
