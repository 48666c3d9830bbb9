"""Asking another program something: its output, within bounds of time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from agent_core.process import stream_process


class Captured(msgspec.Struct, frozen=True):
    """How a program answered. `code` is its exit code, negative for a signal; `cut`: output was lost."""

    code: int
    out: bytes
    err: str
    cut: bool = False


async def capture(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 - a bound of the program's time, not of the wait alone
    limit: int = 8 * 1024 * 1024,
) -> Captured:
    """Run a program without input and collect what it says.

    It is killed, with whatever it started, when the time is up, when it says more than `limit` bytes, or when
    the caller is cancelled.

    Raises:
        OSError: It cannot be started.
        TimeoutError: It took longer than `timeout` seconds.
    """
    out = bytearray()
    async with (
        asyncio.timeout(timeout),
        stream_process(argv, cwd=cwd or Path.cwd(), env=env) as process,
    ):
        async for chunk in process:
            out += chunk
            if len(out) > limit:
                process.kill()
                break
        return Captured(await process.wait(), bytes(out[:limit]), process.errors, cut=len(out) > limit)
