from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_core.errors import PathRefused, ToolError, WorkspaceError
from agent_core.index.lock import WriterLock
from agent_core.workspace import STATE_VARIABLE, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "root").mkdir()
    return Workspace.open(tmp_path / "root")


@contextmanager
def as_nobody() -> Generator[None]:
    """A block in which permissions hold, also when the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can reach: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in folder.iterdir():
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_workspace_is_opened_and_nothing_is_written(tmp_path: Path) -> None:
    workspace = Workspace.open(str(tmp_path))
    assert workspace.root == tmp_path.resolve()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name, words in (
        ("none", "does not exist"),
        ("dangling", "does not exist"),
        ("file", "is not a folder"),
        ("file/below", "is not a folder"),
        ("loop", "cannot be opened"),
        ("nul\0", "cannot be opened"),
        ("x" * 5000, "cannot be opened"),
    ):
        with pytest.raises(WorkspaceError, match=words) as caught:
            Workspace.open(tmp_path / name)
        assert caught.value.exit_code == 7
        assert caught.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file", "loop"]


def test_an_unreadable_workspace(public: Path) -> None:
    for mode in (0o000, 0o111, 0o444):
        folder = public / f"mode{mode}"
        folder.mkdir()
        folder.chmod(mode)
        with as_nobody(), pytest.raises(WorkspaceError, match="cannot be read"):
            Workspace.open(folder)


def test_a_hostile_name_is_shown_literally(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError) as caught:
        Workspace.open(tmp_path / "\x1b[31mred\n")
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_working_folder_that_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(WorkspaceError):
        Workspace.open(".")


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../root2",
        "a/../../x",
        "/etc/passwd",
        "/",
        "x\0y",
        "out",
        "out/passwd",
        "chain",
        "up/x",
        "in/../../../etc",
    ],
)
def test_the_jail(workspace: Workspace, path: str) -> None:
    (workspace.root.parent / "root2").mkdir()
    (workspace.root / "out").symlink_to("/etc")
    (workspace.root / "chain").symlink_to("out/passwd")
    (workspace.root / "up").symlink_to("..")
    (workspace.root / "in").mkdir()
    with pytest.raises(PathRefused) as caught:
        workspace.resolve(path)
    assert caught.value.exit_code == 3


def test_paths_inside(workspace: Workspace) -> None:
    root = workspace.root
    (root / "in").mkdir()
    (root / "link").symlink_to("in")
    (root / "absolute").symlink_to(root / "in")
    assert workspace.resolve(".") == root
    assert workspace.resolve("") == root
    assert workspace.resolve(str(root)) == root
    assert workspace.resolve("link/new.txt") == root / "in/new.txt"
    assert workspace.resolve("absolute/../in") == root / "in"
    assert workspace.resolve("~") == root / "~"
    assert workspace.relative(root) == "."
    assert workspace.relative(root / "in/x") == "in/x"
    with pytest.raises(PathRefused):
        workspace.relative(root.parent)


def test_a_workspace_opened_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    workspace = Workspace.open(tmp_path / "link")
    assert workspace.root == tmp_path.resolve() / "real"


def test_listing(workspace: Workspace) -> None:
    root = workspace.root
    for name in ("zeta", "Alpha"):
        (root / name).mkdir()
    (root / "b.txt").write_text("12345")
    (root / "A.txt").touch()
    (root / ".gitignore").write_text("*.log\n")
    (root / "x.log").touch()
    names = [entry.name for entry in workspace.list_dir()]
    assert names == ["Alpha", "zeta", ".gitignore", "A.txt", "b.txt"]
    everything = {entry.name: entry for entry in workspace.list_dir(include_ignored=True)}
    assert everything["x.log"].ignored
    assert everything["b.txt"].size == 5
    assert everything["b.txt"].mtime_ns > 0
    assert everything["zeta"].is_dir


def test_listing_of_links(workspace: Workspace) -> None:
    root = workspace.root
    (root / "folder").mkdir()
    (root / "folder" / "back").symlink_to("..")
    (root / "inner").symlink_to("folder")
    (root / "outer").symlink_to("/etc")
    (root / "loop").symlink_to("loop")
    (root / "broken").symlink_to("nowhere")
    entries = {entry.name: entry for entry in workspace.list_dir()}
    assert {name for name, entry in entries.items() if entry.is_link} == {"inner", "outer", "loop", "broken"}
    assert {name for name, entry in entries.items() if entry.is_dir} == {"folder", "inner"}
    assert [entry.path for entry in workspace.list_dir("inner/back/inner")] == ["folder/back"]


def test_listing_what_is_no_folder(workspace: Workspace) -> None:
    (workspace.root / "file").touch()
    with pytest.raises(ToolError, match="file is not a folder"):
        workspace.list_dir("file")
    with pytest.raises(ToolError, match="none does not exist"):
        workspace.list_dir("none")


def test_listing_an_unreadable_folder(public: Path) -> None:
    (public / "closed").mkdir(mode=0o700)
    (public / "secret").write_text("x")
    (public / "secret").chmod(0o600)
    (public / "open").write_text("x")
    (public / "open").chmod(0o644)
    with as_nobody():
        workspace = Workspace.open(public)
        with pytest.raises(ToolError, match="permission denied"):
            workspace.list_dir("closed")
        with pytest.raises(ToolError, match="permission denied"):
            workspace.read_text("secret")
        assert set(workspace.walk()) == {"open", "secret"}


def test_names_that_are_hostile_or_no_text(workspace: Workspace) -> None:
    names = ["new\nline", "\x1b[31m", "-rf", "[bold]", "spa ce", os.fsdecode(b"\xff\xfe"), "ü"]
    for name in names:
        (workspace.root / name).write_text("x")
    assert {entry.name for entry in workspace.list_dir()} == set(names)
    assert set(workspace.walk()) == set(names)
    for name in names:
        assert workspace.read_text(name).lines == ("x",)


def test_walking_ends_and_keeps_its_order(workspace: Workspace) -> None:
    root = workspace.root
    (root / "b" / "deep").mkdir(parents=True)
    (root / "a").mkdir()
    (root / "b" / "loop").symlink_to("../b")
    (root / "out").symlink_to("/etc")
    os.mkfifo(root / "pipe")
    for name in ("z", "b/y", "b/deep/x", "a/w"):
        (root / name).touch()
    assert list(workspace.walk()) == ["z", "a/w", "b/y", "b/deep/x"]
    assert list(workspace.walk("b")) == ["b/y", "b/deep/x"]
    with pytest.raises(PathRefused):
        list(workspace.walk("out"))


def test_walking_an_ignored_folder_only_when_asked(workspace: Workspace) -> None:
    (workspace.root / "build").mkdir()
    (workspace.root / "build" / "x").touch()
    (workspace.root / ".gitignore").write_text("build/\n")
    assert list(workspace.walk("build")) == []
    assert list(workspace.walk("build", include_ignored=True)) == ["build/x"]


def test_a_folder_that_vanishes_while_walking(workspace: Workspace) -> None:
    for name in ("a", "b"):
        (workspace.root / name).mkdir()
        (workspace.root / name / "file").touch()
    walk = workspace.walk()
    assert next(walk) == "a/file"
    shutil.rmtree(workspace.root / "b")
    assert list(walk) == []


def test_folders_nested_deeper_than_a_path_may_be(workspace: Workspace) -> None:
    depth = 0
    here = os.open(workspace.root, os.O_RDONLY)
    try:
        for _ in range(60):
            os.mkdir("d" * 100, dir_fd=here)
            inner = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
            depth += 1
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    finally:
        os.close(here)
    assert depth == 60
    assert list(workspace.walk()) == []
    with pytest.raises(ToolError):
        workspace.read_text("/".join(["d" * 100] * 60) + "/file")


def test_the_state_folder(workspace: Workspace) -> None:
    folder = workspace.ensure_state_dir("logs/deep")
    assert folder == workspace.root / ".dspy_tui/logs/deep"
    kept = "!/commands/", "!/commands/*.md", "!/hooks.toml", "!/hooks/", "!/hooks/*"
    assert (workspace.state_dir / ".gitignore").read_text().split() == ["*", *kept]
    (workspace.state_dir / ".gitignore").write_text("own\n")
    workspace.ensure_state_dir()
    assert (workspace.state_dir / ".gitignore").read_text() == "own\n"


def test_a_state_that_is_kept_elsewhere(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "volume"
    monkeypatch.setenv(STATE_VARIABLE, str(place))
    kept = Workspace.open(workspace.root)
    assert kept.ensure_state_dir("logs") == place / "logs" and not workspace.state_dir.exists()
    assert kept.own == workspace and kept.own.state_dir == workspace.state_dir
    lock = WriterLock(root=kept.root, folder=kept.state_dir / "index")
    assert lock.take() and (place / "index" / "lock").exists() and not workspace.state_dir.exists()
    lock.release()
    monkeypatch.setenv(STATE_VARIABLE, "volume")
    with pytest.raises(WorkspaceError, match="no whole path"):
        Workspace.open(workspace.root)


@pytest.mark.parametrize("place", [".dspy_tui", ".dspy_tui/logs"])
def test_a_repository_cannot_lead_the_state_elsewhere(
    workspace: Workspace, tmp_path: Path, place: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = workspace.root / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises(WorkspaceError, match="symbolic link"):
        workspace.ensure_state_dir("logs")
    assert list(elsewhere.iterdir()) == []


def test_a_file_in_the_place_of_the_state_folder(workspace: Workspace) -> None:
    workspace.state_dir.touch()
    with pytest.raises(WorkspaceError, match="not a folder"):
        workspace.ensure_state_dir()
