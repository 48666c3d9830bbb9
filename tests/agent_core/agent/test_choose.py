from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.agent.choose import choice_schema, describe, parse_choice, parse_choices
from agent_core.llm.dspy_engine import UNPARSED, arguments_of
from agent_core.llm.port import ToolSpec

GREP = ToolSpec(
    "grep",
    "search the files",
    {
        "type": "object",
        "properties": {"pattern": {"type": "string"}, "path": {"type": "string"}},
        "required": ["pattern"],
    },
)
NAMES = ("grep", "cat")


def test_the_schema_has_one_object_per_tool_and_one_for_answering() -> None:
    schema = choice_schema([GREP])
    answer, grep = schema["anyOf"]
    assert answer["properties"]["action"] == {"const": "answer"}
    assert grep["required"] == ["action", "pattern"] and grep["additionalProperties"] is False
    json.dumps(schema)


def test_tools_are_described_in_a_line_each() -> None:
    assert describe([GREP]) == "grep pattern [path]: search the files\nanswer: enough is known"


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('{"action": "answer"}', "answer", {}),
        ('{"action": "grep", "pattern": "x", "path": null}', "grep", {"pattern": "x"}),
        ('{"action": "grep", "arguments": {"pattern": "x"}}', "grep", {"pattern": "x"}),
        ('{"name": "grep", "parameters": "{\\"pattern\\": \\"x\\"}"}', "grep", {"pattern": "x"}),
        ('{"function": {"name": "cat", "arguments": {"path": "a"}}}', "cat", {"path": "a"}),
        ('{"tool": "functions.grep", "pattern": "x"}', "grep", {"pattern": "x"}),
        ('Here: {"a": 1} and {"action": "grep", "pattern": "x"}', "grep", {"pattern": "x"}),
        ("```json\n{\"action\": \"cat\", 'path': 'a'}\n```", "cat", {"path": "a"}),
        ('{"action": "grep", "pattern": "x", "path"', "grep", {"pattern": "x"}),
        ('{"action": "grep", "pattern": "x",', "grep", {"pattern": "x"}),
        ('[{"action": "grep", "pattern": "x"}]', "grep", {"pattern": "x"}),
        ("{'action': 'grep', 'pattern': 'it\\'s', 'word': True}", "grep", {"pattern": "it's", "word": True}),
        ('<think>{no}</think> {"action": "cat", "path": "a"}', "cat", {"path": "a"}),
    ],
)
def test_a_choice_is_read(text: str, name: str, arguments: dict[str, Any]) -> None:
    choice = parse_choice(text, NAMES)
    assert choice is not None
    assert (choice.name, choice.arguments, choice.known, choice.cut) == (name, arguments, True, False)


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "grep", "pattern": "unfinis',
        '{"action": "grep", "pattern": "a\\',
        '{"name": "grep", "arguments": {"pattern": "unf',
        '{"name": "grep", "arguments": "{\\"pattern\\": \\"unf',
    ],
)
def test_a_value_that_is_cut_off_is_none(text: str) -> None:
    choice = parse_choice(text, NAMES)
    assert choice is not None
    assert (choice.name, choice.cut, choice.arguments) == ("grep", True, {})


def test_a_value_that_is_cut_off_within_another_is_none_either() -> None:
    said = '{"name": "grep", "arguments": {"path": "a", "pattern": {"city": {"name": "Ro'
    choice = parse_choice(said, NAMES)
    assert choice is not None and (choice.arguments, choice.cut) == ({"path": "a"}, True)


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('{action: "grep", pattern: "x",}', "grep", {"pattern": "x"}),
        ('grep(pattern="x", word=True)', "grep", {"pattern": "x", "word": True}),
        ('Sure.\n\ngrep("x")', "grep", {UNPARSED: "x"}),
        ('<function=grep>{"pattern": "x"}</function>', "grep", {"pattern": "x"}),
        ('{"name": "read_file", "arguments": "a.py"}', "cat", {UNPARSED: "a.py"}),
        ('{"name": "grpe", "arguments": {"pattern": "x"}}', "grep", {"pattern": "x"}),
        ('perhaps {"name": "cat"}\n</think>\n{"action": "grep", "pattern": "x"}', "grep", {"pattern": "x"}),
    ],
)
def test_other_ways_to_write_a_call(text: str, name: str, arguments: dict[str, Any]) -> None:
    (choice,) = parse_choices(text, NAMES)
    assert (choice.name, choice.arguments, choice.known) == (name, arguments, True)


@pytest.mark.parametrize(
    "text", ["", "grep for it", "{", "{}", "[]", "null", '{"action": 3}', '{"x": "y"}', "{" * 5000]
)
def test_what_is_no_choice_is_none(text: str) -> None:
    assert parse_choice(text, NAMES) is None


@given(st.text(alphabet='{}[]":,\\ aégrepction\n1', max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    parse_choice(text, NAMES)
    parse_choice('{"action": "grep", ' + text, NAMES)


@given(st.integers(0, 60))
def test_a_choice_cut_off_anywhere_is_read_or_none(length: int) -> None:
    whole = '{"action": "grep", "pattern": "def main", "path": "src"}'
    choice = parse_choice(whole[:length], NAMES)
    assert choice is None or choice.name in ("grep", "gre", "gr", "g")


def test_arguments_of_a_native_call_are_read() -> None:
    assert arguments_of('{"a": 1}') == {"a": 1}
    assert arguments_of("") == {} == arguments_of("  ")
    assert arguments_of('```json\n{"a": 1}\n```') == {"a": 1}
    assert arguments_of('"{\\"a\\": 1}"') == {"a": 1}
    for junk in ("not json", "[1]", "{", '"x"'):
        assert arguments_of(junk) == {UNPARSED: junk}
