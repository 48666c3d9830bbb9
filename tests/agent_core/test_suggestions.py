"""The fixed order of suggestions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.index.api import IndexStatus
from agent_core.suggestions import NO_EVIDENCE, ORDER, most_telling, propose
from agent_core.tools.esearch import EsearchTool
from agent_core.tools.intel import IntelTool
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.tools.vretr import VretrTool
from agent_core.workspace import Workspace
from tests.fakes.index import FilesIndex
from tests.fakes.logs import GivenLogs


def test_it_says_what_it_rests_on() -> None:
    ranked = propose({"ls", "tree", "grep", "shell"})
    assert ranked.evidence == NO_EVIDENCE
    assert [item.tool for item in ranked.items] == ["grep", "tree", "ls"], "safe tools only, in their order"
    assert all(item.probability is None for item in ranked.items)


def test_every_safe_tool_has_its_place() -> None:
    assert [item.tool for item in propose(set(ORDER), asked="read the port").items] == list(ORDER)


@pytest.mark.parametrize(
    "asked",
    [
        "", "where is parse_header defined?", "what's -x?", 'say "hello_world" twice', "'quoted' word",
        "--limit 3", "what does --limit 5 do", "two\nlines", "x" * 5000, '"it\'s"', "what is it --tests",
    ],
)  # fmt: skip
def test_each_command_can_be_run_as_it_is(asked: str, tmp_path: Path) -> None:
    index: Any = FilesIndex(Workspace.open(tmp_path))
    searches = [EsearchTool(index=index), IntelTool(index=index, logs=GivenLogs()), VretrTool(index=index)]
    registry = Registry([*builtin_tools(), *searches])
    names = {"grep", "tree", "ls", "esearch", "intel", "vretr"}
    ranked = propose(names, asked=asked).items
    assert {item.tool for item in ranked} == names
    for item in ranked:
        line = parse(item.command, registry)
        assert isinstance(line, CommandLine)
        assert line.tool_name == item.tool
        if asked and item.tool == "vretr":
            assert getattr(line.args, "query", "")[:100] == " ".join(asked.split())[:100]


def test_what_waits_for_its_cooldown_is_not_proposed() -> None:
    ranked = propose({"index", "emb-index", "ls"}, waiting={"emb-index": 500.0})
    assert [item.tool for item in ranked.items] == ["ls", "index"]


@pytest.mark.parametrize(
    ("status", "proposed"),
    [
        (IndexStatus(embedder="m"), ["index"]),
        (IndexStatus(phase="building", embedder="m"), []),
        (IndexStatus(phase="ready", files=3, chunks=9, behind=1), ["index"]),
        (IndexStatus(phase="ready", files=3, chunks=9, embedded=2, embedder="m"), ["emb-index"]),
        (IndexStatus(phase="ready", files=3, chunks=9, embedded=9, embedder="m"), []),
        (IndexStatus(phase="ready", files=3, chunks=9), []),
    ],
)
def test_what_the_index_does_not_need_is_not_proposed(status: IndexStatus, proposed: list[str]) -> None:
    ranked = propose({"index", "emb-index"}, index=status)
    assert [item.tool for item in ranked.items] == proposed


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


def test_a_plan_is_proposed_for_what_was_asked_and_for_nothing_else() -> None:
    asked = propose(("plan", "ls"), asked="read the port only once")
    assert "plan read the port only once" in [item.command for item in asked.items]
    assert [item.tool for item in propose(("plan", "ls")).items] == ["ls"]
