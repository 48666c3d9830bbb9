"""How often files changed, read from real repositories, hostile ones among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.gitchurn import Churn, Commit, churn
from agent_core.workspace import Workspace
from tests.agent_core.test_gitstate import git


def commit(root: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--date=2025-03-04T12:00:00Z", "-m", message)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q")
    commit(root, "one", a_py="1", sub__b_py="1")
    commit(root, "two", a_py="2", sub__b_py="2")
    commit(root, "three", a_py="3")
    return root


async def test_counts_and_what_changes_together(repository: Path) -> None:
    found = await churn(Workspace.open(repository))
    assert found.note == "" and len(found.commits) == 3
    assert found.counts() == {"a.py": 3, "sub/b.py": 2}
    assert found.together("sub/b.py") == {"a.py": 2}
    assert found.commits[0].files == ("a.py",), "the newest comes first"
    assert found.last("sub/b.py") == found.commits[1].date and found.last("nothing") == ""


async def test_a_workspace_inside_a_repository_sees_its_own_files(repository: Path) -> None:
    found = await churn(Workspace.open(repository / "sub"))
    assert found.counts() == {"b.py": 2} and len(found.commits) == 2


async def test_odd_names_are_read_whole(repository: Path) -> None:
    for name in ("a\nb.py", "\x012025-01-01\n", "ü.py", b"\xff.py".decode("utf-8", "surrogateescape")):
        (repository / name).write_text("x")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "odd")
    counts = (await churn(Workspace.open(repository))).counts()
    assert counts["a\nb.py"] == 1 and counts["ü.py"] == 1 and counts["a.py"] == 3


async def test_without_a_repository_or_a_commit(tmp_path: Path) -> None:
    assert (await churn(Workspace.open(tmp_path))).note == "no git repository"
    git(tmp_path, "init", "-q")
    assert (await churn(Workspace.open(tmp_path))).note == "no commits yet"
    (tmp_path / ".git" / "HEAD").write_text("nonsense")
    assert (await churn(Workspace.open(tmp_path))).note.startswith("git: ")


async def test_nothing_that_the_repository_configures_runs(repository: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    evil.chmod(0o755)
    for name, value in {
        "core.pager": evil, "pager.log": evil, "core.fsmonitor": evil, "diff.external": evil,
        "log.showSignature": "true", "gpg.program": evil, "diff.x.textconv": evil, "core.sshCommand": evil,
        "core.hooksPath": tmp_path,
    }.items():  # fmt: skip
        git(repository, "config", name, str(value))
    (repository / ".gitattributes").write_text("*.py diff=x\n")
    found = await churn(Workspace.open(repository))
    assert found.counts()["a.py"] == 3
    assert not marker.exists()


def test_a_commit_of_very_many_files_says_nothing_about_any() -> None:
    many = tuple(f"{number}.py" for number in range(101))
    found = Churn(commits=(Commit("2025-01-02", many), Commit("2025-01-01", ("1.py", "2.py"))))
    assert found.counts() == {"1.py": 1, "2.py": 1}
    assert found.together("1.py") == {"2.py": 1}
    assert found.last("7.py") == "2025-01-02"
