"""What the documents show is typed, and what they give as files is read."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from agent_core.config import load
from agent_core.tools.written import read_written
from agent_core.workspace import Workspace
from tests.docs.blocks import ROOT, Block, blocks, of, unknown
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer
from tui.manpage import EXAMPLES
from tui.options import parse

_EDIT = "<<<<<<< SEARCH\n    return a - b\n=======\n    return a + b\n>>>>>>> REPLACE"
_MENDED = f"I mend it.\n\napp.py\n```python\n{_EDIT}\n```\n"


def named(*languages: str) -> pytest.MarkDecorator:
    """For every block of these languages that is run."""
    return pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in of(*languages)])


def test_blocks_are_found_and_known() -> None:
    assert len(list(blocks())) > 60 and not unknown()
    reasons = [block.note.removeprefix("not run: ") for block in blocks() if block.note.startswith("not run")]
    assert all(len(reason) > 10 for reason in reasons), "a block that is not run says why"


@named("sh")
async def test_what_is_to_be_typed_works(block: Block, home: Path, typed: dict[str, str]) -> None:
    lines = block.text.splitlines() if block.exit_codes else [block.text]
    code = home / "src" / "project" / "app.py"
    begun = code.read_text()
    async with ModelServer() as server:
        env = typed | _model(server)
        for line, expected in zip(lines, block.exit_codes or [0], strict=True):
            code.write_text(begun)
            done = await _typed(line, home, env)
            assert done.returncode == expected, (line, done.stdout, done.stderr)


@named("", "text")
async def test_what_is_shown_of_a_shell_is_what_is_seen(
    block: Block, home: Path, typed: dict[str, str]
) -> None:
    async with ModelServer() as server:
        env = typed | _model(server)
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            done = await _typed(line, home, env)
            assert done.returncode == 0, (line, done.stderr)
            assert shown.strip() in done.stdout, line


@named("json")
def test_json_is_json(block: Block) -> None:
    value = json.loads(block.text)
    for name, schema in (("dspy-tui.batch/", "batch.schema.json"), ("dspy-tui.sent/", "sent.schema.json")):
        if str(value.get("schema", "")).startswith(name):
            jsonschema.validate(value, json.loads((ROOT / "docs" / schema).read_text()))


@named("yaml")
def test_yaml_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


@named("toml")
def test_settings_are_taken_without_a_warning(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(block.text)
    assert load(root=None, env={}, user_file=path).warnings == ()


@named("python")
def test_python_is_python(block: Block) -> None:
    compile(block.text, block.id, "exec")


@named("markdown")
def test_a_command_is_read(block: Block, tmp_path: Path) -> None:
    folder = tmp_path / ".dspy_tui" / "commands"
    folder.mkdir(parents=True)
    (folder / "it.md").write_text(block.text)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "none"), "HOME": str(tmp_path)}
    found, unusable = read_written(Workspace.open(tmp_path), (), env)
    assert found["it"].summary and not unusable


def _model(server: ModelServer) -> dict[str, str]:
    """Commands that need a model get one that mends `add`."""
    server.script(Answer(text=(_MENDED,)))
    return {"OPENAI_BASE_URL": f"{server.url}/v1", "MODEL_NAME": "big", "DSPY_TUI_PROVIDER": "openai"}


async def _typed(line: str, home: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", line),
        cwd=home / "src" / "project",
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return subprocess.CompletedProcess(line, process.returncode, out.decode(), err.decode())


_SCREEN_OR_KEY = ("dspy-tui ~/src/project", "dspy-tui auth login models.example.com")
"""Examples of the manual page that open a screen, or ask for a key; they are read alone."""


@pytest.mark.parametrize("line", [line for _, line in EXAMPLES])
async def test_the_examples_of_the_manual_page_work(line: str, home: Path, typed: dict[str, str]) -> None:
    if line in _SCREEN_OR_KEY:
        assert parse(shlex.split(line)[1:])
        return
    done = await _typed(line, home, typed)
    assert done.returncode == 0, (line, done.stdout, done.stderr)
