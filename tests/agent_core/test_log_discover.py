"""Finding log files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_core.logs.discover import discover, families, family_of
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


def test_rotated_files_belong_to_their_log(workspace: Workspace) -> None:
    for name in ("app.log.2.gz", "app.log.10.gz", "app.log-20251123", "gone.log.2025-11-24_10"):
        (workspace.root / name).write_text("x\n")
    found = {family.path: [file.path for file in family.files] for family in families(workspace)}
    assert found["app.log"] == ["app.log.10.gz", "app.log.2.gz", "app.log.1", "app.log-20251123", "app.log"]
    assert found["gone.log"] == ["gone.log.2025-11-24_10"]
    assert found["logs/plain.txt"] == ["logs/plain.txt"]
    assert "app.log.2.gz" not in [file.path for file in discover(workspace)]


def test_one_log_by_its_path(workspace: Workspace) -> None:
    log = family_of(workspace, "app.log")
    assert log is not None and [file.path for file in log.files] == ["app.log.1", "app.log"]
    one = family_of(workspace, "app.log.1")
    assert one is not None and [file.path for file in one.files] == ["app.log.1"]
    assert family_of(workspace, "none.log") is None
    assert family_of(workspace, "no/folder.log") is None
