"""`diff` on real repositories, hostile ones included."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.errors import PathRefused, ToolError
from agent_core.gitstate import status
from agent_core.text import printable
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.diff import DiffArgs, DiffTool
from agent_core.workspace import Workspace
from tests.fakes.git import git


async def diff(root: Path, path: str = ".") -> ToolResult:
    context = ToolContext(workspace=Workspace.open(root), settings=Settings())
    return await DiffTool().run(DiffArgs(path=path), context)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text("one\ntwo\nthree\n")
    (folder / "b.txt").write_text("b\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


async def test_no_changes(root: Path) -> None:
    result = await diff(root)
    assert (result.text, result.summary) == ("No changes since the last commit.", "no changes")


async def test_staged_unstaged_renamed_and_untracked(root: Path) -> None:
    (root / "src" / "a.py").write_text("one\n2\nthree\nfour\n")
    git(root, "mv", "b.txt", "c.txt")
    (root / "new é.txt").write_text("n\n")
    result = await diff(root)
    assert "-two\n+2\n three\n+four" in result.text
    assert "Untracked:\n  new é.txt" in result.text
    assert result.summary == "2 files changed, +2 -1, 1 untracked"
    assert result.data["files"] == [
        {"path": "c.txt", "added": 0, "removed": 0},
        {"path": "src/a.py", "added": 2, "removed": 1},
    ]
    assert result.data["untracked"] == ["new é.txt"]
    assert result.data["complete"]


async def test_one_path(root: Path) -> None:
    (root / "src" / "a.py").write_text("x\n")
    (root / "b.txt").write_text("y\n")
    (root / "src" / "n.py").write_text("z\n")
    result = await diff(root, "src")
    assert "b.txt" not in result.text
    assert result.data["untracked"] == ["src/n.py"]
    assert [row["path"] for row in (await diff(root, "b.txt")).data["files"]] == ["b.txt"]
    (root / "b.txt").unlink()
    assert (await diff(root, "b.txt")).data["files"] == [{"path": "b.txt", "added": 0, "removed": 1}]


async def test_a_folder_within_a_repository(root: Path) -> None:
    (root / "src" / "a.py").write_text("x\n")
    (root / "b.txt").write_text("y\n")
    result = await diff(root / "src")
    assert [row["path"] for row in result.data["files"]] == ["a.py"]


async def test_before_the_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("a\n")
    assert (await diff(tmp_path)).data["untracked"] == ["a.txt"]
    git(tmp_path, "add", ".")
    assert (await diff(tmp_path)).summary == "1 file changed, +1 -0"


async def test_binary_and_hostile_text(root: Path) -> None:
    (root / "b.txt").write_bytes(b"\x1b[31mred\x1b]0;t\x07\n")
    (root / "src" / "a.py").write_bytes(b"\0\1")
    result = await diff(root)
    assert "+red" in result.text
    assert printable(result.text) == result.text
    assert {"path": "src/a.py", "added": None, "removed": None} in result.data["files"]


async def test_a_large_change_is_cut(root: Path) -> None:
    (root / "b.txt").write_text("".join(f"{number}\n" for number in range(200_000)))
    result = await diff(root)
    assert len(result.text) < 300_000
    assert "cut:" in result.note
    assert not result.data["complete"]
    assert result.data["files"] == [{"path": "b.txt", "added": 200_000, "removed": 1}]


async def test_what_cannot_be_compared(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolError, match="none does not exist"):
        await diff(root, "none")
    with pytest.raises(PathRefused):
        await diff(root, "../x")
    (tmp_path / "plain").mkdir()
    with pytest.raises(ToolError, match="no git repository") as caught:
        await diff(tmp_path / "plain")
    assert "git init" in caught.value.hint
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="git cannot be run"):
        await diff(root)


@pytest.mark.parametrize("name", ["*", ":(top)", "-x", "a b"])
async def test_names_are_no_patterns(root: Path, name: str) -> None:
    (root / name).write_text("strange\n")
    assert (await diff(root, f"./{name}")).data["untracked"] == [name]


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a mark when it is run."""
    program = tmp_path / "trap.sh"
    program.write_text(f'#!/bin/sh\ntouch "{tmp_path}/sprung"\nexit 1\n')
    program.chmod(0o755)
    return program


def sprung(trap: Path) -> bool:
    """Whether it was run since this was last asked."""
    mark = trap.with_name("sprung")
    found = mark.exists()
    mark.unlink(missing_ok=True)
    return found


async def test_a_hostile_repository_runs_nothing(root: Path, trap: Path) -> None:
    (root / ".gitattributes").write_text("* diff=evil filter=evil\n")
    for name in (
        "core.fsmonitor", "core.pager", "diff.external", "diff.evil.command", "diff.evil.textconv",
        "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.sshCommand", "core.editor",
        "pager.diff", "core.alternateRefsCommand", "interactive.diffFilter",
    ):  # fmt: skip
        git(root, "config", name, str(trap))
    hooks = trap.with_name("hooks")
    hooks.mkdir()
    for hook in ("post-index-change", "pre-auto-gc", "fsmonitor-watchman"):
        (hooks / hook).symlink_to(trap)
    git(root, "config", "core.hooksPath", str(hooks))
    (root / "src" / "a.py").write_text("changed\n")
    subprocess.run(["git", "diff"], cwd=root, capture_output=True, check=False)
    assert sprung(trap), "git itself runs it"
    result = await diff(root)
    assert "+changed" in result.text
    assert not sprung(trap)


@pytest.fixture
def lacking(root: Path, trap: Path) -> Path:
    """A partial clone that lacks a blob, needs it to see a rename, and would run a program to fetch it."""
    for name, value in (
        ("protocol.ext.allow", "always"),
        ("remote.origin.url", f"ext::{trap}"),
        ("remote.origin.promisor", "true"),
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
    ):
        git(root, "config", name, value)
    blob = subprocess.run(
        ["git", "rev-parse", "HEAD:src/a.py"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()
    git(root, "rm", "-q", "--cached", "src/a.py")
    (root / "src" / "renamed.py").write_text("one\ntwo\nthree\n4\n")
    git(root, "add", "src/renamed.py")
    (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    sprung(trap)
    return root


async def test_nothing_is_fetched(lacking: Path, trap: Path) -> None:
    subprocess.run(["git", "diff", "HEAD"], cwd=lacking, capture_output=True, check=False)
    assert sprung(trap), "git itself runs it"
    with pytest.raises(ToolError, match="git diff failed"):
        await diff(lacking)
    assert not sprung(trap)


async def test_nothing_is_fetched_for_the_status(lacking: Path, trap: Path) -> None:
    await status(Workspace.open(lacking))
    assert not sprung(trap)
