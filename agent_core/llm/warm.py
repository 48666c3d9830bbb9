"""Loading a vendor's library in a thread without holding up the event loop more than the imports need."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def loading() -> Generator[None]:
    """Wraps the imports: no full garbage collection meanwhile, and httpx's own late imports at their end.

    Thousands of new classes set off collections that hold the interpreter for 30 ms and more, and httpx
    leaves 0.1 s of imports to its first request. What was loaded never becomes garbage and is set aside, or
    the next collection would walk it all. To be entered in a thread.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
        import anyio

        asyncio.run(anyio.lowlevel.checkpoint())  # loads anyio's backend
    finally:
        if collects:
            gc.freeze()
            gc.enable()
