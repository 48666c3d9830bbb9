"""Ollama behind the port: `/api/chat` with an explicit window, schema, tools and thinking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.config import Settings
from agent_core.events import PullProgress
from agent_core.llm import http_errors
from agent_core.llm.errors import ContextTooSmall, ModelRefused
from agent_core.llm.hosts import host_of, is_local, ollama_url
from agent_core.llm.http_errors import Endpoint
from agent_core.llm.meter import Meter
from agent_core.llm.ollama_prompt import chat_body, window_of
from agent_core.llm.port import (
    Alive,
    ChatRequest,
    Finished,
    FinishReason,
    ModelInfo,
    ReasoningChunk,
    StreamEvent,
    TextChunk,
    ToolCall,
    ToolCallChunk,
    new_call_id,
)
from agent_core.llm.prompt_check import PromptCheck
from agent_core.llm.reasoning import ReasoningSplitter
from agent_core.llm.timeouts import prompt_chars
from agent_core.llm.vocabulary import counter_of

if TYPE_CHECKING:
    from agent_core.llm.ollama_client import ChatLine, Client

_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
_REFUSABLE = re.compile(r"does not support (tools|thinking)")


def load_client(url: str) -> Client:
    """A client of the server at `url`; it imports for a quarter of a second: call it in a thread."""
    from agent_core.llm.warm import loading

    with loading():
        from agent_core.llm.ollama_client import Client

    return Client(url=url, local=is_local(url))


class OllamaModel:
    """One model of one Ollama server. The vendor's client is imported at the first call, in a thread."""

    def __init__(self, *, settings: Settings, name: str = "") -> None:
        self._settings = settings
        self._url = ollama_url(settings.ollama_host)
        self._client: Client | None = None
        self._opening = asyncio.Lock()
        self._check = PromptCheck()
        self._info = ModelInfo(
            provider="ollama",
            name=name or settings.ollama_model,
            host=host_of(self._url),
            window=settings.context_window,
            is_local=is_local(self._url),
        )

    @property
    def info(self) -> ModelInfo:
        """What was found out by `probe`; the configured name and host before that."""
        return self._info

    async def probe(self) -> ModelInfo:
        """Ask the server for the model's abilities and its window, and whether it is loaded."""
        client = await self._open()
        shown = await client.describe(self._endpoint)
        running = await client.running(self._endpoint)
        loaded = next((m for m in running if same_model(m.model or m.name, self._info.name)), None)
        able = frozenset(shown.capabilities or ())
        self._info = msgspec.structs.replace(
            self._info,
            window=window_of(
                asked=self._settings.context_window,
                shown=shown,
                loaded=loaded.context_length if loaded else None,
            ),
            supports_tools="tools" in able,
            supports_schema=True,
            supports_thinking="thinking" in able,
            loaded=loaded is not None,
        )
        return self._info

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Load the model where it is not, then send the request.

        Raises ContextTooSmall at the end when the server turns out to have cut the prompt.
        """
        if not self._info.window:
            await self.probe()
        chars = prompt_chars(request)
        meter = Meter(prompt_chars=chars)
        yield Alive("loading")
        await self._ensure_loaded()
        yield Alive("reading")
        meter.restart()
        splitter = None if request.response_schema else ReasoningSplitter()
        last: ChatLine | None = None
        called = False
        body = chat_body(request, self._info, temperature=self._settings.temperature)
        async with aclosing(self._lines(body)) as lines:
            async for line in lines:
                for event in _events(line, splitter):
                    meter.see(event)
                    called = called or isinstance(event, ToolCallChunk)
                    yield event
                if line.done:
                    last = line
        for event in splitter.finish() if splitter else ():
            meter.see(event)
            yield event
        if last is None:
            raise http_errors.cut_off(self._endpoint, "the stream ended without its last line")
        usage = meter.usage(prompt=last.prompt_eval_count, completion=last.eval_count)
        self._check.refuse(chars=chars, read=last.prompt_eval_count or 0, info=self._info)
        yield Finished("tool_calls" if called else _reason(last), usage)

    async def counter(self) -> Callable[[str], int] | None:
        """Counts tokens in the model's own vocabulary; None where that is of an unknown kind."""
        vocabulary = await (await self._open()).vocabulary(self._endpoint)
        return await asyncio.to_thread(counter_of, vocabulary)

    async def list_models(self) -> list[str]:
        """The models that the server has."""
        return await (await self._open()).names(self._endpoint)

    async def pull(self, *, insecure: bool = False) -> AsyncGenerator[PullProgress]:
        """Pull this model; close the generator to cancel (the server keeps what it has for the next try).

        Raises the `ModelError` tree, with the server's reason.
        """
        from agent_core.llm.ollama_pull import pull

        client = await self._open()
        async with aclosing(pull(client, self._endpoint, insecure=insecure)) as progress:
            async for step in progress:
                yield step

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint(provider="ollama", host=self._info.host, model=self._info.name)

    async def _open(self) -> Client:
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(load_client, self._url)
            return self._client

    async def _ensure_loaded(self) -> None:
        """Let the server load the model with our window: a chat without messages does only that."""
        options = {"num_ctx": self._info.window}
        body: dict[str, Any] = {"model": self._info.name, "messages": [], "options": options}
        async with aclosing(self._lines(body)) as lines:
            async for _ in lines:
                pass
        if self._info.loaded:
            return
        client = await self._open()
        for model in await client.running(self._endpoint):
            if same_model(model.model or model.name, self._info.name):
                window = min(model.context_length or self._info.window, self._info.window)
                self._info = msgspec.structs.replace(self._info, window=window, loaded=True)

    async def _lines(self, body: dict[str, Any]) -> AsyncGenerator[ChatLine]:
        client = await self._open()
        try:
            async with aclosing(client.chat_lines(body, self._endpoint)) as lines:
                async for line in lines:
                    yield line
        except ModelRefused as error:
            raise self._refusal(error) from error

    def _refusal(self, error: ModelRefused) -> ModelRefused | ContextTooSmall:
        """Remember what the model turned out not to support, and say which part it was."""
        if "context length" in error.message or "context size" in error.message:
            return ContextTooSmall(
                f"The prompt does not fit the {self._info.window} tokens of {self._info.name}",
                hint="Ask about less, or raise context_window.",
            )
        found = _REFUSABLE.search(error.message)
        if found is None:
            return error
        tools = found[1] == "tools"
        change = {"supports_tools": False} if tools else {"supports_thinking": False}
        self._info = msgspec.structs.replace(self._info, **change)
        return ModelRefused(
            error.message,
            hint="It is asked without them from now on.",
            parameter="tools" if tools else "think",
        )


def same_model(one: str, other: str) -> bool:
    """Whether two names are of one model."""
    return one.removesuffix(":latest") == other.removesuffix(":latest")


def _events(line: ChatLine, splitter: ReasoningSplitter | None) -> list[StreamEvent]:
    message = line.message
    if message is None:
        return []
    events: list[StreamEvent] = []
    if message.thinking:
        events.append(ReasoningChunk(message.thinking))
    if message.content:
        events += splitter.feed(message.content) if splitter else [TextChunk(message.content)]
    for call in message.tool_calls or ():
        arguments = bytes(call.function.arguments).decode()
        events.append(ToolCallChunk(ToolCall(call.id or new_call_id(), call.function.name, arguments)))
    return events


def _reason(last: ChatLine) -> FinishReason:
    return _REASONS.get(last.done_reason or "stop", "other")
