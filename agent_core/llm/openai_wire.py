"""The chat-completions protocol on the wire: the request's JSON, streamed chunks, tool calls in pieces."""

from __future__ import annotations

from typing import Any

import msgspec

from agent_core.llm.port import ChatRequest, Message, ModelInfo, ToolCall, new_call_id


class FunctionDelta(msgspec.Struct):
    """A piece of a call: the name comes once, the arguments in pieces."""

    name: str | None = None
    arguments: str | None = None


class CallDelta(msgspec.Struct):
    """A piece of one of several calls, told apart by `index`."""

    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None


class Delta(msgspec.Struct):
    """A piece of the assistant's message; reasoning has two names in the wild."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[CallDelta] | None = None


class Choice(msgspec.Struct):
    """The one answer that is asked for."""

    delta: Delta | None = None
    finish_reason: str | None = None


class CompletionDetails(msgspec.Struct):
    """How the completion tokens divide."""

    reasoning_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """Tokens as the endpoint counts them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    completion_tokens_details: CompletionDetails | None = None


class Chunk(msgspec.Struct):
    """One event of the stream."""

    choices: list[Choice] | None = None
    usage: WireUsage | None = None
    error: Any = None


class CallAssembler:
    """Puts tool calls together from their pieces.

    Most endpoints number the calls; some send each whole and unnumbered, so a new id starts a new one.
    """

    def __init__(self) -> None:
        self._calls: dict[int, _Open] = {}

    def feed(self, piece: CallDelta) -> None:
        """Take a piece."""
        call = self._calls.setdefault(self._index(piece), _Open())
        call.id = piece.id or call.id
        if piece.function is not None:
            call.name += piece.function.name or ""
            call.arguments += piece.function.arguments or ""

    def _index(self, piece: CallDelta) -> int:
        if piece.index is not None:
            return piece.index
        last = max(self._calls, default=-1)
        fresh = bool(piece.id and last >= 0 and piece.id != self._calls[last].id)
        return last + 1 if fresh or last < 0 else last

    def calls(self) -> list[ToolCall]:
        """The calls, in order; pieces that never got a name are left out."""
        return [
            ToolCall(call.id or new_call_id(), call.name, call.arguments or "{}")
            for _, call in sorted(self._calls.items())
            if call.name
        ]


class _Open:
    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = ""


def chat_body(
    request: ChatRequest, info: ModelInfo, *, temperature: float, refused: frozenset[str]
) -> dict[str, Any]:
    """The JSON of a streamed chat, without the parts that this endpoint refused before."""
    body: dict[str, Any] = {
        "model": info.name,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": temperature if request.temperature is None else request.temperature,
    }
    if request.max_tokens is not None:
        newer = "max_tokens" in refused
        body["max_completion_tokens" if newer else "max_tokens"] = request.max_tokens
    if request.stop:
        body["stop"] = list(request.stop)
    if request.tools:
        functions = [msgspec.to_builtins(tool) for tool in request.tools]
        body["tools"] = [{"type": "function", "function": function} for function in functions]
    body |= _constraint(request, refused) | _thinking(request, info)
    return {name: value for name, value in body.items() if name not in refused}


def _constraint(request: ChatRequest, refused: frozenset[str]) -> dict[str, Any]:
    """The strongest constraint that the endpoint takes: the schema, else any JSON."""
    if request.response_schema is None:
        return {}
    if "json_schema" in refused:
        return {"response_format": {"type": "json_object"}}
    schema = {"name": "answer", "schema": request.response_schema}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _thinking(request: ChatRequest, info: ModelInfo) -> dict[str, Any]:
    """The switch that vLLM, SGLang and llama.cpp share; OpenAI's own models have none."""
    think = False if request.response_schema is not None else request.think
    if think is None or info.host == "api.openai.com":
        return {}
    if request.think is None and not info.supports_thinking:
        return {}
    return {"chat_template_kwargs": {"enable_thinking": think}}


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["content"] = message.content or None
        out["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        out["tool_call_id"] = message.tool_call_id
    return out


_BY_WORD = (
    ("tools", ("tools", "tool_choice", "tool use", "tool call", "function call")),
    ("response_format", ("response_format", "json_schema", "json_object", "guided", "grammar", "schema")),
    ("stream_options", ("stream_options",)),
    ("max_completion_tokens", ("max_completion_tokens' is not", "unsupported parameter: max_completion")),
    ("max_tokens", ("max_tokens",)),
    ("chat_template_kwargs", ("chat_template_kwargs", "enable_thinking")),
    ("temperature", ("temperature",)),
    ("stop", ("'stop'", '"stop"')),
)


def refused_part(said: str, body: dict[str, Any]) -> str:
    """Which optional part of the request a refusal is about; "" when it names none that was sent."""
    text = said.lower()
    return next(
        (name for name, words in _BY_WORD if name in body and any(word in text for word in words)), ""
    )
