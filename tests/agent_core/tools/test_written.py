"""Commands that people write: found, filled in, asked; what is no command says why."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from agent_core.commandline import Task, parse
from agent_core.config import Settings
from agent_core.errors import UsageError
from agent_core.tools.base import ToolContext
from agent_core.tools.help import HelpArgs, HelpTool
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.tools.written import WrittenCommand, read_written
from agent_core.workspace import Workspace
from tests.tui.conftest import HOSTILE

REVIEW = "---\ndescription: look at a file\narguments: FILE [what for]\n---\nReview $1.\n\nMind: $ARGUMENTS\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "dspy-tui" / "commands"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, home: Path) -> Workspace:
    (tmp_path / "repo" / ".dspy_tui" / "commands").mkdir(parents=True)
    return Workspace.open(tmp_path / "repo")


def write(workspace: Workspace, name: str, text: str) -> Path:
    path = workspace.root / ".dspy_tui" / "commands" / name
    path.write_text(text)
    return path


def registry_of(workspace: Workspace) -> Registry:
    registry = Registry(builtin_tools())
    registry.add(HelpTool(registry=registry))
    registry.read_written(workspace)
    return registry


@pytest.mark.parametrize(
    ("body", "typed", "prompt"),
    [
        ("Review $1 for $2.", "a.py speed", "Review a.py for speed."),
        ("Review $1 for $2.", '"a b.py" speed more', "Review a b.py for speed."),
        ("Look at @$1, then $1.", '"a b.py"', 'Look at @"a b.py", then a b.py.'),
        ("Look at @$1.", "a.py", "Look at @a.py."),
        ("All: $ARGUMENTS.", "don't stop", "All: don't stop."),
        ("It costs $$5, $10 and ${HOME}.", "", "It costs $5, $10 and ${HOME}."),
        ("Say hello.", "to them", "Say hello.\n\nto them"),
        ("Say hello.", "", "Say hello."),
        ("$ARGUMENTSX", "x", "$ARGUMENTSX\n\nx"),
        ("$1 is not $2", "$2 $1", "$2 is not $1"),
    ],
)
def test_places_are_filled_once(body: str, typed: str, prompt: str) -> None:
    assert WrittenCommand("x", "x.md", body).expanded(typed) == prompt


def test_missing_words_and_an_empty_file_say_what_to_do() -> None:
    with pytest.raises(UsageError, match="needs 2 words, not 1") as caught:
        WrittenCommand("x", "x.md", "$1 $2").expanded("one")
    assert "/x <1> <2>" in caught.value.hint
    with pytest.raises(UsageError, match="says nothing"):
        WrittenCommand("x", "x.md", "---\ndescription: d\n---\n").expanded("")


def test_typed_behind_a_slash_it_is_a_task(workspace: Workspace) -> None:
    write(workspace, "review.md", REVIEW)
    registry = registry_of(workspace)
    line = parse("/review @src/a.py for speed", registry)
    assert isinstance(line, Task) and line.text == "Review @src/a.py.\n\nMind: @src/a.py for speed"
    assert [mention.path for mention in line.mentions] == ["src/a.py"]
    assert parse("review this, please", registry) == Task("review this, please")
    with pytest.raises(UsageError) as caught:
        parse("/reviw a", registry)
    assert "/review" in caught.value.hint


def test_the_workspaces_own_come_first_and_those_of_the_user_are_everywhere(
    workspace: Workspace, home: Path
) -> None:
    write(workspace, "review.md", "ours")
    (home / "review.md").write_text("theirs")
    (home / "tidy.md").write_text("# Tidy up\nall of it")
    found, unusable = read_written(workspace, ())
    assert {name: each.expanded("") for name, each in found.items()} == {
        "review": "ours", "tidy": "# Tidy up\nall of it",
    }  # fmt: skip
    assert found["tidy"].summary == "Tidy up"
    (theirs,) = unusable
    assert theirs.source == str(home / "review.md")
    assert theirs.error == ".dspy_tui/commands/review.md of this workspace has its name"


def test_what_is_no_command_says_why(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    folder = workspace.root / ".dspy_tui" / "commands"
    write(workspace, "grep.md", "x")
    write(workspace, "Loud One.md", "x")
    write(workspace, "notes.txt", "x")
    (folder / "away.md").symlink_to(tmp_path / "secret.md")
    (folder / "folder.md").mkdir()
    write(workspace, "long.md", "x" * (64 << 10) + "y")
    found, unusable = read_written(workspace, {"grep"})
    assert not found
    why = {each.name: each.error for each in unusable}
    assert set(why) == {"grep", "Loud One", "away", "folder", "long"}
    assert why["long"] == "it is larger than 64 KiB"
    assert (
        "another command" in why["grep"] and "small letters" in why["Loud One"] and "outside" in why["away"]
    )


def test_a_mark_at_the_beginning_is_no_text_and_a_head_that_is_not_closed_is_named(
    workspace: Workspace,
) -> None:
    write(workspace, "marked.md", f"\ufeff{REVIEW}")
    write(workspace, "open.md", "---\ndescription: x\nReview it.\n")
    found, (open_one,) = read_written(workspace, ())
    assert found["marked"].summary == "look at a file" and "---" not in found["marked"].expanded("a b")
    assert open_one.name == "open" and "not closed" in open_one.error


async def test_help_lists_and_explains_them(workspace: Workspace) -> None:
    write(workspace, "review.md", REVIEW)
    write(workspace, "odd.md", f"---\ndescription: {HOSTILE}\n---\n{HOSTILE}")
    write(workspace, "ls.md", "x")
    tool = HelpTool(registry=registry_of(workspace))
    context = ToolContext(workspace=workspace, settings=Settings())
    text = (await tool.run(HelpArgs(), context)).text
    assert "/review" in text and "look at a file" in text and "ls.md is no command" in text
    explained = await tool.run(HelpArgs(command="/review"), context)
    assert explained.text.startswith("/review FILE [what for]\nlook at a file\n")
    assert explained.data["commands"][0]["name"] == "/review"
    assert "\x1b" not in (await tool.run(HelpArgs(command="odd"), context)).text.partition(" asks:")[0]


def test_git_keeps_them_and_nothing_else_of_the_folder(workspace: Workspace) -> None:
    subprocess.run(["git", "init", "-q", str(workspace.root)], check=True)
    workspace.ensure_state_dir("logs")
    (workspace.root / ".dspy_tui" / "logs" / "x.md").write_text("x")
    write(workspace, "review.md", REVIEW)
    write(workspace, "draft.txt", REVIEW)
    listed = subprocess.run(
        ["git", "ls-files", "-o", "--exclude-standard"], cwd=workspace.root, capture_output=True, check=True
    )
    assert listed.stdout.split() == [b".dspy_tui/commands/review.md"]


def test_in_a_batch(workspace: Workspace, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from tui.cli import main

    write(workspace, "review.md", "where is `parse_header` in $1?")
    (workspace.root / "a.py").write_text("def parse_header(): ...\n")
    words = ["--batch", "--workspace", str(workspace.root), "--set", "provider=none", "--format", "json"]
    assert main([*words, "-c", "/review a.py"]) == 0
    (result,) = json.loads(capfd.readouterr().out)["results"]
    assert result["command"] == "/review a.py" and "parse_header" in result["data"]["text"]
