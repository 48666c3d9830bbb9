"""Whether a process still runs, and which ones a process has started."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import psutil


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
    """Wait until it does not; raises TimeoutError after a minute."""
    async with asyncio.timeout(60):
        while alive(pid):
            await asyncio.sleep(0.005)


def started(word: str, *, by: int | None = None) -> set[int]:
    """The processes that run with this word on their command line, started by a process or what it started.

    Args:
        word: A part of one of the command's words.
        by: The process; this one, if none is named.
    """
    found: set[int] = set()
    for process in psutil.Process(by).children(recursive=True):
        with suppress(psutil.Error):  # it may end while it is looked at
            if any(word in part for part in process.cmdline()) and alive(process.pid):
                found.add(process.pid)
    return found
