"""Whether a process still runs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # gone in between, or a system without /proc
        return not Path("/proc").exists()


async def gone(pid: int) -> None:
    """Wait until it does not; raises TimeoutError after ten seconds."""
    async with asyncio.timeout(10):
        while alive(pid):
            await asyncio.sleep(0.005)
