"""The least of HTTP: GET and HEAD of a few small pages, for health checks and Prometheus."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import msgspec

from stack.services.logs import correlated

_PATIENCE_S = 5.0
_MOST_HEAD = 16 * 1024
_REQUEST = re.compile(rb"(GET|HEAD) (/[^ ?]{0,256})(?:\?[^ ]*)? HTTP/1\.[01]\r\n")
_ID = re.compile(rb"(?im)^x-correlation-id:[ \t]*([\w.-]{1,64})[ \t]*\r$")
_log = logging.getLogger(__name__)


class Answer(msgspec.Struct, frozen=True):
    """A page: its status, the type of its content, the content."""

    status: int
    kind: str
    body: bytes


@asynccontextmanager
async def serving(
    answer: Callable[[str], Answer | None], *, host: str, port: int
) -> AsyncGenerator[asyncio.Server]:
    """Answer requests while the block runs; raises OSError where the port cannot be had.

    Args:
        answer: Gives the page of a path; None for none.
        host: The address to listen at.
        port: The port; 0 takes any that is free.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_PATIENCE_S):
                await _exchange(reader, writer, answer)
        writer.close()

    server = await asyncio.start_server(handle, host, port, limit=_MOST_HEAD)
    try:
        yield server
    finally:
        server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await server.wait_closed()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Callable[[str], Answer | None]
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    request, given = _REQUEST.match(head), _ID.search(head)
    with correlated(given[1].decode() if given else "") as correlation_id:
        if request is None:
            page = Answer(HTTPStatus.BAD_REQUEST, "text/plain", b"GET or HEAD of a page\n")
        else:
            found = answer(request[2].decode("ascii", "replace"))
            page = found or Answer(HTTPStatus.NOT_FOUND, "text/plain", b"there is no such page\n")
        _log.debug("answered %d", page.status)
        lines = (
            f"HTTP/1.1 {page.status} {HTTPStatus(page.status).phrase}",
            f"Content-Type: {page.kind}",
            f"Content-Length: {len(page.body)}",
            f"X-Correlation-Id: {correlation_id}",
            "Connection: close",
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        if request is None or request[1] == b"GET":
            writer.write(page.body)
        await writer.drain()
