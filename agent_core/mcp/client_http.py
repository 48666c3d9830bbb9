"""A server behind an address: the SDK's own transport over a client that bounds what comes back.

Headers go to the address alone: the SDK follows no redirection to another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from agent_core.errors import McpFault
from agent_core.mcp.client_limits import LONGEST_MESSAGE, Meter, too_long
from agent_core.text import one_line

if TYPE_CHECKING:
    import httpx2
    from mcp.client._transport import TransportStreams

_CONNECT_S = 10.0
_GOODBYE_S = 2.0
"""Seconds that an address has to say that it has ended the session."""
_EVENT, _BLANK = b"data:", b"\r\n\r\n"


class HttpTransport:
    """Speaks to the address for as long as `streams` is open.

    Args:
        url: Where it is.
        headers: What is sent along.
        timeout: Seconds without a byte within an answer.
        on_end: Called with the reason once it was ended for what it did.
    """

    def __init__(
        self, url: str, *, headers: Mapping[str, str], timeout: float, on_end: Callable[[str], None]
    ) -> None:
        self._url, self._headers, self._timeout = url, headers, timeout
        self._on_end = on_end
        self.errors = ""
        """The last answer that was an error: its status."""

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[TransportStreams]:
        """Open it."""
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        limits = httpx2.Timeout(self._timeout, connect=_CONNECT_S)
        async with (
            httpx2.AsyncClient(
                headers=dict(self._headers), timeout=limits, transport=_bounded(self._on_end, self._note)
            ) as client,
            streamable_http_client(
                self._url, http_client=client, max_sse_event_size=2 * LONGEST_MESSAGE
            ) as streams,
        ):
            yield streams

    def _note(self, status: int) -> None:
        if status < 400:
            self.errors = ""
        elif status != HTTPStatus.METHOD_NOT_ALLOWED:  # a server need not speak of itself
            known = status in [*HTTPStatus]
            self.errors = f"HTTP {status} {HTTPStatus(status).phrase}" if known else f"HTTP {status}"


async def _names_no_method(response: httpx2.Response) -> bool:
    """Whether it is about a method that is not known, rather than about the session."""
    from mcp_types import METHOD_NOT_FOUND

    return str(METHOD_NOT_FOUND).encode() in await response.aread()


def _bounded(on_end: Callable[[str], None], note: Callable[[int], None]) -> Any:
    """httpx2's own transport, which gives up answers that never end; told of each status.

    Where a session is not known any more, the SDK says so only of an answer without words of the server.
    """
    import httpx2
    from mcp.client.streamable_http import MCP_SESSION_ID

    meter = Meter()

    class Stream(httpx2.AsyncByteStream):
        def __init__(self, inner: Any, *, events: bool) -> None:
            self._inner, self._events = inner, events

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in self._inner:
                ended = self._events and chunk.rfind(_BLANK)
                size = len(chunk) - ended if ended and ended >= 0 else size + len(chunk)
                try:
                    meter.take(len(chunk), messages=chunk.count(_EVENT) if self._events else 0)
                    if size > LONGEST_MESSAGE:
                        raise too_long()
                except McpFault as fault:
                    on_end(fault.message)
                    raise httpx2.ReadError(fault.message) from None
                yield chunk

        async def aclose(self) -> None:
            await self._inner.aclose()

    class Transport(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.method == "DELETE":
                return await self._goodbye(request)
            try:
                response = await super().handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                why = one_line(str(error)) or f"no answer within {_CONNECT_S:g} s"
                raise httpx2.ConnectError(
                    f"{request.url.netloc.decode()} cannot be reached: {why}", request=request
                ) from None
            note(response.status_code)
            events = "event-stream" in response.headers.get("content-type", "")
            response.stream = Stream(response.stream, events=events)
            in_session = MCP_SESSION_ID in request.headers
            if (
                in_session
                and response.status_code == HTTPStatus.NOT_FOUND
                and not await _names_no_method(response)
            ):
                return httpx2.Response(response.status_code, request=request)
            return response

        async def _goodbye(self, request: httpx2.Request) -> httpx2.Response:
            """The end of the session: nobody waits for who does not answer it, nor for what is said of it."""
            try:
                async with asyncio.timeout(_GOODBYE_S):
                    response = await super().handle_async_request(request)
            except TimeoutError:
                raise httpx2.ReadTimeout("it does not answer", request=request) from None
            await response.aclose()
            return httpx2.Response(response.status_code, headers=response.headers, request=request)

    return Transport()
