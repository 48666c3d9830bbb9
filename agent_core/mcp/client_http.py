"""A server behind an address: the SDK's own transport over a client that bounds what comes back.

Headers go to the address alone: the SDK follows no redirection to another one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from agent_core.errors import McpFault
from agent_core.mcp.client_limits import LONGEST_MESSAGE, Meter, too_long

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

_CONNECT_S = 10.0
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


def _bounded(on_end: Callable[[str], None], note: Callable[[int], None]) -> Any:
    """httpx2's own transport, which gives up answers that never end; told of each status."""
    import httpx2

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
            response = await super().handle_async_request(request)
            note(response.status_code)
            events = "event-stream" in response.headers.get("content-type", "")
            response.stream = Stream(response.stream, events=events)
            return response

    return Transport()
