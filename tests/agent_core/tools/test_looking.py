"""`ls`, `tree` and `cat` on real folders and files, good and bad."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.errors import AgentError, PathRefused, ToolError, UsageError
from agent_core.text import printable
from agent_core.tools import tree as tree_module
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.cat import CatArgs, CatTool
from agent_core.tools.ls import LsArgs, LsTool
from agent_core.tools.tree import TreeArgs, TreeTool
from agent_core.workspace import Workspace
from tests.fakes.git import git


def context(root: Path) -> ToolContext:
    return ToolContext(workspace=Workspace.open(root), settings=Settings())


async def ls(root: Path, **given: Any) -> ToolResult:
    return await LsTool().run(LsArgs(**given), context(root))


async def tree(root: Path, **given: Any) -> ToolResult:
    return await TreeTool().run(TreeArgs(**given), context(root))


async def cat(root: Path, path: str, **given: Any) -> ToolResult:
    return await CatTool().run(CatArgs(path=path, **given), context(root))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a changed, a new, a deleted and an ignored file."""
    folder = tmp_path / "project"
    (folder / "src" / "deep" / "deeper").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("x = 1\n")
    (folder / "src" / "old.py").write_text("gone\n")
    (folder / "src" / "deep" / "deeper" / "leaf.py").write_text("leaf\n")
    (folder / "README.md").write_text("hello\n" * 300)
    (folder / ".gitignore").write_text("*.log\nbuild/\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / "src" / "app.py").write_text("x = 2\n")
    (folder / "src" / "old.py").unlink()
    (folder / "new.txt").write_text("new\n")
    (folder / "debug.log").write_text("noise\n")
    (folder / "build").mkdir()
    (folder / "build" / "out.o").write_text("o\n")
    return folder


async def test_ls_shows_git_state_and_sizes(root: Path) -> None:
    result = await ls(root)
    assert result.text.splitlines() == [
        ".:",
        "D          src/",
        "     13 B  .gitignore",
        "?     4 B  new.txt",
        "   1.8 KB  README.md",
    ]
    assert [entry["path"] for entry in result.data["entries"]] == [
        "src",
        ".gitignore",
        "new.txt",
        "README.md",
    ]
    assert result.summary == "1 folder, 3 files in ."


async def test_ls_of_a_folder_names_what_is_deleted(root: Path) -> None:
    result = await ls(root, path="src")
    assert [(entry["path"], entry["git"]) for entry in result.data["entries"]] == [
        ("src/deep", ""), ("src/app.py", "M"),
    ]  # fmt: skip
    assert result.data["deleted"] == ["old.py"]
    assert "old.py (deleted)" in result.text


async def test_ls_shows_ignored_files_only_when_asked(root: Path) -> None:
    assert "debug.log" not in (await ls(root)).text
    shown = await ls(root, all=True)
    assert "debug.log (ignored)" in shown.text
    assert "build/ (ignored)" in shown.text


async def test_ls_of_an_empty_and_of_an_enormous_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (await ls(tmp_path, path="empty")).text == "empty:\n  (empty)"
    for number in range(700):
        (tmp_path / f"{number:03}").touch()
    result = await ls(tmp_path)
    assert result.data["total"] == 701
    assert len(result.data["entries"]) == 500
    assert result.note == "201 more not shown"


@pytest.mark.parametrize("look", [ls, tree])
@pytest.mark.parametrize(
    ("path", "kind"),
    [("none", ToolError), ("README.md", ToolError), ("..", PathRefused), ("out", PathRefused)],
)
async def test_what_is_no_folder_of_the_workspace(
    root: Path, look: Any, path: str, kind: type[AgentError]
) -> None:
    (root / "out").symlink_to("/")
    with pytest.raises(kind):
        await look(root, path=path)


async def test_tree_draws_levels(root: Path) -> None:
    result = await tree(root)
    assert result.text.splitlines() == [
        ".",
        "├── src/  [D]",
        "│   ├── deep/",
        "│   │   └── deeper/",
        "│   └── app.py  6 B  [M]",
        "├── .gitignore  13 B",
        "├── new.txt  4 B  [?]",
        "└── README.md  1.8 KB",
    ]
    assert "leaf.py" in (await tree(root, depth=4)).text
    assert (await tree(root, path="src", depth=1)).text.splitlines()[0] == "src/"
    assert result.summary == "3 folders, 4 files in ."


async def test_tree_does_not_follow_links(root: Path) -> None:
    (root / "src" / "loop").symlink_to(root)
    (root / "outside").symlink_to("/etc")
    result = await tree(root, depth=32)
    assert "loop@" in result.text and "outside@" in result.text
    assert "passwd" not in result.text


async def test_tree_is_bounded_and_what_lies_deepest_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "_MOST", 100)
    for folder in range(5):
        (tmp_path / f"d{folder}").mkdir()
        for number in range(90):
            (tmp_path / f"d{folder}" / f"{number:02}.txt").touch()
    result = await tree(tmp_path)
    assert len(result.data["entries"]) == 100
    assert "entries left out" in result.note
    assert "└── … 30 more" in result.text
    assert {f"d{folder}" for folder in range(5)} <= {entry["path"] for entry in result.data["entries"]}


async def test_names_are_shown_literally(tmp_path: Path) -> None:
    name = "evil\x1b[31m\nname[red]"
    (tmp_path / name).write_text("x")
    for look in (ls, tree):
        result = await look(tmp_path)
        assert [entry["path"] for entry in result.data["entries"]] == [name], "for programs, as it is"
        assert "evil name[red]" in result.text
        assert printable(result.text) == result.text
        msgspec.json.encode(result)


async def test_bytes_that_are_no_name(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).write_text("x")
    for look in (ls, tree):
        msgspec.json.encode(await look(tmp_path))


async def test_cat_shows_numbered_lines(root: Path) -> None:
    result = await cat(root, "src/app.py")
    assert result.text == "1  x = 2"
    assert result.summary == "src/app.py: 1 line"
    assert [(hit.path, hit.start, hit.end, hit.text) for hit in result.hits] == [
        ("src/app.py", 1, 1, "x = 2")
    ]
    assert result.data["complete"]


@pytest.mark.parametrize(
    ("path", "given", "lines"),
    [
        ("n.txt:10-12", {}, ["10", "11", "12"]),
        ("n.txt:7", {}, ["7"]),
        ("n.txt:19-", {}, ["19", "20"]),
        ("n.txt:12-10", {}, ["10", "11", "12"]),
        ("n.txt", {"start": 19}, ["19", "20"]),
        ("n.txt", {"start": 2, "end": 3}, ["2", "3"]),
        ("n.txt:19-999", {}, ["19", "20"]),
        ("n.txt:50-60", {}, []),
    ],
)
async def test_cat_shows_some_lines(
    tmp_path: Path, path: str, given: dict[str, int], lines: list[str]
) -> None:
    (tmp_path / "n.txt").write_text("".join(f"{number}\n" for number in range(1, 21)))
    result = await cat(tmp_path, path, **given)
    assert [line for hit in result.hits for line in hit.text.split("\n")] == lines


async def test_cat_prefers_a_file_that_is_really_called_so(tmp_path: Path) -> None:
    (tmp_path / "log:10").write_text("this one\n")
    (tmp_path / "log").write_text("not this\n" * 20)
    assert (await cat(tmp_path, "log:10")).text == "1  this one"


async def test_cat_of_a_long_file_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("line\n" * 5_000)
    result = await cat(tmp_path, "long.txt")
    assert result.data["end"] == 1_000
    assert not result.data["complete"]
    assert "`cat long.txt:1001-` goes on" in result.note
    rest = await cat(tmp_path, "long.txt:4500-")
    assert (rest.data["start"], rest.data["end"], rest.data["complete"]) == (4_500, 5_000, True)


async def test_cat_of_one_enormous_line(tmp_path: Path) -> None:
    with (tmp_path / "one.txt").open("wb") as stream:
        stream.write(b"x" * 50_000_000)
    result = await cat(tmp_path, "one.txt")
    assert len(result.text) < 3_000
    assert "cut after" in result.note


async def test_cat_of_bad_files(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "empty").touch()
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 \x1b[31mred\n")
    binary = await cat(tmp_path, "b.bin")
    assert (binary.text, binary.hits) == ("binary file, 2.5 KB", ())
    assert (await cat(tmp_path, "empty")).text == "(empty file)"
    latin = await cat(tmp_path, "latin.txt")
    assert latin.text.startswith("1  caf� red")
    assert "UTF-8" in latin.note


@pytest.mark.parametrize(
    ("path", "given", "kind"),
    [
        ("none", {}, ToolError),
        ("none:1-2", {}, ToolError),
        (".", {}, ToolError),
        ("pipe", {}, ToolError),
        ("../x", {}, PathRefused),
        ("link", {}, PathRefused),
        ("a\0b", {}, PathRefused),
        ("n", {"start": 9, "end": 3}, UsageError),
    ],
)
async def test_cat_refuses(tmp_path: Path, path: str, given: dict[str, int], kind: type[AgentError]) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "n").write_text("x\n")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(kind):
        await cat(tmp_path, path, **given)
