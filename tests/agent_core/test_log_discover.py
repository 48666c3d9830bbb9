"""Finding log files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_core.logs.discover import discover
from agent_core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    names = (
        "app.log", "app.log.1", "sub/deep/run.out", "logs/plain.txt", "notes.txt", "node_modules/x/y.log",
        ".git/z.log", "catalog.py", "nohup.out",
    )  # fmt: skip
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
        os.utime(path, (1000 + number, 1000 + number))
    (tmp_path / ".gitignore").write_text("*.log\n")
    return Workspace.open(tmp_path)


def test_by_name_latest_first(workspace: Workspace) -> None:
    found = [file.path for file in discover(workspace)]
    assert found == ["nohup.out", "logs/plain.txt", "sub/deep/run.out", "app.log.1", "app.log"]


def test_a_limit(workspace: Workspace) -> None:
    assert len(discover(workspace, limit=2)) == 2


def test_globs_add(workspace: Workspace) -> None:
    assert "notes.txt" in [file.path for file in discover(workspace, globs=["*.txt", "missing/**"])]


@pytest.mark.parametrize("glob", ["../*", "/etc/*", "", "[", "**/"])
def test_globs_stay_inside(workspace: Workspace, glob: str) -> None:
    (workspace.root.parent / "outside.log").write_text("x")
    assert not [
        file for file in discover(workspace, globs=[glob]) if "outside" in file.path or file.path[0] == "/"
    ]


def test_links_are_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "passwd.log").symlink_to("/etc/passwd")
    assert "passwd.log" not in [file.path for file in discover(workspace, globs=["*.log"])]


def test_size_and_time(workspace: Workspace) -> None:
    (file,) = [file for file in discover(workspace) if file.path == "app.log"]
    assert (file.size, file.mtime_ns) == (2, 1000 * 10**9)
