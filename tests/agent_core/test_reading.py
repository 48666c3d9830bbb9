"""Reading files that are not what one hopes."""

from __future__ import annotations

import os
import socket
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core import reading
from agent_core.errors import PathRefused, ToolError
from agent_core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def put(workspace: Workspace, content: bytes, name: str = "file") -> None:
    (workspace.root / name).write_bytes(content)


def test_a_whole_small_file(workspace: Workspace) -> None:
    put(workspace, b"one\ntwo\n\nfour")
    part = workspace.read_text("file")
    assert part.lines == ("one", "two", "", "four")
    assert (part.start, part.end, part.total_lines, part.truncated, part.note) == (1, 4, 4, False, "")


@pytest.mark.parametrize(("content", "total"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\n\n", 2)])
def test_line_counts(workspace: Workspace, content: bytes, total: int) -> None:
    put(workspace, content)
    part = workspace.read_text("file")
    assert part.total_lines == total == len(part.lines) == part.end


def test_a_part(workspace: Workspace) -> None:
    put(workspace, b"".join(b"%d\n" % n for n in range(1, 101)))
    part = workspace.read_text("file", start=10, end=12)
    assert (part.lines, part.start, part.end, part.total_lines) == (("10", "11", "12"), 10, 12, 100)
    assert workspace.read_text("file", start=99, end=400).lines == ("99", "100")
    assert workspace.read_text("file", start=-5, end=1).lines == ("1",)


def test_a_part_behind_the_end(workspace: Workspace) -> None:
    put(workspace, b"one\ntwo\n")
    part = workspace.read_text("file", start=5)
    assert (part.lines, part.end, part.note) == ((), 4, "the file has only 2 lines")


def test_line_ends_of_other_systems(workspace: Workspace) -> None:
    put(workspace, b"dos\r\nform\x0cfeed\x85nel\r\nlast\r\n")
    assert workspace.read_text("file").lines[0] == "dos"
    assert len(workspace.read_text("file").lines) == 3


def test_binary(workspace: Workspace) -> None:
    put(workspace, b"\x7fELF\0\0" + bytes(3000))
    part = workspace.read_text("file")
    assert part.binary
    assert part.lines == ()
    assert part.note == "binary file, 2.9 KB"


def test_invalid_utf8_is_shown_with_a_note(workspace: Workspace) -> None:
    put(workspace, b"caf\xe9\nok\n")
    part = workspace.read_text("file")
    assert part.lines == ("caf�", "ok")
    assert "not valid UTF-8" in part.note


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_byte_order_marks(workspace: Workspace, encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""
    put(workspace, f"{mark}größe\nzwei\n".encode(encoding))
    part = workspace.read_text("file")
    assert part.lines == ("größe", "zwei")
    assert part.total_lines == 2
    assert ("shown as UTF-8" in part.note) == (encoding != "utf-8-sig")


def test_half_a_character_of_utf16(workspace: Workspace) -> None:
    put(workspace, "\ufeffab".encode("utf-16-le") + b"\x41")
    assert workspace.read_text("file").lines[0].startswith("ab")


def test_a_line_of_fifty_megabytes_costs_no_memory(workspace: Workspace) -> None:
    with (workspace.root / "big").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 1024 * 1024)
        file.write(b"\nsecond\n")
    tracemalloc.start()
    first = workspace.read_text("big", max_bytes=1000)
    second = workspace.read_text("big", start=2)
    beyond = workspace.read_text("big", start=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024
    assert first.lines == ("x" * 1000,)
    assert first.truncated
    assert first.note == "cut after 1000 B of 50 MB"
    assert first.total_lines is None
    assert (second.lines, second.end, second.truncated) == (("second",), 2, False)
    assert (beyond.lines, beyond.note) == ((), "the file has only 2 lines")


def test_an_enormous_file_is_not_searched_for_ever(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MAX_SCAN", 1024 * 1024)
    with (workspace.root / "huge").open("wb") as file:
        file.write(b"line\n" * 400_000)
        file.truncate(1 << 40)
    part = workspace.read_text("huge", start=350_000)
    assert part.lines == ()
    assert part.truncated
    assert "lies beyond the first 1.0 MB" in part.note


def test_a_cut_never_splits_a_character(workspace: Workspace) -> None:
    put(workspace, "ää".encode() * 10)
    part = workspace.read_text("file", max_bytes=7)
    assert part.lines == ("äää",)
    assert "not valid" not in part.note


@given(
    content=st.lists(st.sampled_from(["", "a", "bb", "ü", "x" * 9]), max_size=12).map(
        lambda p: "\n".join(p).encode()
    ),
    start=st.integers(1, 14),
    length=st.integers(0, 5),
    chunk=st.integers(1, 7),
)
def test_chunks_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: int, length: int, chunk: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "chunks"
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(content)
    before, reading._CHUNK = reading._CHUNK, chunk
    try:
        part = Workspace.open(folder).read_text("file", start=start, end=start + length)
    finally:
        reading._CHUNK = before
    lines = content.decode().split("\n")
    if lines[-1] == "":
        lines.pop()
    assert part.lines == tuple(lines[start - 1 : start + length])
    assert part.total_lines == len(lines)


@pytest.mark.parametrize("name", ["pipe", "sock", "device", "folder"])
def test_what_is_no_file_is_named_and_never_waited_for(
    workspace: Workspace, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.root)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind("sock")
    server.close()
    if name == "device":
        try:
            os.mknod("device", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
        except PermissionError:
            pytest.skip("only root makes device nodes")
    with pytest.raises(ToolError, match=f"^{name} is a .*, not a regular file"):
        workspace.read_text(name)


def test_what_vanished_or_leads_out(workspace: Workspace) -> None:
    (workspace.root / "loop").symlink_to("loop")
    (workspace.root / "out").symlink_to("/etc/passwd")
    (workspace.root / "gone").symlink_to("nowhere")
    for name in ("none", "none/deeper", "gone"):
        with pytest.raises(ToolError, match="does not exist"):
            workspace.read_text(name)
    with pytest.raises(ToolError, match="loop"):
        workspace.read_text("loop")
    for name in ("out", "/etc/passwd", "../x", "a\0b"):
        with pytest.raises(PathRefused):
            workspace.read_text(name)


def test_a_link_inside_is_read(workspace: Workspace) -> None:
    put(workspace, b"text\n", "target")
    (workspace.root / "link").symlink_to("target")
    assert workspace.read_text("link").lines == ("text",)


def test_a_file_that_shrinks_while_it_is_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    put(workspace, b"line\n" * 1000)
    real = os.read

    def shrink(fd: int, size: int) -> bytes:
        os.truncate(workspace.root / "file", 10)
        return real(fd, size)

    monkeypatch.setattr(os, "read", shrink)
    assert workspace.read_text("file").lines == ("line", "line")


def test_a_disk_error_is_an_error_of_the_tool(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    put(workspace, b"x")

    def broken(fd: int, size: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", broken)
    with pytest.raises(ToolError, match="Input/output error"):
        workspace.read_text("file")
