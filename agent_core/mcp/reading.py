"""Standard input by lines, for a server whose end does not wait for the next line.

The SDK's own reader waits in a thread that nothing can call back, and keeps lines of any length.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

_LONGEST = 4 << 20
"""Bytes of a message; beyond, it is read as one that cannot be understood."""


@asynccontextmanager
async def input_lines() -> AsyncGenerator[AsyncIterator[str] | None]:
    """The lines of standard input, which is empty for everything else meanwhile; None where it is a file."""
    mode = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        yield None
        return
    own = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    reader = asyncio.StreamReader(limit=_LONGEST)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(own, "rb", buffering=0)
    )
    try:
        yield _lines(reader)
    finally:
        transport.close()


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    while line := await _line(reader):
        yield line.decode("utf-8", "replace")


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line, b"" at the end; of one that is too long its end, which is no message."""
    while True:
        try:
            return await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return end.partial
        except asyncio.LimitOverrunError as long:
            await reader.readexactly(long.consumed)
