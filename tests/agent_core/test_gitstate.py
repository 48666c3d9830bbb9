from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.gitstate import GitState, safe_git, status
from agent_core.tools.base import ToolContext
from agent_core.tools.diff import DiffArgs, DiffTool
from agent_core.workspace import Workspace
from tests.fakes.git import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q")
    for name in ("kept", "changed", "deleted", "old name", "sub/inner"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(f"{name}\n" * 10)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


async def test_every_kind_of_change(repository: Path) -> None:
    (repository / "changed").write_text("x")
    (repository / "deleted").unlink()
    git(repository, "mv", "old name", "new\nname")
    (repository / "added").write_text("x")
    git(repository, "add", "added")
    (repository / "untracked").write_text("x")
    (repository / "folder").mkdir()
    (repository / "folder" / "file").write_text("x")
    state = await status(Workspace.open(repository))
    assert state == GitState(
        branch="main",
        files={
            "changed": "M",
            "deleted": "D",
            "new\nname": "R",
            "added": "A",
            "untracked": "?",
            "folder": "?",
        },
    )


async def test_a_conflict(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "other")
    (repository / "changed").write_text("theirs")
    git(repository, "commit", "-q", "-a", "-m", "theirs")
    git(repository, "checkout", "-q", "main")
    (repository / "changed").write_text("ours")
    git(repository, "commit", "-q", "-a", "-m", "ours")
    git(repository, "merge", "other", check=False)
    assert (await status(Workspace.open(repository))).files == {"changed": "U"}


async def test_a_workspace_inside_a_repository(repository: Path) -> None:
    (repository / "changed").write_text("x")
    (repository / "sub" / "inner").write_text("x")
    state = await status(Workspace.open(repository / "sub"))
    assert state == GitState(branch="main", files={"inner": "M"})


async def test_branches_without_a_name_or_a_commit(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    branch = (await status(Workspace.open(repository))).branch
    assert branch is not None
    assert branch.endswith(" (detached)")
    (tmp_path / "new").mkdir()
    git(tmp_path / "new", "init", "-q")
    assert (await status(Workspace.open(tmp_path / "new"))).branch == "main"


async def test_no_repository_or_a_broken_one(tmp_path: Path) -> None:
    assert await status(Workspace.open(tmp_path)) == GitState()
    (tmp_path / ".git").mkdir()
    broken = await status(Workspace.open(tmp_path))
    assert broken.branch is None
    assert broken.note


async def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert await status(Workspace.open(repository)) == GitState(note="git cannot be run")


async def test_nothing_that_the_repository_configures_runs(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    script = repository / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    script.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.process",
        "filter.e.vil.clean",
        "diff.external",
    ):
        git(repository, "config", name, str(script))
    git(repository, "config", "filter.evil.required", "true")
    git(repository, "config", "diff.evil.textconv", str(script))
    git(repository, "config", "status.submoduleSummary", "true")
    (repository / ".gitattributes").write_text("changed filter=evil diff=evil\nkept filter=e.vil\n")
    (repository / "changed").write_text("x\n")
    os.utime(repository / "kept", (1, 1))
    workspace = Workspace.open(repository)
    state = await status(workspace)
    assert state.files["changed"] == "M"
    assert "kept" not in state.files
    prefix = await safe_git(repository)
    shown = subprocess.run(
        [*prefix, "diff", "--no-ext-diff", "--no-textconv"], cwd=repository, capture_output=True, check=True
    )
    assert b"+x" in shown.stdout
    assert not trap.exists()


async def test_the_repository_cannot_name_other_files(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "kept").write_text("a secret\n")
    (tmp_path / "private" / "key").touch()
    (repository / "changed").write_text("x")
    git(repository, "config", "core.worktree", str(tmp_path / "private"))
    workspace = Workspace.open(repository)
    assert (await status(workspace)).files == {"changed": "M"}
    told = await DiffTool().run(DiffArgs(), ToolContext(workspace=workspace, settings=Settings()))
    assert "secret" not in told.text and "key" not in told.text and "changed" in told.text


async def test_linked_and_inner_repositories(repository: Path, tmp_path: Path) -> None:
    """Their `.git` is a file, and a submodule's says by itself where its files are."""
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "m")
    for folder in (tmp_path / "linked", repository / "m"):
        (folder / "changed").write_text("x")
        assert (await status(Workspace.open(folder))).files == {"changed": "M"}


async def test_the_environment_cannot_name_another_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    assert (await status(Workspace.open(repository))).branch == "main"


async def test_asking_changes_nothing(repository: Path) -> None:
    index = repository / ".git" / "index"
    os.utime(repository / "kept")
    before = index.read_bytes()
    await status(Workspace.open(repository))
    assert index.read_bytes() == before
