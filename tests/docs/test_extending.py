"""What docs/extending.md gives as hooks and plugins works as one, and the schema is that of the program."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from agent_core.config import Settings
from agent_core.hooks.model import HookInput, HookReply
from agent_core.hooks.reading import read_workspace
from agent_core.hooks.schema import schema
from agent_core.plugins.needs import check
from agent_core.plugins.tools import guarded
from agent_core.plugins.verifiers import plugin_checks
from agent_core.tools.base import ToolContext
from agent_core.tools.registry import Registry
from agent_core.verify.project import Project
from agent_core.workspace import Workspace
from tests.docs.blocks import ROOT, Block, blocks

PAGE = ROOT / "docs" / "extending.md"


def noted(beginning: str) -> Iterator[Block]:
    return (block for block in blocks() if block.path == PAGE and block.note.startswith(beginning))


def test_the_schema_is_that_of_the_program() -> None:
    assert json.loads((ROOT / "docs" / "hook.schema.json").read_text()) == json.loads(json.dumps(schema()))


def test_the_hooks_are_read(tmp_path: Path) -> None:
    (block,) = noted("not run: tests/docs/test_extending.py")
    (tmp_path / ".dspy_tui").mkdir()
    (tmp_path / ".dspy_tui" / "hooks.toml").write_text(block.text)
    file = read_workspace(Workspace.open(tmp_path))
    assert file is not None and file.trouble == ""
    assert [(hook.on, hook.on_failure) for hook in file.hooks] == [
        ("before_tool", "refuse"),
        ("after_tool", "allow"),
    ]


def test_the_hook_program_refuses() -> None:
    (block,) = noted("hook: ")
    given = {"schema": "dspy-tui.hook/1", "hook": "x", "workspace": "/w", "turn_id": "1", "prompt": "do it"}
    given |= json.loads(block.note.removeprefix("hook: "))
    given["tool"] |= {"action": "write", "command": "change it", "typed": False}
    jsonschema.validate(given, schema())
    msgspec.convert(given, HookInput)
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    reply = msgspec.json.decode(done.stdout, type=HookReply)
    assert reply.decision == "refuse" and reply.reason.startswith("src/generated/api.py is generated")


def made(block: Block) -> tuple[str, str, Any]:
    """Kind, name and what the block's last class makes."""
    kind, name = block.note.removeprefix("plugin: ").split(":")
    inside: dict[str, Any] = {"__name__": f"documented_{name}"}
    exec(compile(block.text, block.id, "exec", dont_inherit=True), inside)
    return kind, name, list(inside.values())[-1]()


class Given:
    """The one plugin of a document, as if it were installed."""

    def __init__(self, name: str, plugin: Any) -> None:
        self._name, self._plugin = name, plugin

    def points(self, _: str) -> dict[str, None]:
        return {self._name: None}

    def load(self, *_: str) -> Any:
        return self._plugin


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in noted("plugin: ")])
def test_the_plugins_work(block: Block, tmp_path: Path) -> None:
    (tmp_path / ".codespellrc").touch()
    kind, name, plugin = made(block)
    check(kind, plugin)  # type: ignore[arg-type]
    if kind == "verifiers":
        found = list(plugin_checks(Project(tmp_path, ".", path=""), Given(name, plugin), set()))  # type: ignore[arg-type]
        assert [each.name for each in found] == ["codespell"]
        return
    tool = guarded(plugin, name)
    Registry([tool])
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings())
    result = asyncio.run(tool.run(tool.args_type(), context))
    assert result.text == "Hello you, 1 files."
