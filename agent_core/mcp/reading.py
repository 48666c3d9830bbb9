"""Standard input by lines, for a server whose end does not wait for the next line.

The SDK's own reader waits in a thread that nothing can call back, and keeps lines of any length.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter

from agent_core.mcp.messages import id_in, id_of, repaired

_LONGEST = 4 << 20
"""Bytes of a message."""
_TOO_LONG = f"A message is {_LONGEST >> 20} MiB at most"
_HEAD = 4096
Refuse = Callable[[JSONRPCError], Awaitable[None]]
"""Sends the answer to what is no message; returns once it is sent."""


@asynccontextmanager
async def input_lines(refuse: Refuse) -> AsyncGenerator[AsyncIterator[str] | None]:
    """The messages on standard input, a line each; None where that is a file.

    It is empty for everything else meanwhile. What is no message is answered by `refuse`.
    """
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
        yield _lines(reader, refuse)
    finally:
        transport.close()


async def _lines(reader: asyncio.StreamReader, refuse: Refuse) -> AsyncIterator[str]:
    while True:
        line, cut = await _line(reader)
        if cut:
            await refuse(_refusal(INVALID_REQUEST, _TOO_LONG, id_in(cut)))
        elif not line:
            return
        elif message := await _understood(line, refuse):
            yield message


async def _understood(line: bytes, refuse: Refuse) -> str:
    """The line, put right where that can be done; "" for what is no message, which is refused."""
    try:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
        return line.decode()
    except ValueError:
        pass
    if not line.strip():
        return ""
    found = await asyncio.to_thread(repaired, line)
    if found is None:
        await refuse(_refusal(PARSE_ERROR, "This is no JSON", None))
    elif not isinstance(found, dict | list):
        return found.model_dump_json(by_alias=True, exclude_unset=True)
    elif isinstance(found, list) or {"method", "id"} <= cast("dict[str, Any]", found).keys():
        await refuse(_refusal(INVALID_REQUEST, "This is no message", id_of(found)))
    return ""


def _refusal(code: int, why: str, number: int | str | None) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=number, error=ErrorData(code=code, message=why))


async def _line(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next line, b"" at the end; and of one that is too long its beginning."""
    head = b""
    while True:
        try:
            return await reader.readuntil(b"\n"), head
        except asyncio.IncompleteReadError as end:
            return end.partial, head
        except asyncio.LimitOverrunError as long:
            part = await reader.readexactly(long.consumed)
            head = head or part[:_HEAD]
