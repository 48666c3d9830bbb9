"""What goes to Ollama's `/api/chat`, how large its window is, and whether it cut the prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import msgspec

from agent_core.llm.port import ChatRequest, Message, ModelInfo

if TYPE_CHECKING:
    from agent_core.llm.ollama_client import Shown

DEFAULT_WINDOW = 4096
"""What Ollama takes where nothing says otherwise; it is sent explicitly all the same."""
_NUM_CTX = re.compile(r"^\s*num_ctx\s+(\d+)", re.MULTILINE)


def window_of(*, asked: int, shown: Shown, loaded: int | None) -> int:
    """The effective window in tokens.

    The setting, else the Modelfile's `num_ctx`, else what the model is loaded with, else Ollama's default;
    never more than the model was made for.
    """
    made = _NUM_CTX.search(shown.parameters or "")
    window = asked or (int(made[1]) if made else 0) or loaded or DEFAULT_WINDOW
    most = _trained_window(shown.model_info or {})
    return min(window, most) if most else window


def _trained_window(model_info: dict[str, Any]) -> int:
    found = model_info.get(f"{model_info.get('general.architecture', '')}.context_length")
    return found if isinstance(found, int) else 0


def chat_body(request: ChatRequest, info: ModelInfo, *, temperature: float) -> dict[str, Any]:
    """The JSON of a streamed chat. Neither the prompt nor the answer may be cut or shifted by the server."""
    options: dict[str, Any] = {
        "num_ctx": info.window,
        "temperature": temperature if request.temperature is None else request.temperature,
    }
    if request.max_tokens is not None:
        options["num_predict"] = request.max_tokens
    if request.stop:
        options["stop"] = list(request.stop)
    body: dict[str, Any] = {
        "model": info.name,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "truncate": False,
        "shift": False,
        "options": options,
    }
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": msgspec.to_builtins(tool)} for tool in request.tools
        ]
    if request.response_schema is not None:
        body["format"] = request.response_schema
    think = False if request.response_schema is not None else request.think
    if think is not None and info.supports_thinking:
        body["think"] = think
    return body


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["tool_calls"] = [
            {"id": call.id, "function": {"name": call.name, "arguments": _object(call.arguments)}}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        out |= {"tool_name": message.name, "tool_call_id": message.tool_call_id}
    return out


def _object(arguments: str) -> dict[str, Any]:
    """The arguments as the object that Ollama wants, also where the model wrote something else."""
    try:
        value: Any = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        value = arguments
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"value": value}
