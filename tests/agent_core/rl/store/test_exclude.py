from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.rl.store.exclude import exclude
from tests.fakes.git import git
from tests.fakes.rl_records import decision, opened

OURS = (
    ".dspy_rl_state.json",
    ".dspy_rl_events.jsonl",
    ".dspy_rl_events.2.jsonl",
    ".dspy_rl_state.json.backup-20260101-000000",
    ".dspy_rl_events.jsonl.bad-20260101-000000",
    "..dspy_rl_state.json.1-abcd.tmp",
)


def repository(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q")
    (root / "kept").write_text("x")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def lie_in(folder: Path) -> None:
    for name in (*OURS, ".dspy_rl.json"):
        (folder / name).write_text("{}")


def untracked(folder: Path) -> list[str]:
    shown = git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".").decode()
    return [line[3:] for line in shown.split("\0") if line]


def exclude_file(folder: Path) -> Path:
    return folder / git(folder, "rev-parse", "--git-path", "info/exclude").decode().strip()


def test_git_sees_the_configuration_alone(tmp_path: Path) -> None:
    root = repository(tmp_path / "root")
    lie_in(root)
    before = exclude_file(root).read_bytes()
    assert exclude(root)
    assert untracked(root) == [".dspy_rl.json"]
    once = exclude_file(root).read_bytes()
    assert once.startswith(before)
    assert exclude(root)
    assert exclude_file(root).read_bytes() == once


@pytest.mark.parametrize("name", ["sub/inner", "a[b]*c", "back\\slash", "#x", "!y", " spaces "])
def test_a_workspace_below_the_top_of_its_repository(name: str, tmp_path: Path) -> None:
    root = repository(tmp_path / "root")
    folder = root / name
    folder.mkdir(parents=True)
    lie_in(folder)
    lie_in(root)
    assert exclude(folder)
    assert untracked(folder) == [f"{name}/.dspy_rl.json"]
    assert len(untracked(root)) == 2 + len(OURS), "those of another workspace are not ours to hide"


def test_work_trees_and_submodules(tmp_path: Path) -> None:
    root = repository(tmp_path / "root")
    git(root, "worktree", "add", "-q", str(tmp_path / "tree"))
    inner = repository(tmp_path / "inner")
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "module")
    for folder in (tmp_path / "tree", root / "module"):
        assert (folder / ".git").is_file()
        lie_in(folder)
        assert exclude(folder)
        assert untracked(folder) == [".dspy_rl.json"]
        assert b"/.dspy_rl_*\n" in exclude_file(folder).read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"/.dspy_rl_*\n/..dspy_rl_*\n"),
        (b"*.o", b"*.o\n/.dspy_rl_*\n/..dspy_rl_*\n"),
        (b"*.o\r\n*.a\r\n", b"*.o\r\n*.a\r\n/.dspy_rl_*\r\n/..dspy_rl_*\r\n"),
        (b"*.o\r\n*.a", b"*.o\r\n*.a\r\n/.dspy_rl_*\r\n/..dspy_rl_*\r\n"),
        (b"\xff\xfe\n/.dspy_rl_*\n", b"\xff\xfe\n/.dspy_rl_*\n/..dspy_rl_*\n"),
        (b"/..dspy_rl_*\r\n/.dspy_rl_*\r\n", b"/..dspy_rl_*\r\n/.dspy_rl_*\r\n"),
    ],
)
def test_other_lines_and_line_ends_stay(before: bytes, after: bytes, tmp_path: Path) -> None:
    root = repository(tmp_path)
    exclude_file(root).write_bytes(before)
    lie_in(root)
    assert exclude(root)
    assert exclude_file(root).read_bytes() == after
    assert untracked(root) == [".dspy_rl.json"]


def test_without_the_folder_it_is_made(tmp_path: Path) -> None:
    root = repository(tmp_path)
    exclude_file(root).unlink()
    exclude_file(root).parent.rmdir()
    assert exclude(root)
    assert exclude_file(root).exists()


def test_where_it_cannot_be_written_nothing_happens(tmp_path: Path) -> None:
    root = repository(tmp_path / "root")
    path = exclude_file(root)
    path.unlink()
    (tmp_path / "elsewhere").write_text("mine\n")
    path.symlink_to(tmp_path / "elsewhere")
    assert not exclude(root)
    assert (tmp_path / "elsewhere").read_text() == "mine\n"
    path.unlink()
    path.mkdir()
    assert not exclude(root)
    path.rmdir()
    path.parent.rmdir()
    path.parent.symlink_to(tmp_path)
    assert not exclude(root)
    assert not (tmp_path / "exclude").exists()
    store = opened(root)
    store.append(decision())
    store.close()


def test_a_folder_that_is_no_repository_is_left_alone(tmp_path: Path) -> None:
    assert not exclude(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / ".git").write_text("gitdir: other\n")
    assert not exclude(tmp_path)
    assert list((tmp_path / "other").iterdir()) == []


def test_opening_learning_in_a_repository_leaves_it_clean(tmp_path: Path) -> None:
    root = repository(tmp_path)
    store = opened(root)
    store.append(decision(at=store.now()))
    store.reset()
    store.close()
    assert len(list(root.glob(".dspy_rl_*"))) == 3
    assert untracked(root) == []
