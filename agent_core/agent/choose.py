"""Choosing a tool without native tool calls: the schema of a choice, and reading what came back.

The schema is one object per tool, so an endpoint that enforces it cannot leave out what a tool needs.
Endpoints that enforce nothing get lenient reading: prose around the object, code fences, single quotes, a
cut-off end.
"""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections.abc import Iterable
from typing import Any, cast

import msgspec

from agent_core.agent.meant import meant_name
from agent_core.agent.objects import is_cut, objects_in
from agent_core.llm.dspy_engine import UNPARSED
from agent_core.llm.port import ToolSpec

ANSWER = "answer"
_NAME_KEYS = ("action", "tool", "name", "function", "tool_name", "function_name", "command")
_ARGUMENT_KEYS = ("arguments", "args", "parameters", "params", "input", "action_input", "tool_input")
_MOST_STARTS = 20
_THOUGHT = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL)
_FUNCTION_TAG = re.compile(r"<function=([\w.-]+)>\s*(\{.*?)\s*(?:</function>|$)", re.DOTALL)
CODE_CALL = re.compile(r"^[ \t`]*([A-Za-z_][\w.]*)\(.*\)(?=[ \t`]*$)", re.MULTILINE)
"""A line that is a call as Python writes it."""


class Choice(msgspec.Struct, frozen=True):
    """A tool and its arguments, not yet trusted; `name` may be `answer`."""

    name: str
    arguments: dict[str, Any]
    known: bool = False
    """Whether there is such a tool."""
    cut: bool = False
    """Whether a value was cut off; it is not among the arguments."""
    is_call: bool = False
    """Whether it has the form of a call: a name, and arguments by themselves."""


def without_thought(text: str) -> str:
    """The reply without what is said in or before a `<think>` block."""
    return _THOUGHT.sub("", text)


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
        names: The tools' names; what names one of them is preferred.
    """
    found = parse_choices(text, names)
    return next((choice for choice in found if choice.known), found[0] if found else None)


def parse_choices(text: str, names: Iterable[str]) -> list[Choice]:
    """Every choice in a reply, each once; what is said in or before a `<think>` block is no reply."""
    text = without_thought(text)
    known = (ANSWER, *names)
    found = [choice for value in objects_in(text, cut=True) if (choice := _as_choice(value)) is not None]
    found += [Choice(match[1], _bare(match[2]), is_call=True) for match in _FUNCTION_TAG.finditer(text)]
    found += _code_calls(text)
    chosen: list[Choice] = []
    for choice in found:
        name = meant_name(choice.name, known)
        arguments = {key: value for key, value in choice.arguments.items() if not is_cut(value)}
        cut = len(arguments) < len(choice.arguments)
        made = Choice(name or choice.name, arguments, known=name is not None, cut=cut, is_call=choice.is_call)
        if made not in chosen:
            chosen.append(made)
    return chosen


def _code_calls(text: str) -> list[Choice]:
    """Lines that are a call as Python writes it: `grep(pattern="x")`."""
    found: list[Choice] = []
    for match in itertools.islice(CODE_CALL.finditer(text), _MOST_STARTS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call = ast.parse(match[0].strip(), mode="eval").body
            if not isinstance(call, ast.Call) or len(call.args) > 1:
                continue
            arguments = {part.arg or "": ast.literal_eval(part.value) for part in call.keywords}
            if call.args:
                arguments[UNPARSED] = ast.literal_eval(call.args[0])
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        found.append(Choice(match[1], arguments))
    return found


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
            name = re.split(r"[\s(]", named.strip())[0].rpartition(".")[2] or named.strip()
            is_call = any(isinstance(fields.get(other), dict | str) for other in _ARGUMENT_KEYS)
            return Choice(name, _arguments(fields, key), is_call=is_call)
    return None


def _arguments(fields: dict[str, Any], name_key: str) -> dict[str, Any]:
    arguments = {key: value for key, value in fields.items() if key != name_key and key not in _ARGUMENT_KEYS}
    for key in _ARGUMENT_KEYS:
        nested = fields.get(key)
        if isinstance(nested, dict):
            arguments.update(cast("dict[str, Any]", nested))
        elif nested is not None:
            arguments.update(_bare(nested))
    return {key: value for key, value in arguments.items() if value is not None}


def _bare(given: Any) -> dict[str, Any]:
    """Arguments that are given as something else than an object."""
    if isinstance(given, str):
        value = next(iter(objects_in(given, cut=True)), None)
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
    return {UNPARSED: given}
