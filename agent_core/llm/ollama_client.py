"""Ollama's own client, with the two calls that its typed interface narrows.

Its `chat` drops what its models do not know of (nested tool schemas, `truncate`) and builds a Pydantic object
for each token. Import this module late and in a thread: it takes a quarter of a second.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import httpx
import msgspec
import ollama

from agent_core.llm import http_errors
from agent_core.llm.errors import ModelError
from agent_core.llm.http_errors import Endpoint
from agent_core.llm.lines import LineSplitter, LineTooLongError
from agent_core.llm.pace import paced
from agent_core.llm.vocabulary import Vocabulary

T = TypeVar("T")
_ASK_S = 15.0
"""Seconds for a question that a server answers from memory."""


class Function(msgspec.Struct):
    """The call in a tool call."""

    name: str
    arguments: msgspec.Raw = msgspec.Raw(b"{}")


class Call(msgspec.Struct):
    """A tool call; Ollama sends it whole."""

    function: Function
    id: str = ""


class Piece(msgspec.Struct):
    """A piece of the assistant's message."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: list[Call] | None = None


class ChatLine(msgspec.Struct):
    """One line of a streamed chat. Durations are nanoseconds."""

    message: Piece | None = None
    done: bool = False
    done_reason: str | None = None
    error: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    load_duration: int | None = None


class Shown(msgspec.Struct):
    """What `show` tells that matters here."""

    capabilities: list[str] | None = None
    parameters: str | None = None
    model_info: dict[str, Any] | None = None


class Running(msgspec.Struct):
    """A loaded model, or one that is there; `context_length` is the window it was loaded with."""

    name: str = ""
    model: str = ""
    context_length: int | None = None
    digest: str = ""


class _Running(msgspec.Struct):
    models: list[Running] | None = None


class _Embedded(msgspec.Struct):
    embeddings: list[list[float]]


class Client(ollama.AsyncClient):
    """One server. Every method raises the `ModelError` tree."""

    _client: httpx.AsyncClient

    def __init__(self, *, url: str, local: bool, connect_timeout: float = 10.0) -> None:
        # A proxy of the environment is not for this machine's own addresses; a certificate store takes 50 ms.
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http:") else True
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            host=url, timeout=httpx.Timeout(None, connect=connect_timeout), verify=verify, trust_env=not local
        )

    async def chat_lines(self, body: dict[str, Any], endpoint: Endpoint) -> AsyncGenerator[ChatLine]:
        """Stream `/api/chat`; the last line has `done`."""
        decoder = msgspec.json.Decoder(ChatLine)
        began = False
        try:
            async with self._client.stream(
                "POST", "/api/chat", content=msgspec.json.encode(body)
            ) as response:
                if response.status_code >= 400:
                    said, headers = await response.aread(), response.headers
                    raise http_errors.from_status(response.status_code, said, endpoint, headers=headers)
                lines = LineSplitter()
                async with aclosing(paced(response.aiter_bytes())) as pieces:
                    async for data in pieces:
                        for line in lines.feed(data):
                            if line:
                                yield _checked(decoder, line, endpoint, began)
                                began = True
                if last := lines.finish():
                    yield _checked(decoder, last, endpoint, began)
        except httpx.HTTPError as error:
            raise http_errors.from_transport(error, endpoint, streaming=began) from error
        except LineTooLongError as error:
            raise http_errors.garbage(endpoint, str(error)) from error

    async def describe(self, endpoint: Endpoint) -> Shown:
        """`/api/show`; raises `ModelNotFound`."""
        return await self._ask("POST", "/api/show", Shown, endpoint, {"model": endpoint.model})

    async def vocabulary(self, endpoint: Endpoint) -> Vocabulary:
        """The model's vocabulary, some megabytes of it; raises `ModelNotFound`."""
        body = {"model": endpoint.model, "verbose": True}
        return await self._ask("POST", "/api/show", Vocabulary, endpoint, body, threaded=True)

    async def running(self, endpoint: Endpoint) -> list[Running]:
        """The models that are loaded now."""
        return (await self._ask("GET", "/api/ps", _Running, endpoint)).models or []

    async def names(self, endpoint: Endpoint) -> list[str]:
        """The models that the server has, in its order (the newest first)."""
        return [model.model or model.name for model in await self.installed(endpoint)]

    async def installed(self, endpoint: Endpoint) -> list[Running]:
        """The same with what is known of them."""
        return (await self._ask("GET", "/api/tags", _Running, endpoint)).models or []

    async def vectors(self, texts: Sequence[str], endpoint: Endpoint) -> list[list[float]]:
        """`/api/embed`: a vector for each text, as the server made it, within any time."""
        body = {"model": endpoint.model, "input": texts, "truncate": True}
        return (await self._ask("POST", "/api/embed", _Embedded, endpoint, body, limit_s=None)).embeddings

    async def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        endpoint: Endpoint,
        body: dict[str, Any] | None = None,
        *,
        limit_s: float | None = _ASK_S,
        threaded: bool = False,
    ) -> T:
        content = None if body is None else msgspec.json.encode(body)
        try:
            timeout = httpx.USE_CLIENT_DEFAULT if limit_s is None else limit_s
            response = await self._client.request(method, path, content=content, timeout=timeout)
        except httpx.HTTPError as error:
            raise http_errors.from_transport(error, endpoint) from error
        if response.status_code >= 400:
            raise http_errors.from_status(
                response.status_code, response.content, endpoint, headers=response.headers
            )
        try:
            if threaded:
                return await asyncio.to_thread(msgspec.json.decode, response.content, type=kind)
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise http_errors.garbage(endpoint, http_errors.error_text(response.content)) from error


def _checked(
    decoder: msgspec.json.Decoder[ChatLine], line: bytes, endpoint: Endpoint, began: bool
) -> ChatLine:
    try:
        decoded = decoder.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise http_errors.garbage(endpoint, http_errors.error_text(line[:1000])) from error
    if decoded.error is not None:
        raise _failed(decoded.error, endpoint, began)
    return decoded


def _failed(said: str, endpoint: Endpoint, began: bool) -> ModelError:
    """The error line that a server sends when it fails after the status line."""
    if began:
        return http_errors.cut_off(endpoint, http_errors.error_text(said))
    return http_errors.from_status(500, said, endpoint)
