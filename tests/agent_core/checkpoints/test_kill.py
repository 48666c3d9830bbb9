"""A kill at any moment of an undo, and a disk that is full, leave each file old or new."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent_core.checkpoints import restoring
from agent_core.checkpoints.store import Store
from agent_core.errors import ToolError
from tests.agent_core.checkpoints.trees import Turns, checkpoints, picture

_SCRIPT = """
import asyncio, sys
from pathlib import Path
from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.workspace import Workspace
kept = Checkpoints(workspace=Workspace.open(sys.argv[1]))
print("go", flush=True)
asyncio.run(kept.undo())
"""


async def many(root: Path) -> Turns:
    for number in range(60):
        (root / f"f{number}").write_text(f"old {number}\n" * 200)
    turns = Turns(root)
    async with turns:
        for number in range(60):
            path = root / f"f{number}"
            if number % 3 == 0:
                path.unlink()
            else:
                path.write_text(f"new {number}\n" * 200)
        (root / "made").mkdir()
        (root / "made/x").write_text("x")
    return turns


@pytest.mark.parametrize("seed", range(6))
async def test_a_kill_leaves_each_file_old_or_new_and_the_next_start_finishes(
    tmp_path: Path, seed: int
) -> None:
    before_picture: dict[bytes, tuple[str, int, bytes]]
    turns = await many(tmp_path)
    after = picture(tmp_path)
    await turns.kept.undo()
    before_picture = picture(tmp_path)
    await turns.kept.redo()
    turns.kept.close()
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(tmp_path)], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    journal = tmp_path / ".dspy_tui/checkpoints/journal"
    while process.poll() is None and not journal.exists():
        time.sleep(0.0005)
    time.sleep(random.Random(seed).random() * 0.01)
    process.kill()
    process.wait()
    process.stdout.close()
    now = picture(tmp_path)
    for path in {*after, *before_picture, *now}:
        assert now.get(path) in (after.get(path), before_picture.get(path))
    kept = checkpoints(tmp_path)
    listing = await kept.list()
    if listing.rows[-1].status == "done":  # killed before it began
        assert picture(tmp_path) == after
        await kept.undo()
    assert picture(tmp_path) == before_picture
    assert not journal.exists()
    await kept.redo()
    assert picture(tmp_path) == after


@pytest.mark.parametrize("at", [0, 7])
async def test_a_full_disk_is_found_before_anything_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    turns = await many(tmp_path)
    here = picture(tmp_path)
    written = 0

    def full(fd: int, data: bytes) -> None:
        nonlocal written
        written += 1
        if written > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.write(fd, data)

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "write_all", full)
        with pytest.raises(ToolError, match="No space left"):
            await turns.kept.undo()
    assert picture(tmp_path) == here
    await turns.kept.undo()


async def test_an_error_in_the_middle_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = await many(tmp_path)
    here = picture(tmp_path)
    genuine = os.rename
    renamed = 0

    def failing(*args: object, **more: object) -> None:
        nonlocal renamed
        renamed += 1
        if renamed == 20:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        genuine(*args, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", failing)
        with pytest.raises(ToolError):
            await turns.kept.undo()
    assert picture(tmp_path) == here
    await turns.kept.undo()


async def test_undo_after_a_killed_undo_finishes_that_one_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("first")
    (tmp_path / "b").write_text("first")
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "a").write_text("second")
    async with turns:
        (tmp_path / "a").write_text("third")
        (tmp_path / "b").write_text("third")

    class Killed(BaseException):
        pass

    def killed(*args: object) -> None:
        raise Killed

    def nothing(*args: object) -> None:
        return None

    with monkeypatch.context() as patched:
        patched.setattr(restoring.Restorer, "_shut", killed)
        patched.setattr(restoring.Restorer, "_take_back", nothing)
        patched.setattr(Store, "clear_journal", nothing)
        with pytest.raises(Killed):
            await turns.kept.undo()
    (tmp_path / "b").write_text("third")  # as if it had not got there
    turns.kept.close()
    kept = checkpoints(tmp_path)
    undone = await kept.undo()
    assert undone.turn.number == 2 and "has been finished" in undone.warnings[0]
    assert {row.path for row in undone.files} == {"a", "b"}
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("second", "first")
    await kept.undo("1")
    assert (tmp_path / "a").read_text() == "first"
