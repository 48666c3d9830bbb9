"""Following a file that grows, is cut, is replaced, or goes away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_core.logs.tail import Tail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def looked(tail: Tail) -> tuple[str, ...]:
    tail.look()
    return tail.lines


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_growth(path: Path) -> None:
    path.write_bytes(b"one\ntwo\n")
    tail = Tail(path)
    assert looked(tail) == ("one", "two")
    assert tail.look() is False, "nothing new"
    append(path, b"thr")
    assert looked(tail) == ("one", "two", "thr"), "an unfinished line shows"
    append(path, b"ee\nfour\n")
    assert looked(tail) == ("one", "two", "three", "four")


def test_only_the_latest_are_kept(path: Path) -> None:
    path.write_bytes(b"".join(b"%d\n" % number for number in range(100)))
    tail = Tail(path, keep=3)
    assert looked(tail) == ("97", "98", "99")
    append(path, b"last")
    assert looked(tail) == ("98", "99", "last")


def test_truncation_begins_anew(path: Path) -> None:
    path.write_bytes(b"old line one\nold line two\n")
    tail = Tail(path)
    tail.look()
    path.write_bytes(b"new\n")
    assert looked(tail) == ("new",)


def test_rotation_begins_anew(path: Path) -> None:
    path.write_bytes(b"old\n")
    tail = Tail(path)
    tail.look()
    path.rename(path.with_suffix(".log.1"))
    path.write_bytes(b"a longer line in another file\n")
    assert looked(tail) == ("a longer line in another file",)


def test_a_file_that_goes_and_comes_back(path: Path) -> None:
    tail = Tail(path)
    assert tail.look() is True
    assert tail.gone
    assert tail.look() is False
    path.write_bytes(b"here\n")
    assert looked(tail) == ("here",)
    assert not tail.gone
    path.unlink()
    assert tail.look() is True
    assert tail.lines == ("here",), "the last that was known stays"


def test_a_long_file_is_read_from_its_end(path: Path) -> None:
    path.write_bytes(b"first\n" + b"x" * 300_000 + b"\nlast\n")
    assert looked(Tail(path)) == ("last",), "the line that was begun before is left out"


def test_a_burst_is_bounded(path: Path) -> None:
    path.write_bytes(b"begin\n")
    tail = Tail(path, keep=5)
    tail.look()
    append(path, b"noise\n" * 500_000 + b"end\n")
    assert looked(tail)[-1] == "end"
    assert set(tail.lines) <= {"begin", "noise", "end"}


def test_one_endless_line(path: Path) -> None:
    path.write_bytes(b"x" * 5_000_000)
    tail = Tail(path)
    assert len(looked(tail)[0]) <= 2000
    append(path, b"y" * 1_000_000 + b"\nnext\n")
    assert looked(tail)[-1] == "next"


def test_bytes_that_are_no_text(path: Path) -> None:
    path.write_bytes(b"\x1b[31mred\x1b[0m \xff\x00\r\nfine\n")
    assert looked(Tail(path)) == ("red \ufffd\u2400", "fine")


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file(path: Path, kind: str) -> None:
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    tail = Tail(path)
    tail.look()
    assert tail.gone
    assert tail.lines == ()
