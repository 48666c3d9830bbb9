"""Answers of the scripted model server, and how the two protocols write them."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

Place = Literal["", "headers", "first", "middle"]
Cut = Literal["", "reset", "drop", "eof"]


class Call(msgspec.Struct, frozen=True):
    """A tool call; the pieces of its arguments are streamed one by one (OpenAI) or joined (Ollama)."""

    name: str
    arguments: tuple[str, ...] = ("{}",)
    id: str = ""
    index: int | None = -1
    """-1 numbers the calls; None leaves the number out, as some servers do."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one chat request is answered.

    `hang` waits for ever before the headers, before the first piece, or in the middle. `cut` ends the
    connection in the middle: by a TCP reset, without the body's end, or cleanly but without the protocol's
    last event. `status` other than 200 or a `body` send just that.
    """

    text: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    reasoning_field: str = "reasoning_content"
    calls: tuple[Call, ...] = ()
    finish: str = ""
    rate: float = 0.0
    hang: Place = ""
    cut: Cut = ""
    status: int = 200
    body: str | None = None
    content_type: str = "text/event-stream"
    headers: dict[str, str] = {}
    prompt_tokens: int | None = 11
    loading: int = 0
    """How many polls say that the model is being loaded."""
    error_event: str = ""


def openai_events(answer: Answer, body: dict[str, Any]) -> list[bytes]:
    """The answer as server-sent events of chat completions."""
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model")}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{answer.reasoning_field: piece} for piece in answer.reasoning]
    deltas += [{"content": piece} for piece in answer.text]
    for number, call in enumerate(answer.calls):
        place = {} if call.index is None else {"index": number if call.index < 0 else call.index}
        identifier = call.id or f"call-{number}"
        first = {
            "id": identifier,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments[0]},
        }
        deltas.append({"tool_calls": [place | first]})
        deltas += [{"tool_calls": [place | {"function": {"arguments": rest}}]} for rest in call.arguments[1:]]
    events: list[Any] = [
        base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    if answer.error_event:
        events.append({"error": {"message": answer.error_event}})
        return [_event(event) for event in events]
    finish = answer.finish or ("tool_calls" if answer.calls else "stop")
    events.append(base | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if answer.prompt_tokens is not None and body.get("stream_options"):
        count = len(answer.text) + len(answer.reasoning)
        usage = {"prompt_tokens": answer.prompt_tokens, "completion_tokens": count, "total_tokens": 0}
        events.append(base | {"choices": [], "usage": usage})
    return [_event(event) for event in events] + [b"data: [DONE]\n\n"]


def _event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def ollama_lines(answer: Answer) -> list[bytes]:
    """The answer as lines of `/api/chat`."""
    messages: list[dict[str, Any]] = [{"thinking": piece, "content": ""} for piece in answer.reasoning]
    messages += [{"content": piece} for piece in answer.text]
    for call in answer.calls:
        function = {"name": call.name, "arguments": json.loads("".join(call.arguments))}
        messages.append({"content": "", "tool_calls": [{"function": function}]})
    lines: list[dict[str, Any]] = [{"message": {"role": "assistant"} | m, "done": False} for m in messages]
    if answer.error_event:
        return [json.dumps(line).encode() + b"\n" for line in [*lines, {"error": answer.error_event}]]
    count = len(answer.text) + len(answer.reasoning)
    last = {
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": answer.finish or "stop",
    }
    lines.append(last | {"prompt_eval_count": answer.prompt_tokens, "eval_count": count})
    return [json.dumps(line).encode() + b"\n" for line in lines]


def embeddings(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Vectors that differ with the texts, not normalised; numbered ones come in reverse."""
    vectors = [[float(len(text)), float(sum(map(ord, text[:80]))), 100.0] for text in body["input"]]
    if path == "/api/embed":
        return {"model": body["model"], "embeddings": vectors}
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    return {"object": "list", "model": body["model"], "data": data[::-1]}
