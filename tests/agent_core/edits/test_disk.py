"""Edits of files on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_core.changes.text import MOST_BYTES
from agent_core.edits.disk import parse_in, resolve_in
from agent_core.edits.model import Resolved
from agent_core.workspace import Workspace


def edited(root: Path, path: str) -> Resolved:
    workspace = Workspace.open(root)
    reply = f"{path}\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"
    return resolve_in(workspace, parse_in(workspace, reply))


def test_a_name_alone_is_looked_for_among_the_files_that_are_not_ignored(tmp_path: Path) -> None:
    for folder in ("src", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Makefile.inc").write_text("old\n")
    (tmp_path / ".gitignore").write_text("build\n")
    (tmp_path / ".git").mkdir()
    (change,) = edited(tmp_path, "Makefile.inc").changes
    assert (change.path, change.before, change.after) == ("src/Makefile.inc", b"old\n", b"new\n")


def test_absolute_paths_and_moved_executables(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("old\n")
    (tmp_path / "run.sh").chmod(0o755)
    assert edited(tmp_path, f"{tmp_path}/run.sh").changes[0].path == "run.sh"
    reply = "*** Begin Patch\n*** Update File: run.sh\n*** Move to: go.sh\n@@\n-old\n+new\n*** End Patch"
    workspace = Workspace.open(tmp_path)
    moved = {change.path: change for change in resolve_in(workspace, parse_in(workspace, reply)).changes}
    assert moved["go.sh"].executable and moved["run.sh"].after is None


@pytest.mark.parametrize("kind", ["link", "pipe", "large", "folder"])
def test_what_is_no_plain_file_of_the_workspace_is_refused(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    path = root / "a.txt"
    if kind == "link":
        (tmp_path / "secret").write_text("old\n")
        path.symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"old\n" * (MOST_BYTES // 4 + 1))
    resolved = edited(root, "a.txt")
    code = {"link": "outside", "large": "too-large"}.get(kind, "binary")
    assert not resolved.changes and [refusal.code for refusal in resolved.refusals] == [code]
