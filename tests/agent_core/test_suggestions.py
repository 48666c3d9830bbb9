"""The fixed order of suggestions."""

from __future__ import annotations

import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.suggestions import NO_EVIDENCE, ORDER, most_telling, propose
from agent_core.tools.registry import Registry, builtin_tools


def test_it_says_what_it_rests_on() -> None:
    ranked = propose({"ls", "tree", "grep", "shell"})
    assert ranked.evidence == NO_EVIDENCE
    assert [item.tool for item in ranked.items] == ["grep", "tree", "ls"], "safe tools only, in their order"
    assert all(item.probability is None for item in ranked.items)


def test_every_safe_tool_has_its_place() -> None:
    assert [item.tool for item in propose(set(ORDER)).items] == list(ORDER)


@pytest.mark.parametrize(
    "asked", ["", "where is parse_header defined?", "what's -x?", 'say "hello_world" twice']
)
def test_each_command_can_be_run_as_it_is(asked: str) -> None:
    registry = Registry(builtin_tools())
    for item in propose({"grep", "tree", "ls"}, asked=asked).items:
        line = parse(item.command, registry)
        assert isinstance(line, CommandLine)
        assert line.tool_name == item.tool


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("where is parse_header defined?", "parse_header"),
        ("why does HttpClient hang in production", "HttpClient"),
        ("what does this do?", ""),
        ("", ""),
        ("who calls the scheduler", "scheduler"),
    ],
)
def test_the_word_that_looks_like_a_name(text: str, word: str) -> None:
    assert most_telling(text) == word
