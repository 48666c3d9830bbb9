"""Writing changes: all or none, never outside, never torn."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent_core import beside
from agent_core.changes import replacing
from agent_core.changes.model import FileChange
from agent_core.changes.writing import write_changes, write_changes_now
from agent_core.errors import ChangeRefused
from agent_core.workspace import Workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_bytes(b"a\n")
    (folder / "src" / "b.py").write_bytes(b"b\r\n")
    return folder


def change(path: str, before: bytes | None, after: bytes | None, *, executable: bool = False) -> FileChange:
    return FileChange(path=path, before=before, after=after, executable=executable)


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


async def test_files_are_changed_made_and_deleted(root: Path) -> None:
    written = await write_changes(
        Workspace.open(root),
        [
            change("src/b.py", b"b\r\n", None),
            change("src/a.py", b"a\n", b"A\n"),
            change("new/deep/run.sh", None, b"#!/bin/sh\n", executable=True),
        ],
    )
    assert written == ("src/b.py", "src/a.py", "new/deep/run.sh")
    assert tree(root) == {"src/a.py": b"A\n", "new/deep/run.sh": b"#!/bin/sh\n"}
    assert (root / "new/deep/run.sh").stat().st_mode & 0o100
    assert not (root / "src/a.py").stat().st_mode & 0o100


@pytest.mark.parametrize("mode", [0o755, 0o640, 0o600])
def test_a_file_keeps_its_mode(root: Path, mode: int) -> None:
    (root / "src/a.py").chmod(mode)
    write_changes_now(Workspace.open(root), [change("src/a.py", b"a\n", b"A\n")])
    assert (root / "src/a.py").stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (change("src/a.py", b"old\n", b"A\n"), "changed since"),
        (change("src/gone.py", b"x\n", b"y\n"), "deleted since"),
        (change("nowhere/gone.py", b"x\n", b"y\n"), "is gone"),
        (change("src/a.py", None, b"A\n"), "but is there"),
        (change("../out.py", None, b"x"), "inside the workspace"),
        (change("/etc/x.py", None, b"x"), "inside the workspace"),
        (change("src/../../x.py", None, b"x"), "inside the workspace"),
        (change(".git/config", None, b"x"), "belongs to git"),
        (change("sub/.GIT/hooks/x", None, b"x"), "belongs to git"),
        (change(".dspy_tui/x", None, b"x"), "belongs to git"),
        (change("src", None, b"x"), "a folder"),
        (change("src/a.py/x", None, b"x"), "cannot be used"),
        (change("out/x.py", None, b"x"), "outside"),
        (change("link.py", b"secret\n", b"x"), "outside"),
        (change("inner.py", b"a\n", None), "symbolic link"),
        (change("read-only.py", b"r\n", b"x"), "read-only"),
        (change("pipe", b"", b"x"), "named pipe"),
    ],
)
def test_one_bad_change_leaves_everything_as_it_was(root: Path, bad: FileChange, says: str) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret\n")
    (root / "out").symlink_to(outside)
    (root / "link.py").symlink_to(outside / "secret")
    (root / "inner.py").symlink_to("src/a.py")
    (root / "read-only.py").write_bytes(b"r\n")
    (root / "read-only.py").chmod(0o444)
    os.mkfifo(root / "pipe")
    before = tree(root)
    good = [change("src/b.py", b"b\r\n", b"B\r\n"), change("made/new.py", None, b"n\n")]
    with pytest.raises(ChangeRefused, match=says):
        write_changes_now(Workspace.open(root), [*good, bad])
    assert tree(root) == before
    assert not (root / "made").exists()
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_every_reason_is_named(root: Path) -> None:
    bad = [change("src/a.py", b"x", b"y"), change("src/b.py", b"x", b"y")]
    with pytest.raises(ChangeRefused) as refused:
        write_changes_now(Workspace.open(root), bad)
    assert "src/a.py" in refused.value.message and "src/b.py" in refused.value.message


def test_a_link_inside_the_workspace_stays_and_its_target_changes(root: Path) -> None:
    (root / "link.py").symlink_to("src/a.py")
    write_changes_now(Workspace.open(root), [change("link.py", b"a\n", b"A\n")])
    assert (root / "link.py").is_symlink()
    assert (root / "src/a.py").read_bytes() == b"A\n"


def test_two_changes_of_one_file_are_refused(root: Path) -> None:
    (root / "link.py").symlink_to("src/a.py")
    with pytest.raises(ChangeRefused, match="same file"):
        write_changes_now(
            Workspace.open(root), [change("link.py", b"a\n", b"A\n"), change("src/a.py", b"a\n", b"B\n")]
        )


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_failure_in_the_middle_is_taken_back(
    root: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(root)
    carry_out = replacing.Replacing._carry_out
    calls: list[object] = []

    def failing(self: replacing.Replacing, one: replacing._Step) -> None:
        calls.append(one)
        if len(calls) == step:
            raise OSError(28, "No space left on device")
        carry_out(self, one)

    monkeypatch.setattr(replacing.Replacing, "_carry_out", failing)
    changes = [
        change("src/a.py", b"a\n", b"A\n"),
        change("src/b.py", b"b\r\n", None),
        change("x/y/new.py", None, b"n"),
    ]
    with pytest.raises(ChangeRefused, match="No space left"):
        write_changes_now(Workspace.open(root), changes)
    assert tree(root) == before
    assert sorted(path.name for path in root.iterdir()) == ["src"]


def test_a_file_changed_between_the_comparison_and_its_turn_is_not_overwritten(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = replacing.Replacing.prepare

    def meanwhile(self: replacing.Replacing, targets: object) -> None:
        prepare(self, targets)  # pyright: ignore
        (root / "src/b.py").write_bytes(b"somebody else\n")

    monkeypatch.setattr(replacing.Replacing, "prepare", meanwhile)
    with pytest.raises(ChangeRefused, match="just now"):
        write_changes_now(
            Workspace.open(root), [change("src/a.py", b"a\n", b"A\n"), change("src/b.py", b"b\r\n", b"B")]
        )
    assert tree(root) == {"src/a.py": b"a\n", "src/b.py": b"somebody else\n"}


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    prepare = replacing.Replacing.prepare

    def meanwhile(self: replacing.Replacing, targets: object) -> None:
        (root / "made").symlink_to(outside)
        prepare(self, targets)  # pyright: ignore

    monkeypatch.setattr(replacing.Replacing, "prepare", meanwhile)
    with pytest.raises(ChangeRefused):
        write_changes_now(Workspace.open(root), [change("made/new.py", None, b"n\n")])
    assert not list(outside.iterdir())


_WRITER = """
import itertools, sys
from agent_core.changes.model import FileChange
from agent_core.changes.writing import write_changes_now
from agent_core.workspace import Workspace
workspace = Workspace.open(sys.argv[1])
old, new = (bytes([letter]) * 300_000 for letter in b"on")
print("ready", flush=True)
for turn in itertools.count():
    before, after = (old, new) if turn % 2 == 0 else (new, old)
    write_changes_now(workspace, [
        FileChange(path=f"f{number}.txt", before=before, after=after) for number in range(4)
    ])
"""


def test_a_killed_writer_leaves_each_file_old_or_new(tmp_path: Path) -> None:
    chance = random.Random(5)
    whole = {b"o" * 300_000, b"n" * 300_000}
    kept: set[bytes] = set()
    for _ in range(20):
        for number in range(4):
            (tmp_path / f"f{number}.txt").write_bytes(b"o" * 300_000)
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        try:
            assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.05))
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            assert writer.stdout is not None
            writer.stdout.close()
        for number in range(4):
            content = (tmp_path / f"f{number}.txt").read_bytes()
            assert content in whole
            kept.add(content)
    assert kept == whole


def test_what_a_killed_writer_left_beside_the_files_is_removed_later(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f".a.py.{ended.pid}-0123abcd.dspy-tui-new", f".a.py.{os.getpid()}-0123abcd.dspy-tui-old"):
        (root / "src" / name).write_bytes(b"left")
    monkeypatch.setattr(beside, "_OLD_S", -1.0)
    write_changes_now(Workspace.open(root), [change("src/a.py", b"a\n", b"A\n")])
    assert sorted(path.name for path in (root / "src").iterdir()) == [
        f".a.py.{os.getpid()}-0123abcd.dspy-tui-old", "a.py", "b.py",
    ]  # fmt: skip
