"""The `openai` client, read below its Pydantic objects.

Building those objects is three quarters of the cost of a streamed token, so the response is read as bytes.
Import this module late and in a thread: it takes half a second.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import httpx
import msgspec
import openai

from agent_core.llm import http_errors
from agent_core.llm.errors import ModelError
from agent_core.llm.http_errors import Endpoint
from agent_core.llm.pace import paced

T = TypeVar("T")
_ASK_S = 15.0
"""Seconds for a question that a server answers from memory."""


class Embedding(msgspec.Struct):
    """A vector; `index` is its text's place in the request."""

    embedding: list[float]
    index: int


class Embeddings(msgspec.Struct):
    """The answer of `/embeddings`."""

    data: list[Embedding]


class Client:
    """One endpoint. Every method raises the `ModelError` tree; nothing is retried here."""

    def __init__(self, *, url: str, key: str, local: bool, connect_timeout: float = 10.0) -> None:
        # A proxy of the environment is not for this machine's own addresses; a certificate store takes 50 ms.
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http:") else True
        timeout = httpx.Timeout(None, connect=connect_timeout)
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=key or "none",
            max_retries=0,
            timeout=timeout,
            http_client=httpx.AsyncClient(
                verify=verify, trust_env=not local, timeout=timeout, follow_redirects=True
            ),
        )

    async def chat(self, body: dict[str, Any], endpoint: Endpoint) -> AsyncGenerator[bytes]:
        """Stream `/chat/completions`: the bytes of the response as they come."""
        began = False
        try:
            stream = await self._client.post(
                "/chat/completions",
                cast_to=object,
                body=body,
                stream=True,
                stream_cls=openai.AsyncStream[object],
            )
            response = stream.response
            async with aclosing(_Closing(response)), aclosing(paced(response.aiter_bytes())) as pieces:
                async for data in pieces:
                    began = True
                    yield data
        except (openai.OpenAIError, httpx.HTTPError) as error:
            raise _mapped(error, endpoint, began) from error

    async def get(self, path: str, endpoint: Endpoint) -> dict[str, Any]:
        """A JSON object; `path` is below the base URL, or a whole URL of the same server."""
        try:
            response = await self._client.get(path, cast_to=httpx.Response, options={"timeout": _ASK_S})
        except (openai.OpenAIError, httpx.HTTPError) as error:
            raise _mapped(error, endpoint, False) from error
        return _decoded(response.content, dict[str, Any], endpoint)

    async def embeddings(self, texts: Sequence[str], endpoint: Endpoint) -> Embeddings:
        """`/embeddings`: a vector for each text, as the endpoint made it, within any time."""
        body = {"model": endpoint.model, "input": texts}
        try:
            response = await self._client.post("/embeddings", cast_to=httpx.Response, body=body)
        except (openai.OpenAIError, httpx.HTTPError) as error:
            raise _mapped(error, endpoint, False) from error
        return _decoded(response.content, Embeddings, endpoint)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.close()


class _Closing:
    """Lets `aclosing` close a response."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    async def aclose(self) -> None:
        await self._response.aclose()


def _decoded(content: bytes, kind: type[T], endpoint: Endpoint) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise http_errors.garbage(endpoint, http_errors.error_text(content)) from error


def _mapped(error: Exception, endpoint: Endpoint, began: bool) -> ModelError:
    if isinstance(error, openai.APIStatusError):
        response = error.response
        return http_errors.from_status(
            response.status_code, response.content, endpoint, headers=response.headers
        )
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        return http_errors.from_transport(cause if isinstance(cause, httpx.HTTPError) else error, endpoint)
    if isinstance(error, httpx.HTTPError):
        return http_errors.from_transport(error, endpoint, streaming=began)
    return http_errors.garbage(endpoint, http_errors.error_text(str(error)))
