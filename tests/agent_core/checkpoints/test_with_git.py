"""What git has need not be read, and is there even where the repository is taken away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent_core.checkpoints import scanning
from agent_core.checkpoints.gitblobs import clean_blobs
from agent_core.checkpoints.states import git_id_of
from tests.agent_core.checkpoints.trees import Turns, picture
from tests.fakes.git import git


def repository(root: Path, files: int = 100) -> None:
    git(root, "init", "-q")
    (root / "src").mkdir()
    for number in range(files):
        (root / f"src/f{number}.py").write_text(f"{number}\n" * number)
    (root / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")


def sizes(root: Path) -> dict[str, int]:
    return {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


async def test_clean_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path)
    (tmp_path / "src/f7.py").write_text("dirty\n")
    (tmp_path / "untracked").write_text("new\n")
    before = picture(tmp_path)
    read: list[str] = []
    genuine = scanning.read_file

    def noted(path: str, limit: int = scanning.MOST_FILE) -> object:
        read.append(Path(path).name)
        return genuine(path, limit)

    monkeypatch.setattr(scanning, "read_file", noted)
    turns = Turns(tmp_path)
    await turns.begin()
    assert sorted(read) == ["f7.py", "untracked"]
    for name in ("src/f7.py", "src/f8.py", "untracked"):
        (tmp_path / name).write_text("by the turn\n")
    (tmp_path / "src/f9.py").unlink()
    changed = await turns.end()
    assert changed is not None and changed.total == 4 and not changed.lost
    await turns.kept.undo()
    assert picture(tmp_path) == before


@pytest.mark.parametrize("packed", [False, True])
async def test_the_repository_itself_may_go(tmp_path: Path, packed: bool) -> None:
    repository(tmp_path)
    if packed:
        git(tmp_path, "gc", "-q")
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        shutil.rmtree(tmp_path / ".git")
        shutil.rmtree(tmp_path / "src")
    assert turns.changed is not None and turns.changed.total == 100 and not turns.changed.lost
    await turns.kept.undo()
    assert picture(tmp_path) == before
    turns.kept.close()
    assert not (tmp_path / ".dspy_tui/checkpoints/pins").exists()


async def test_git_s_objects_are_linked_once_a_session(tmp_path: Path) -> None:
    repository(tmp_path)
    pins = tmp_path / ".dspy_tui/checkpoints/pins"
    first, second = Turns(tmp_path), Turns(tmp_path)
    async with second:
        pass
    async with first:
        (tmp_path / "src/f7.py").unlink()
    first.kept.close()
    linked = {path for path in pins.rglob("*") if path.is_file()}
    assert len(linked) > 100  # the other session goes on
    async with second:
        shutil.rmtree(tmp_path / ".git")
        (tmp_path / "src/f8.py").unlink()
    assert second.changed is not None and not second.changed.lost
    shutil.rmtree(tmp_path / ".dspy_tui")
    second.kept.close()


async def test_ignored_files_that_git_has_are_covered(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build/kept").write_text("old\n")
    (tmp_path / "build/gone").write_text("old\n")
    (tmp_path / "build/private").write_text("old\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "build/kept", "build/gone")
    (tmp_path / ".gitignore").write_text("build/\n")
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        (tmp_path / "build/kept").write_text("new\n")
        (tmp_path / "build/gone").unlink()
    after = picture(tmp_path)
    assert turns.changed is not None
    assert {row.path for row in turns.changed.files} == {"build/kept", "build/gone"}
    await turns.kept.undo()
    assert picture(tmp_path) == before
    await turns.kept.redo()
    assert picture(tmp_path) == after
    async with turns:
        (tmp_path / "build/gone").write_text("anew\n")
        (tmp_path / "build/private").write_text("new\n")
        (tmp_path / "build/made").write_text("new\n")
    assert turns.changed is not None and [row.path for row in turns.changed.files] == ["build/gone"]
    async with turns:
        (tmp_path / ".gitignore").unlink()
        (tmp_path / "build/kept").unlink()
    assert turns.changed is not None
    assert {row.path for row in turns.changed.files} == {".gitignore", "build/kept"}


async def test_another_branch_is_put_back_file_by_file(tmp_path: Path) -> None:
    repository(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "other")
    for number in range(50):
        (tmp_path / f"src/f{number}.py").write_text("other\n")
    git(tmp_path, "commit", "-q", "-a", "-m", "second")
    git(tmp_path, "checkout", "-q", "main")
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        git(tmp_path, "checkout", "-q", "other")
    await turns.kept.undo()
    assert picture(tmp_path) == before
    assert git(tmp_path, "branch", "--show-current") == b"other\n"  # the repository is not covered


async def test_converted_files_are_not_taken_from_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitattributes").write_text("*.txt text=auto\n")
    (tmp_path / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    (tmp_path / "lf.txt").write_bytes(b"a\nb\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    blobs = await clean_blobs(tmp_path, sizes(tmp_path), [".gitattributes"])
    assert blobs == {name: git_id_of((tmp_path / name).read_bytes()) for name in (".gitattributes", "lf.txt")}
    (tmp_path / ".gitattributes").write_text("*.txt working-tree-encoding=UTF-16\n")
    assert await clean_blobs(tmp_path, sizes(tmp_path), [".gitattributes"]) == {}
    (tmp_path / ".gitattributes").unlink()
    git(tmp_path, "config", "filter.rot.clean", "tr a-z n-za-m")
    assert await clean_blobs(tmp_path, sizes(tmp_path), []) == {}


async def test_files_that_git_is_told_to_overlook_are_read(tmp_path: Path) -> None:
    repository(tmp_path)
    git(tmp_path, "update-index", "--assume-unchanged", "src/f3.py")
    git(tmp_path, "update-index", "--skip-worktree", "src/f4.py")
    for name in ("src/f3.py", "src/f4.py"):
        path = tmp_path / name
        path.write_text(path.read_text().replace(path.read_text()[0], "x"))
    blobs = await clean_blobs(tmp_path, sizes(tmp_path), [])
    assert "src/f5.py" in blobs and not {"src/f3.py", "src/f4.py"} & blobs.keys()


async def test_a_folder_of_a_repository_and_its_submodules(tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    for folder in (inner, outer):
        folder.mkdir()
        repository(folder, 80)
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "src/sub")
    git(outer, "commit", "-q", "-m", "with a submodule")
    root = outer / "src"
    before = picture(root)
    turns = Turns(root)
    async with turns:
        (root / "sub/src/f3.py").write_text("by the turn\n")
        (root / "f3.py").write_text("by the turn\n")
        git(root / "sub", "checkout", "-q", "-b", "side")
    assert turns.changed is not None
    assert {row.path for row in turns.changed.files} == {"f3.py", "sub/src/f3.py"}
    await turns.kept.undo()
    assert picture(root) == before


async def test_without_a_commit_everything_is_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for number in range(80):
        (tmp_path / f"f{number}").write_text(str(number))
    before = picture(tmp_path)
    turns = Turns(tmp_path)
    async with turns:
        for number in range(80):
            (tmp_path / f"f{number}").write_text("x")
    await turns.kept.undo()
    assert picture(tmp_path) == before
