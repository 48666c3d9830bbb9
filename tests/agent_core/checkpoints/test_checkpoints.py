"""What a turn did is found out, undone and done again; what somebody else did stays."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent_core.errors import NothingDone, UndoRefused, UsageError
from tests.agent_core.checkpoints.trees import Turns, checkpoints, picture


def fill(root: Path) -> None:
    (root / "src").mkdir()
    (root / "src/a.py").write_bytes(b"one\r\ntwo\n")
    (root / "src/b.py").write_text("b\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("src/a.py")
    (root / "empty").mkdir()
    (root / ".gitignore").write_text("*.log\nbuild/\n")
    (root / "x.log").write_text("noise\n")
    (root / "build").mkdir()
    (root / "build/out").write_text("made\n")


async def test_everything_a_command_does_is_put_back_and_done_again(tmp_path: Path) -> None:
    fill(tmp_path)
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "src/a.py").write_bytes(b"one\r\n2\n")
        (tmp_path / "src/b.py").rename(tmp_path / "src/c.py")
        (tmp_path / "run.sh").chmod(0o644)
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to("../outside")
        (tmp_path / "empty").rmdir()
        (tmp_path / "new/deep").mkdir(parents=True)
        (tmp_path / "new/deep/file").write_text("x")
        os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
        with open(os.fsencode(tmp_path) + b"/caf\xe9/\xff.txt", "wb") as file:
            file.write(b"\0binary")
    after = picture(tmp_path)
    assert turns.changed is not None
    rows = {row.path: row for row in turns.changed.files}
    assert (rows["src/a.py"].how, rows["src/a.py"].added, rows["src/a.py"].removed) == ("changed", 1, 1)
    assert (rows["src/c.py"].how, rows["src/c.py"].was) == ("renamed", "src/b.py")
    assert rows["run.sh"].how == "mode"
    assert rows["new/deep/file"].how == "created"
    assert "src/b.py" not in rows

    undone = await turns.kept.undo()
    assert undone.turn.number == turns.changed.number
    assert picture(tmp_path) == before
    with pytest.raises(NothingDone):
        await turns.kept.undo()
    await turns.kept.redo()
    assert picture(tmp_path) == after
    await turns.kept.undo()
    assert picture(tmp_path) == before


async def test_a_turn_that_changes_nothing_leaves_nothing_to_undo(tmp_path: Path) -> None:
    fill(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        os.utime(tmp_path / "src/a.py")
        (tmp_path / "x.log").write_text("more noise")
        (tmp_path / "build/out").unlink()
    assert turns.changed is None
    with pytest.raises(NothingDone):
        await turns.kept.undo()


async def test_before_keeps_once_a_turn(tmp_path: Path) -> None:
    fill(tmp_path)
    kept = checkpoints(tmp_path)
    assert await kept.before("t1", "one") is not None
    (tmp_path / "src/a.py").write_text("changed")
    assert await kept.before("t1", "one") is None
    changed = await kept.after("t1")
    assert changed is not None and [row.path for row in changed.files] == ["src/a.py"]
    assert await kept.after("t1") is None


async def test_what_somebody_else_changed_since_stops_the_whole_undo(tmp_path: Path) -> None:
    fill(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "src/a.py").write_text("by the turn")
        (tmp_path / "src/b.py").write_text("by the turn")
        (tmp_path / "run.sh").unlink()
        (tmp_path / "made").write_text("by the turn")
    (tmp_path / "src/a.py").write_text("by hand")
    (tmp_path / "run.sh").write_text("by hand")
    (tmp_path / "made").unlink()
    here = picture(tmp_path)
    with pytest.raises(UndoRefused) as refused:
        await turns.kept.undo()
    for words in (
        "src/a.py has been changed since",
        "run.sh has been created since",
        "made has been deleted since",
    ):
        assert words in refused.value.message
    assert "src/b.py" not in refused.value.message
    assert "--skip-changed" in refused.value.hint
    assert picture(tmp_path) == here

    undone = await turns.kept.undo(skip_changed=True)
    assert {path for path, _ in undone.skipped} == {"src/a.py", "run.sh", "made"}
    assert (tmp_path / "src/b.py").read_text() == "b\n"
    assert (tmp_path / "src/a.py").read_text() == "by hand"
    await turns.kept.redo()
    assert picture(tmp_path) == here


async def test_the_turn_that_changed_a_file_later_is_named(tmp_path: Path) -> None:
    fill(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "src/a.py").write_text("first")
    async with turns:
        (tmp_path / "src/a.py").write_text("second")
    with pytest.raises(UndoRefused, match=r"src/a\.py has been changed since, by turn 2"):
        await turns.kept.undo("1")
    await turns.kept.undo()
    await turns.kept.undo()
    assert (tmp_path / "src/a.py").read_bytes() == b"one\r\ntwo\n"
    await turns.kept.redo()
    assert (tmp_path / "src/a.py").read_text() == "first"
    async with turns:
        (tmp_path / "src/b.py").write_text("third")
    with pytest.raises(NothingDone):  # a new change ends what could be done again
        await turns.kept.redo()
    with pytest.raises(UsageError):
        await turns.kept.undo("17")


async def test_what_becomes_or_ceases_to_be_ignored_is_neither_created_nor_deleted(tmp_path: Path) -> None:
    fill(tmp_path)
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / ".gitignore").write_text("src/\n")
        (tmp_path / "build/out").write_text("touched")
        (tmp_path / "src/a.py").write_text("changed although it is ignored now")
    assert turns.changed is not None
    assert {row.path for row in turns.changed.files} == {".gitignore", "src/a.py"}
    await turns.kept.undo()
    now = picture(tmp_path)
    assert now.pop(b"build/out")[2] == b"touched"
    before.pop(b"build/out")
    assert now == before


async def test_files_and_folders_change_places(tmp_path: Path) -> None:
    fill(tmp_path)
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        shutil.rmtree(tmp_path / "src")
        (tmp_path / "src").write_text("a file now")
        (tmp_path / "run.sh").unlink()
        (tmp_path / "run.sh").mkdir()
        (tmp_path / "run.sh/inner").write_text("x")
        (tmp_path / "empty").rmdir()
        (tmp_path / "empty").symlink_to("run.sh")
    after = picture(tmp_path)
    await turns.kept.undo()
    assert picture(tmp_path) == before
    await turns.kept.redo()
    assert picture(tmp_path) == after
    (tmp_path / "run.sh/mine").write_text("by hand")
    with pytest.raises(UndoRefused, match=r"run\.sh has other files in it since"):
        await turns.kept.undo()
    assert (tmp_path / "run.sh/mine").read_text() == "by hand"


async def test_nothing_is_written_through_a_link_out_of_the_workspace(tmp_path: Path) -> None:
    root, outside = tmp_path / "w", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    fill(root)
    (outside / "a.py").write_text("by the turn")
    turns = Turns(root)
    async with turns:
        (root / "src/a.py").write_text("by the turn")
        (root / "src/b.py").unlink()
    (root / "src").rename(root / "moved")
    (root / "src").symlink_to(outside)
    for skip in (False, True):
        with pytest.raises(UndoRefused):
            await turns.kept.undo(skip_changed=skip)
    assert sorted(path.name for path in outside.iterdir()) == ["a.py"]
    assert (outside / "a.py").read_text() == "by the turn"


async def test_large_and_unreadable_files_are_said_to_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.checkpoints.scanning.MOST_FILE", 1000)
    monkeypatch.setattr("agent_core.checkpoints.scanning.read_file.__defaults__", (1000,))
    (tmp_path / "big").write_bytes(b"x" * 2000)
    (tmp_path / "small").write_bytes(b"x")
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "big").write_bytes(b"y" * 2000)
        (tmp_path / "small").write_bytes(b"y")
    assert turns.snapshot is not None and turns.snapshot.left_out == (("big", "too large"),)
    assert turns.changed is not None and turns.changed.lost == ("big",)
    await turns.kept.undo()
    assert (tmp_path / "small").read_bytes() == b"x"
    assert (tmp_path / "big").read_bytes() == b"y" * 2000


async def test_with_too_much_for_the_limit_the_smallest_files_are_kept(tmp_path: Path) -> None:
    for number, size in enumerate((10, 5000, 20, 30)):
        (tmp_path / f"f{number}").write_bytes(bytes([number]) * size)
    turns = Turns(tmp_path, limit_bytes=200)
    async with turns:
        pass
    assert turns.snapshot is not None and [path for path, _ in turns.snapshot.left_out] == ["f1"]


async def test_the_oldest_turns_go_first(tmp_path: Path) -> None:
    turns = Turns(tmp_path, limit_bytes=400_000)
    for _ in range(8):
        async with turns:
            (tmp_path / "data").write_bytes(os.urandom(90_000))
    listing = await turns.kept.list()
    assert listing.bytes <= 400_000
    numbers = [row.number for row in listing.rows]
    assert numbers and numbers[-1] == 8 and numbers == list(range(numbers[0], 9)) and numbers[0] > 1
    await turns.kept.undo()
    await turns.kept.undo()


async def test_a_later_session_undoes_the_last_turn_of_one_that_has_ended(tmp_path: Path) -> None:
    fill(tmp_path)
    first, second = Turns(tmp_path), Turns(tmp_path)
    async with first:
        (tmp_path / "src/a.py").write_text("first session")
    with pytest.raises(NothingDone) as nothing:
        await second.kept.undo()
    assert "`undo 1`" in nothing.value.hint
    first.kept.close()
    undone = await second.kept.undo()
    assert not undone.turn.own and (tmp_path / "src/a.py").read_bytes() == b"one\r\ntwo\n"
    await second.kept.redo()
    assert (tmp_path / "src/a.py").read_text() == "first session"


async def test_what_another_session_did_at_the_same_time_is_not_ours(tmp_path: Path) -> None:
    fill(tmp_path)
    first, second = Turns(tmp_path), Turns(tmp_path)
    await first.begin()
    async with second:
        (tmp_path / "src/b.py").write_text("second")
    (tmp_path / "src/a.py").write_text("first")
    changed = await first.end()
    assert changed is not None and [row.path for row in changed.files] == ["src/a.py"]
    assert second.changed is not None and second.changed.beside and not changed.beside
    with pytest.raises(UndoRefused, match="while a turn of another session did") as refused:
        await second.kept.undo()
    assert "`undo 1`" in refused.value.hint
    await first.kept.undo()
    assert (tmp_path / "src/b.py").read_text() == "second"
    await second.kept.undo("1")
    assert (tmp_path / "src/b.py").read_text() == "b\n"


async def test_a_turn_that_a_kill_interrupted_is_undone_only_by_name(tmp_path: Path) -> None:
    fill(tmp_path)
    before = picture(tmp_path)
    script = (
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from agent_core.checkpoints.checkpoints import Checkpoints\n"
        "from agent_core.workspace import Workspace\n"
        "async def main():\n"
        "    root = Path(sys.argv[1])\n"
        "    await Checkpoints(workspace=Workspace.open(root)).before('t1', '!make')\n"
        "    (root / 'src/a.py').write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=Path(__file__).parents[3])
    assert ended.returncode == -9
    kept = checkpoints(tmp_path)
    with pytest.raises(UndoRefused, match="interrupted") as refused:
        await kept.undo()
    assert "src/a.py" in refused.value.message and "`undo 1`" in refused.value.hint
    await kept.undo("1")
    assert picture(tmp_path) == before


async def test_broken_files_of_the_store_are_kept_aside(tmp_path: Path) -> None:
    fill(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "src/a.py").write_text("first")
    async with turns:
        (tmp_path / "src/b.py").write_text("second")
    turns.kept.close()
    store = tmp_path / ".dspy_tui/checkpoints"
    (store / "turns/000002").write_bytes(b"garbage")
    (store / "tree").write_bytes(b"garbage")
    (store / "journal").write_bytes(b"")
    again = Turns(tmp_path)
    await again.begin()
    assert again.snapshot is not None and len(again.snapshot.warnings) == 2
    assert await again.end() is None
    listing = await again.kept.list()
    assert [row.number for row in listing.rows] == [1]
    assert len(list(store.rglob("*.bad-*"))) == 3
    await again.kept.undo()
    assert (tmp_path / "src/a.py").read_bytes() == b"one\r\ntwo\n"
    (store / "turns/000001").write_bytes(b"garbage")
    with pytest.raises(NothingDone) as nothing:
        await checkpoints(tmp_path).undo()
    assert "turns/000001 is broken; kept as 000001.bad-" in nothing.value.hint


async def test_damaged_contents_are_noticed_before_anything_is_written(tmp_path: Path) -> None:
    fill(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "src/a.py").write_text("first")
        (tmp_path / "src/b.py").write_text("second")
    for blob in (tmp_path / ".dspy_tui/checkpoints/blobs").rglob("*"):
        if blob.is_file():
            blob.write_bytes(b"garbage")
    here = picture(tmp_path)
    with pytest.raises(UndoRefused, match=r"src/a\.py is no longer kept"):
        await turns.kept.undo()
    assert picture(tmp_path) == here


async def test_the_store_removed_in_the_middle_of_a_turn_is_told(tmp_path: Path) -> None:
    fill(tmp_path)
    turns = Turns(tmp_path)
    await turns.begin()
    shutil.rmtree(tmp_path / ".dspy_tui")
    with pytest.raises(Exception, match="snapshot is gone"):
        await turns.end()
    async with turns:
        (tmp_path / "src/a.py").write_text("first")
    await turns.kept.undo()
    assert (tmp_path / "src/a.py").read_bytes() == b"one\r\ntwo\n"


async def test_where_nothing_can_be_kept_the_turn_goes_on(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / ".dspy_tui").symlink_to(tmp_path / "elsewhere")
    kept = checkpoints(tmp_path)
    snapshot = await kept.before("t1", "!true")
    assert snapshot is not None and not snapshot.kept and "symbolic link" in snapshot.why
    assert await kept.after("t1") is None


async def test_a_file_that_is_read_only_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "fixed").write_text("old")
    (tmp_path / "fixed").chmod(0o444)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "fixed").unlink()
        (tmp_path / "fixed").write_text("new")
    await turns.kept.undo()
    assert (tmp_path / "fixed").read_text() == "old"
    assert stat.S_IMODE((tmp_path / "fixed").stat().st_mode) == 0o444


async def test_permissions_of_folders_come_back_and_open_the_way(tmp_path: Path) -> None:
    fill(tmp_path)
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "src/a.py").write_text("changed")
        (tmp_path / "locked/in").mkdir(parents=True)
        (tmp_path / "locked/in/a").write_text("x")
        for folder in ("locked/in", "locked", "src"):
            (tmp_path / folder).chmod(0o555)
        (tmp_path / "empty").chmod(0o700)
        tmp_path.chmod(0o711)
    after = picture(tmp_path)
    assert turns.changed is not None
    modes = {row.path for row in turns.changed.files if row.how == "mode"}
    assert modes == {"./", "empty/", "src/"} and turns.changed.total == 5
    await turns.kept.undo()
    assert picture(tmp_path) == before and stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    await turns.kept.redo()
    assert picture(tmp_path) == after and stat.S_IMODE(tmp_path.stat().st_mode) == 0o711
    (tmp_path / "empty").chmod(0o755)
    with pytest.raises(UndoRefused, match="empty has other permissions since"):
        await turns.kept.undo()


async def test_what_turns_changed_comes_as_whole_files(tmp_path: Path) -> None:
    fill(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "src/b.py").write_text("first")
    async with turns:
        (tmp_path / "src/b.py").write_text("second")
        (tmp_path / "gone").write_text("x")
    (change,) = await turns.kept.changes("1")
    assert (change.path, change.before, change.after) == ("src/b.py", b"b\n", b"first")
    changes = {change.path: (change.before, change.after) for change in await turns.kept.changes()}
    assert changes == {"src/b.py": (b"b\n", b"second"), "gone": (None, b"x")}


async def test_a_folder_of_which_all_is_ignored_is_no_change(tmp_path: Path) -> None:
    """Caches bring their own rules along; a check that only made one changed nothing."""
    (tmp_path / "a.py").write_text("a\n")
    kept = checkpoints(tmp_path)
    await kept.before("s.1", "pytest")
    cache = tmp_path / ".cache" / "v"
    cache.mkdir(parents=True)
    (cache.parent / ".gitignore").write_text("*\n")
    (cache / "x").write_text("x\n")
    (cache / "empty").mkdir()
    assert await kept.after("s.1") is None
    await kept.before("s.2", "mkdir d")
    (tmp_path / "d").mkdir()
    changed = await kept.after("s.2")
    assert changed is not None and [row.path for row in changed.files] == ["d/"]
    kept.close()
