"""Choosing a tool without native tool calls: the schema of a choice, and reading what came back.

The schema is one object per tool, so an endpoint that enforces it cannot leave out what a tool needs.
Endpoints that enforce nothing get lenient reading: prose around the object, code fences, single quotes, a
cut-off end.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec

from agent_core.llm.port import ToolSpec

ANSWER = "answer"
_NAME_KEYS = ("action", "tool", "name", "function", "tool_name", "function_name", "command")
_ARGUMENT_KEYS = ("arguments", "args", "parameters", "params", "input", "action_input", "tool_input")
_MOST_STARTS = 20


class Choice(msgspec.Struct, frozen=True):
    """A tool and its arguments, not yet trusted; `name` may be `answer`."""

    name: str
    arguments: dict[str, Any]


def choice_schema(tools: Iterable[ToolSpec]) -> dict[str, Any]:
    """The JSON schema of a choice among the tools and `answer`."""
    variants = [_variant(ANSWER, {}, [])]
    for tool in tools:
        properties = cast("dict[str, Any]", tool.parameters.get("properties", {}))
        variants.append(_variant(tool.name, properties, tool.parameters.get("required", [])))
    return {"anyOf": variants}


def _variant(name: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"action": {"const": name}, **properties},
        "required": ["action", *required],
        "additionalProperties": False,
    }


def describe(tools: Iterable[ToolSpec]) -> str:
    """The tools as a short list: name, arguments (those that may be left out in brackets), purpose."""
    return "\n".join(map(described, tools)) + f"\n{ANSWER}: enough is known"


def described(tool: ToolSpec) -> str:
    """A tool as one line of that list."""
    required = tool.parameters.get("required", [])
    names = [name if name in required else f"[{name}]" for name in tool.parameters.get("properties", {})]
    return f"{tool.name} {' '.join(names)}: {tool.description}"


def parse_choice(text: str, names: Iterable[str]) -> Choice | None:
    """The choice in a reply, however it is wrapped; None when there is none.

    Args:
        text: The reply.
        names: The tools' names; an object that names one of them is preferred.
    """
    known = {ANSWER, *names}
    found = [choice for value in objects_in(text) if (choice := _as_choice(value)) is not None]
    return next((choice for choice in found if choice.name in known), found[0] if found else None)


def _as_choice(value: Any) -> Choice | None:
    if isinstance(value, list) and value:
        value = cast("list[Any]", value)[0]
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    for key in _NAME_KEYS:
        named = fields.get(key)
        if isinstance(named, dict):  # {"function": {"name": ..., "arguments": ...}}
            return _as_choice(cast("Any", named))
        if isinstance(named, str) and named.strip():
            name = re.split(r"[\s(]", named.strip())[0].rpartition(".")[2]
            return Choice(name, _arguments(fields, key))
    return None


def _arguments(fields: dict[str, Any], name_key: str) -> dict[str, Any]:
    arguments = {key: value for key, value in fields.items() if key != name_key and key not in _ARGUMENT_KEYS}
    for key in _ARGUMENT_KEYS:
        nested = fields.get(key)
        if isinstance(nested, str):
            nested = next(iter(objects_in(nested)), None)
        if isinstance(nested, dict):
            arguments.update(cast("dict[str, Any]", nested))
    return {key: value for key, value in arguments.items() if value is not None}


def objects_in(text: str) -> Iterator[Any]:
    """The JSON objects in a text, complete ones first, then what a cut-off one amounts to."""
    decoder = json.JSONDecoder()
    at, starts = 0, 0
    broken: list[str] = []
    while starts < _MOST_STARTS and (at := text.find("{", at)) >= 0:
        starts += 1
        try:
            value, at = decoder.raw_decode(text, at)
            yield value
        except (ValueError, RecursionError):
            broken.append(text[at : at + 4000])
            at += 1
    for candidate in broken[:3]:
        value = _mended(candidate)
        if value is not None:
            yield value


def _mended(text: str) -> Any:
    """A broken object read as well as it can be: cut off at its end, or written as Python writes it."""
    closed = _closed(text)
    for candidate in (closed, re.sub(r",\s*([}\]])", r"\1", closed)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            pass
        try:
            value = ast.literal_eval(candidate)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        if isinstance(value, dict):
            return cast("Any", value)
    return None


def _closed(text: str) -> str:
    """The text up to where its first object ends, with what is open at its end closed."""
    stack: list[str] = []
    quoted = escaped = False
    for index, char in enumerate(text):
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]" and stack:
            stack.pop()
            if not stack:
                return text[: index + 1]
    text = (text[:-1] if escaped else text) + '"' * quoted
    text = re.sub(r'(,\s*|,?\s*"[^"]*"\s*:\s*|(?<=\{)\s*"[^"]*"\s*|,\s*"[^"]*"\s*)$', "", text.rstrip())
    return text + "".join(reversed(stack))
