"""Paths of commands that are typed as mentions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.events import Notice, ToolFinished, ToolStarted, TurnFinished
from agent_core.llm.port import ToolCall, ToolCallChunk
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.tools.cat import CatArgs, CatTool
from agent_core.tools.codectx import CodectxArgs
from agent_core.tools.ctx import CtxArgs
from agent_core.tools.diff import DiffArgs, DiffTool
from agent_core.tools.export import ExportArgs
from agent_core.tools.fields import fields_of
from agent_core.tools.grep import GrepArgs, GrepTool
from agent_core.tools.logs import LogsArgs, LogsTool
from agent_core.tools.ls import LsArgs, LsTool
from agent_core.tools.mentioned import as_paths
from agent_core.tools.registry import Registry
from agent_core.tools.rl import RlArgs
from agent_core.tools.tree import TreeArgs, TreeTool
from agent_core.tools.verifiers import CheckArgs, RunTestsTool
from agent_core.workspace import Workspace
from tests.fakes.session import make_session

REGISTRY = Registry([CatTool(), DiffTool(), GrepTool(), LogsTool(), LsTool(), RunTestsTool(), TreeTool()])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "workspace"
    for folder in ("src", "@types", "my notes"):
        (top / folder).mkdir(parents=True)
    for name in ("setup.py", "src/a.py", "@types/index.d.ts", "my notes/to do.md", "odd:10", "b", "@b"):
        (top / name).write_text("one\ntwo\nthree\n")
    (tmp_path / "secret").write_text("one\n")
    (top / "out").symlink_to(tmp_path / "secret")
    return top


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("cat @setup.py", "setup.py"),
        ("/cat @setup.py:10-20", "setup.py:10-20"),
        ("cat @setup.py:10-", "setup.py:10-"),
        ("cat setup.py:2", "setup.py:2"),
        ('cat @"my notes/to do.md"', "my notes/to do.md"),
        ('cat @"my notes/to do.md":3-4', "my notes/to do.md:3-4"),
        ("cat '@my notes/to do.md'", "my notes/to do.md"),
        ("cat @types/index.d.ts", "@types/index.d.ts"),
        ("cat @types/index.d.ts:1-2", "@types/index.d.ts:1-2"),
        ("cat @@types/index.d.ts:1-2", "@types/index.d.ts:1-2"),
        ("cat @odd:10", "odd:10"),
        ("cat @b", "@b"),
        ("cat @@b", "@b"),
        ("cat @nowhere.py:3", "@nowhere.py:3"),
        ("cat @", "@"),
        ("cat @../secret", "@../secret"),
        ("cat @out", "@out"),
        ("cat @out:1", "@out:1"),
        ("ls @src", "src"),
        ("ls @src/", "src/"),
        ("tree @.", "."),
        ("grep one @setup.py", "setup.py"),
        ("grep @one @src", "src"),
        ("diff @src/a.py", "src/a.py"),
    ],
)
async def test_a_mention_is_the_path_of_what_exists(root: Path, line: str, means: str) -> None:
    args, said = await read(line, root)
    assert args.path == means
    assert said == ()
    assert getattr(args, "pattern", "one").endswith("one")


@pytest.mark.parametrize("line", ["grep one @setup.py:2-3", "grep one setup.py:2", "diff @setup.py:2"])
async def test_lines_that_mean_nothing_are_told_of(root: Path, line: str) -> None:
    args, said = await read(line, root)
    assert args.path == "setup.py"
    assert said == (f"{line.split()[0]} takes no lines: it goes by all of setup.py",)


async def test_each_of_several_is_read(root: Path) -> None:
    args, said = await read("run_tests @setup.py @src/a.py:1-3 setup.py::test_x src/a.py:2 -- -k @none", root)
    assert args.words == ("setup.py", "src/a.py", "setup.py::test_x", "src/a.py", "-k", "@none")
    assert said == ("run_tests takes no lines: it goes by all of src/a.py",)
    args, said = await read("logs ship @setup.py compose:web *.log", root)
    assert (args.sources, said) == (("setup.py", "compose:web", "*.log"), ())


@pytest.mark.parametrize(
    ("args_type", "name"),
    [
        *((args, "path") for args in (CatArgs, CodectxArgs, DiffArgs, ExportArgs, GrepArgs, LsArgs, RlArgs)),
        *((TreeArgs, "path"), (CtxArgs, "source"), (LogsArgs, "sources"), (CheckArgs, "words")),
    ],
)
def test_every_path_says_that_it_is_one(args_type: type[msgspec.Struct], name: str) -> None:
    assert [field.name for field in fields_of(args_type) if field.path] == [name]


async def test_a_typed_command_runs_on_what_is_mentioned(root: Path, tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, GrepTool(), CatTool())
    session.submit("/grep two @setup.py:3")
    await session.idle()
    session.submit("cat @setup.py:2-3")
    await session.idle()
    session.submit("cat @nowhere.py")
    await session.idle()
    found, shown, missing = seen.of(ToolFinished)
    assert [event.command for event in seen.of(ToolStarted)] == [
        "grep two setup.py",
        "cat setup.py:2-3",
        "cat @nowhere.py",
    ]
    assert [(hit["path"], hit["start"]) for hit in found.data["hits"]] == [("setup.py", 2)]
    assert seen.one(Notice).message == "grep takes no lines: it goes by all of setup.py"
    assert shown.text == "2  two\n3  three"
    assert missing.error is not None and missing.error.message == "@nowhere.py does not exist"
    assert [event.exit for event in seen.of(TurnFinished)] == [0, 0, 1]


async def test_the_agent_is_understood_without_a_remark(root: Path, tmp_path: Path) -> None:
    call = ToolCall("c1", "grep", '{"pattern": "two", "path": "@setup.py:3"}')
    session, seen = make_session(
        tmp_path, GrepTool(), model=ScriptedModel([Reply.of(ToolCallChunk(call)), "Line 2."])
    )
    session.submit(" where is two?")
    await session.idle()
    assert seen.one(ToolStarted).command == "grep two setup.py"
    assert seen.of(Notice) == []


async def test_a_rule_against_a_file_holds_for_its_mention(root: Path, tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, CatTool(), deny=("read:cat src/*",))
    session.submit("cat @src/a.py:1")
    await session.idle()
    error = seen.one(TurnFinished).error
    assert error is not None and error.code == "permission"


async def read(line: str, root: Path) -> tuple[Any, tuple[str, ...]]:
    parsed = parse(line, REGISTRY)
    assert isinstance(parsed, CommandLine)
    tool = REGISTRY.get(parsed.tool_name)
    assert tool is not None
    return await as_paths(tool, parsed.args, Workspace.open(root))
