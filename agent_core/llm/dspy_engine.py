"""DSPy over our own port: an engine for `dspy.LM`, so that a DSPy program streams, cancels and times out like
everything else.

The engine shows each event of the stream to a listener the moment it arrives and assembles the response that
DSPy parses; nothing is streamed through DSPy itself. dspy is imported here and in `agent_core/skills` alone,
late and in a thread: `preload()`.
"""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from agent_core.errors import AgentError
from agent_core.events import Usage
from agent_core.llm.errors import ModelProtocolError
from agent_core.llm.port import (
    ChatRequest,
    FinishReason,
    LanguageModel,
    Message,
    StreamEvent,
    ToolCall,
    ToolSpec,
)
from agent_core.llm.said import Said, whole
from agent_core.llm.warm import loading

if TYPE_CHECKING:
    import dspy
    from dspy import lm15

Listener = Callable[[StreamEvent], None]
Open = Callable[[ChatRequest], AsyncGenerator[StreamEvent]]

UNPARSED = "__unparsed__"
"""Key under which the arguments of a tool call arrive that are no JSON object."""
_FINISH: dict[FinishReason, str] = {
    "stop": "stop", "length": "length", "tool_calls": "tool_call", "other": "stop"
}  # fmt: skip


async def preload() -> None:
    """Import dspy in a thread, after first paint, when a model is configured; later calls return at once."""
    if not _import.cache_info().currsize:
        await asyncio.to_thread(_import)


@cache
def _import() -> None:
    # Nothing is cached, so no folder for it is made; litellm, if anything ever asks for it, stays off the
    # network.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import logging

    with loading():
        import dspy

    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    logger = logging.getLogger("dspy")
    logger.handlers[:] = [logging.NullHandler()]  # its own handler writes to standard error: over the screen
    logger.propagate = True


class SyncRefusal:
    """The synchronous half that `dspy.LM` asks for: there is none, programs run with `acall`."""

    supports_function_calling = True
    supports_response_schema = True
    supports_reasoning = False

    def complete(self, request: lm15.Request) -> lm15.Response:
        """Always refuses."""
        raise ModelProtocolError(f"{request.model} was called synchronously", hint="Use acall.")


class PortEngine:
    """One attempt of one request over a language model of ours.

    Args:
        open_stream: Opens the stream of a request, time-outs and retry included.
        listener: Sees every event as it arrives, before the response is complete.
    """

    def __init__(self, *, open_stream: Open, listener: Listener) -> None:
        self._open = open_stream
        self._listener = listener
        self.failure: AgentError | None = None
        """The error of the last request: DSPy wraps what an engine raises."""

    async def complete(self, request: lm15.Request) -> lm15.Response:
        """Send the request and assemble the response; cancelling closes the request."""
        self.failure = None
        try:
            return await self._complete(request)
        except AgentError as error:
            self.failure = error
            raise

    async def _complete(self, request: lm15.Request) -> lm15.Response:
        events = self._open(chat_request(request))
        said = await whole(events, model=request.model, listener=self._listener)
        return response_of(request.model, said)

    async def aclose(self) -> None:
        """Nothing to close: connections belong to the language model."""


def language_model(model: LanguageModel, engine: PortEngine) -> dspy.LM:
    """A `dspy.LM` over the engine: no cache, and no retry beyond the port's own."""
    import dspy

    return dspy.LM(
        f"port/{model.info.name}", engine=SyncRefusal(), async_engine=engine, cache=False, num_retries=0
    )


def chat_request(request: lm15.Request) -> ChatRequest:
    """The request as the port takes it."""
    config = request.config
    messages: list[Message] = []
    if request.system:
        messages.append(Message(role="system", content=_text(request.system)))
    for message in request.messages:
        messages.extend(_messages(message))
    format_: dict[str, Any] = cast("dict[str, Any] | None", config.response_format) or {}
    think = None
    if config.reasoning is not None:
        think = not config.reasoning.is_off
    return ChatRequest(
        messages=tuple(messages),
        tools=tuple(
            ToolSpec(tool.name, tool.description or "", dict(tool.parameters))
            for tool in request.tools
            if tool.type == "function"
        ),
        response_schema=format_.get("schema", {"type": "object"}) if format_ else None,
        think=think,
        max_tokens=config.max_tokens,
        temperature=config.temperature,
        stop=config.stop,
    )


def _text(content: Any) -> str:
    """The text of a system prompt or of parts; what is not text has no place in our requests."""
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content if part.type == "text")


def _messages(message: lm15.Message) -> list[Message]:
    if message.role == "tool":
        return [
            Message(role="tool", content=_text(part.content), tool_call_id=part.id, name=part.name or "")
            for part in message.parts
            if part.type == "tool_result"
        ]
    if message.role != "assistant":
        return [Message(role="user", content=_text(message.parts))]
    calls = tuple(
        ToolCall(part.id, part.name, json.dumps(part.input, ensure_ascii=False))
        for part in message.parts
        if part.type == "tool_call"
    )
    return [Message(role="assistant", content=_text(message.parts), tool_calls=calls)]


def arguments_of(raw: str) -> dict[str, Any]:
    """The arguments of a tool call: the JSON object in the text, or the text itself under `UNPARSED`."""
    text = re.sub(r"^\s*```(?:json)?|```\s*$", "", raw).strip() or "{}"
    try:
        value = json.loads(text)
        if isinstance(value, str):  # encoded twice, as some models do
            value = json.loads(value)
    except (ValueError, RecursionError):
        return {UNPARSED: raw}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {UNPARSED: raw}


def response_of(model: str, said: Said) -> lm15.Response:
    """What a reply amounts to, as DSPy takes it."""
    from dspy import lm15

    parts: list[Any] = []
    if said.reasoning:
        parts.append(lm15.ThinkingPart(said.reasoning))
    if said.text or not said.calls:
        parts.append(lm15.TextPart(said.text))
    parts.extend(
        lm15.ToolCallPart(call.id or f"call_{index}", call.name or "?", arguments_of(call.arguments))
        for index, call in enumerate(said.calls)
    )
    finish: Any = "tool_call" if said.calls else _FINISH[said.finished.reason]
    message = lm15.Message(role="assistant", parts=tuple(parts))
    return lm15.Response(None, model, message, finish, _usage(said.finished.usage))


def _usage(usage: Usage) -> lm15.Usage:
    from dspy import lm15

    return lm15.Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
