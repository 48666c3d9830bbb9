"""The language-model port: one streaming call, reasoning and tool calls as their own events.

Adapters translate a vendor's wire protocol to this and raise the `ModelError` tree. They neither retry nor
time out: `timeouts.watch` does both for all. Cancelling the consuming task closes the request at once.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from agent_core.events import Usage

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "other"]


class ToolCall(msgspec.Struct, frozen=True):
    """A tool call as the model made it; `arguments` is the raw JSON text, not yet trusted."""

    id: str
    name: str
    arguments: str


def new_call_id() -> str:
    """An id for a call that the endpoint gave none."""
    return f"call_{os.urandom(4).hex()}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation. `tool_call_id` and `name` belong to role "tool"."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as offered to the model; `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call.

    `response_schema` constrains the answer to a JSON schema wherever the endpoint can; `think` switches the
    reasoning of models that have it (None leaves the model's default); `max_tokens` bounds the answer.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    response_schema: dict[str, Any] | None = None
    think: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()


class TextChunk(msgspec.Struct, frozen=True, tag=True):
    """A piece of the answer."""

    text: str


class ReasoningChunk(msgspec.Struct, frozen=True, tag=True):
    """A piece of reasoning (a `thinking` field, or text between `<think>` tags)."""

    text: str


class ToolCallChunk(msgspec.Struct, frozen=True, tag=True):
    """A whole tool call, once its arguments are complete."""

    call: ToolCall


class Alive(msgspec.Struct, frozen=True, tag=True):
    """The endpoint works on it but has said nothing: the model is being loaded or the prompt being read.

    The first `reading` says that loading is over; each later one is progress without text (a tool call's
    arguments on their way).
    """

    phase: Literal["loading", "reading"]


class Finished(msgspec.Struct, frozen=True, tag=True):
    """The last event of a stream that ended well."""

    reason: FinishReason
    usage: Usage


StreamEvent = TextChunk | ReasoningChunk | ToolCallChunk | Alive | Finished


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a model.

    `window` is the effective context in tokens (the server's, not the model card's), 0 when unknown.
    `loaded` is None where the endpoint does not tell.
    """

    provider: Literal["ollama", "openai", "embedded", "scripted", "plugin"]
    name: str
    host: str
    window: int = 0
    supports_tools: bool = False
    supports_schema: bool = False
    supports_thinking: bool = False
    is_local: bool = True
    loaded: bool | None = None


class LanguageModel(Protocol):
    """A model behind an endpoint."""

    @property
    def info(self) -> ModelInfo:
        """What was found out by `probe`; the configured name and host before that."""
        ...

    async def probe(self) -> ModelInfo:
        """Ask the endpoint about the model; raises `ModelUnreachable`, `ModelAuth` or `ModelNotFound`."""
        ...

    def stream(self, request: ChatRequest) -> AsyncIterator[StreamEvent]:
        """Send the request; the last event is `Finished`. Raises the `ModelError` tree."""
        ...

    async def list_models(self) -> list[str]:
        """Names that `info.name` could be switched to."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


@runtime_checkable
class CountsTokens(Protocol):
    """A model whose vocabulary can be had."""

    async def counter(self) -> Callable[[str], int] | None:
        """What counts a text's tokens; None for an unknown kind. Raises the `ModelError` tree."""
        ...
