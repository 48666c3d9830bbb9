"""Asking an address whether what should be there is there: plain sockets, no vendor's library."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec

_MOST = 1024 * 1024
Address = tuple[int, int, int, str, tuple[Any, ...]]


class HttpAnswer(msgspec.Struct, frozen=True):
    """Status and body of an answer, the body cut at 1 MB."""

    status: int
    body: bytes


class NotHttpError(Exception):
    """Something listens there that does not speak HTTP."""


async def http_get(url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
    """GET a URL, without proxies and without following redirections.

    Raises OSError (connection and TLS) and `NotHttpError`; the caller bounds the time.
    """
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname or "localhost"
    lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", "Connection: close"]
    lines += ["Accept: application/json", "User-Agent: dspy-tui"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    request = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    async with connection(host, port, tls=tls) as (reader, writer):
        writer.write(request)
        await writer.drain()
        try:
            return await _answer(reader)
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise NotHttpError from None


async def _answer(reader: asyncio.StreamReader) -> HttpAnswer:
    version, _, rest = (await reader.readline()).partition(b" ")
    if not version.startswith(b"HTTP/"):
        raise ValueError
    status = int(rest[:3])
    chunked = False
    length = _MOST
    while (line := (await reader.readline()).strip().lower()) != b"":
        name, _, value = line.partition(b":")
        chunked = chunked or (name == b"transfer-encoding" and b"chunked" in value)
        length = min(int(value), _MOST) if name == b"content-length" else length
    return HttpAnswer(status, await (_chunks(reader) if chunked else _body(reader, length)))


async def _body(reader: asyncio.StreamReader, length: int) -> bytes:
    parts: list[bytes] = []
    while length > 0 and (part := await reader.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while (size := int((await reader.readline()).partition(b";")[0], 16)) > 0:
        if len(body) + size > _MOST:
            break
        body += await reader.readexactly(size)
        await reader.readline()
    return body


async def is_kafka(host: str, port: int) -> bool:
    """Whether a Kafka broker answers there (to ApiVersions, which every broker knows); raises OSError."""
    client = b"dspy-tui"
    payload = (18).to_bytes(2) + (0).to_bytes(2) + (7).to_bytes(4) + len(client).to_bytes(2) + client
    async with connection(host, port) as (reader, writer):
        writer.write(len(payload).to_bytes(4) + payload)
        await writer.drain()
        try:
            size = int.from_bytes(await reader.readexactly(4))
            if not 10 <= size <= _MOST:
                return False
            answer = await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            return False
    correlation, error, count = answer[:4], answer[4:6], int.from_bytes(answer[6:10])
    return correlation == payload[4:8] and error in (b"\0\0", b"\0\x23") and size >= 10 + 6 * count


@asynccontextmanager
async def connection(
    host: str, port: int, *, tls: bool = False
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the first address that takes it, closed without waiting for the other side."""
    reader, writer = await _connected(host, port, tls)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _connected(host: str, port: int, tls: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = None
    if tls:
        import ssl

        context = ssl.create_default_context()
    failed: OSError = OSError(f"{host} has no address")
    for family, *_, address in await _addresses(host, port):
        try:
            return await asyncio.open_connection(
                address[0], port, family=family, ssl=context, server_hostname=host if tls else None
            )
        except OSError as error:
            failed = error
    raise failed


async def _addresses(host: str, port: int) -> list[Address]:
    """Look a name up in a thread that nobody waits for: a name server that hangs must not keep us."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Address]] = loop.create_future()

    def deliver(addresses: list[Address], error: OSError | None) -> None:
        if found.done():
            return
        if error is None:
            found.set_result(addresses)
        else:
            found.set_exception(error)

    def look_up() -> None:
        addresses: list[Address] = []
        failed: OSError | None = None
        try:
            addresses = list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failed = error
        except UnicodeError:
            failed = OSError(f"{host} is not a host name")
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(deliver, addresses, failed)

    threading.Thread(target=look_up, name="dspy-tui-lookup", daemon=True).start()
    return await found
