"""What may be suggested, and with which arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.index.api import IndexStatus
from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.commands import command_of, most_telling, place_of, possible
from agent_core.tools.codectx import CodectxTool
from agent_core.tools.esearch import EsearchTool
from agent_core.tools.intel import IntelTool
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.tools.vretr import VretrTool
from agent_core.workspace import Workspace
from tests.fakes.index import FilesIndex
from tests.fakes.logs import GivenLogs


def test_safe_tools_only_in_the_order_of_the_rules() -> None:
    assert possible({"ls", "tree", "grep", "shell"}) == ("grep", "tree", "ls")
    assert possible(set(SAFE_TOOLS), asked="read the port") == SAFE_TOOLS


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
    for tool in ("grep", "tree", "ls", "esearch", "intel", "vretr"):
        line = parse(command_of(tool, asked)[0], registry)
        assert isinstance(line, CommandLine)
        assert line.tool_name == tool
        if asked and tool == "vretr":
            assert getattr(line.args, "query", "")[:100] == " ".join(asked.split())[:100]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("what does src/port.py do", "src/port.py"),
        ("why does @src/port.py:3-9 fail in src/", "src/port.py"),
        ('look at @"with space.py"', "with space.py"),
        ("explain @src/", "src/"),
        ("explain src/gone.py and -x.py", "-x.py"),
        ("what is in ../secret.py or /etc/passwd", ""),
        ("what is @. about", ""),
        ("what does \0/port.py do", ""),
        ("where is the port?", ""),
    ],
)
def test_overviews_look_at_the_place_that_is_named(asked: str, place: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (tmp_path / "secret.py").touch()
    for name in ("src/port.py", "with space.py", "-x.py"):
        (root / name).touch()
    assert place_of(asked, Workspace.open(root)) == place
    unused: Any = None
    registry = Registry([*builtin_tools(), CodectxTool(index=unused, models=unused)])
    for tool in ("codectx", "ls", "tree"):
        line = parse(command_of(tool, asked, place)[0], registry)
        assert isinstance(line, CommandLine), line
        path = (root / getattr(line.args, "path")).resolve()  # noqa: B009
        wanted = root / place
        assert path == (wanted if tool == "codectx" or wanted.is_dir() else wanted.parent)


def test_what_waits_for_its_cooldown_is_not_proposed() -> None:
    assert possible({"index", "emb-index", "ls"}, without={"emb-index"}) == ("ls", "index")


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
    assert list(possible({"index", "emb-index"}, index=status)) == proposed


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
    assert possible(("plan", "ls"), asked="read the port only once") == ("plan", "ls")
    assert command_of("plan", "read the port only once")[0] == "plan read the port only once"
    assert possible(("plan", "ls")) == ("ls",)
