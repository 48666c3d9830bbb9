"""One conversation in JSON-RPC with a program that may say anything, or nothing.

Messages have bounds, and so has what comes within ten seconds: a program that exceeds them is not
listened to any more. What is no message of the protocol ends the conversation; what is one but makes no sense
is left out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, cast

import msgspec

from agent_core.errors import ServerFault
from agent_core.text import one_line, shorten

_log = logging.getLogger(__name__)
MOST_HEAD, MOST_BODY = 8 * 1024, 32 << 20
_SPAN_S = 10.0
_MOST_BYTES, _MOST_MESSAGES = 256 << 20, 50_000
"""What may come within that time; a large project's diagnostics are a few megabytes."""
_BREATH = 32
"""Messages after which others have their turn."""
_WRITE_S = 10.0
_MOST_UNREAD = 16 << 20
"""Bytes that wait to be taken in."""
_NO_METHOD, _SHOWN = -32601, 160

Notified = Callable[[str, Any], None]
Asked = Callable[[str, Any], Any]


class NoSuchMethod(Exception):
    """The other side asks for what is not offered."""


class Refused(ServerFault):
    """The server answered with an error: it cannot do that, but goes on."""

    code = "language-server-refused"


class Connection:
    """Both directions of it. `run` reads until the end; questions are asked meanwhile.

    Args:
        reader: What the program says.
        writer: What it gets.
        notified: Takes notifications: the method and its parameters, of any shape.
        asked: Answers requests; raises `NoSuchMethod`.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        notified: Notified,
        asked: Asked,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._notified, self._asked = notified, asked
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._sending = asyncio.Lock()
        self._fault: ServerFault | None = None
        self._began, self._bytes, self._messages = 0.0, 0, 0

    async def run(self) -> ServerFault:
        """Read to the end, and say why that came; who waits for an answer is told the same."""
        try:
            fault = await self._read()
        except asyncio.CancelledError:
            self._end(ServerFault("It was ended"))
            raise
        except Exception as error:  # noqa: BLE001 - what takes its messages broke; who waits learns of it
            _log.exception("a message of a language server")
            fault = ServerFault(f"What it said could not be taken in ({type(error).__name__})")
        self._end(fault)
        return fault

    async def ask(self, method: str, params: Any, *, within: float) -> Any:
        """The answer's result.

        Raises:
            Refused: The server cannot do it.
            ServerFault: It ended, or there was no answer within so many seconds.
        """
        self._number += 1
        number = self._number
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                await self._send({"id": number, "method": method, "params": params})
                return await future
        except TimeoutError:
            raise ServerFault(f"There was no answer to {method} within {within:.0f} s") from None
        except asyncio.CancelledError:
            self._cancel(number)
            raise
        finally:
            self._waiting.pop(number, None)

    async def tell(self, method: str, params: Any) -> None:
        """Send a notification; raises `ServerFault` when it is not taken."""
        try:
            async with asyncio.timeout(_WRITE_S):
                await self._send({"method": method, "params": params})
        except TimeoutError:
            raise ServerFault("It takes nothing in any more") from None

    async def _send(self, message: dict[str, Any]) -> None:
        if self._fault is not None:
            raise self._fault
        try:
            async with self._sending:
                self._writer.write(_framed(message))
                await self._writer.drain()
        except (ConnectionError, RuntimeError) as error:  # the transport is closing
            raise ServerFault("It takes nothing in any more") from error

    def _cancel(self, number: int) -> None:
        """The answer is not wanted any more; nobody waits until that is taken in."""
        if self._fault is None and not self._writer.is_closing():
            self._writer.write(_framed({"method": "$/cancelRequest", "params": {"id": number}}))

    async def _read(self) -> ServerFault:
        since = 0
        while True:
            try:
                body = await self._body()
            except asyncio.IncompleteReadError:
                return ServerFault("It ended")
            except asyncio.LimitOverrunError:
                return ServerFault("What it says is not of the protocol")
            except ServerFault as fault:
                return fault
            except OSError as error:
                return ServerFault(f"It cannot be read: {error.strerror or error}")
            if self._floods(len(body)):
                return ServerFault("It says too much at once")
            await self._take(body)
            if self._writer.transport.get_write_buffer_size() > _MOST_UNREAD:
                return ServerFault("It takes nothing in any more")
            since += 1
            if since >= _BREATH:
                since = 0
                await asyncio.sleep(0)

    async def _body(self) -> bytes:
        head = await self._reader.readuntil(b"\r\n\r\n")
        size = _size_of(head)
        if size is None:
            raise ServerFault("What it says is not of the protocol")
        if size > MOST_BODY:
            raise ServerFault(f"It wants to say {size >> 20:,} MiB at once")
        return await self._reader.readexactly(size)

    def _floods(self, size: int) -> bool:
        now = time.monotonic()
        if now - self._began > _SPAN_S:
            self._began, self._bytes, self._messages = now, 0, 0
        self._bytes += size
        self._messages += 1
        return self._bytes > _MOST_BYTES or self._messages > _MOST_MESSAGES

    async def _take(self, body: bytes) -> None:
        try:
            raw: Any = msgspec.json.decode(body)
        except (ValueError, RecursionError):
            return
        if not isinstance(raw, dict):
            return
        message = cast("dict[str, Any]", raw)
        method, number = message.get("method"), message.get("id")
        if not isinstance(method, str):
            self._answered(number, message)
        elif number is None:
            self._notified(method, message.get("params"))
        elif isinstance(number, int | str):
            await self._answer(number, method, message.get("params"))

    def _answered(self, number: Any, message: dict[str, Any]) -> None:
        future = self._waiting.get(number) if isinstance(number, int) else None
        if future is None or future.done():
            return
        error = message.get("error")
        if error is None:
            future.set_result(message.get("result"))
        else:
            said: Any = cast("dict[str, Any]", error).get("message") if isinstance(error, dict) else error
            future.set_exception(Refused(shorten(one_line(str(said)[:1000]), _SHOWN)))

    async def _answer(self, number: int | str, method: str, params: Any) -> None:
        try:
            reply: dict[str, Any] = {"id": number, "result": self._asked(method, params)}
        except NoSuchMethod:
            reply = {"id": number, "error": {"code": _NO_METHOD, "message": "not offered"}}
        if not self._writer.is_closing():  # not waited for: what it says is read meanwhile
            self._writer.write(_framed(reply))

    def _end(self, fault: ServerFault) -> None:
        self._fault = fault
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(fault)


def _framed(message: dict[str, Any]) -> bytes:
    body = msgspec.json.encode({"jsonrpc": "2.0", **message})
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def _size_of(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and len(value) < 16:
            return int(value)
    return None
