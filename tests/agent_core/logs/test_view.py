"""Windows of a log file: by offsets, whatever its size and its lines."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from agent_core.logs.view import Line, LogView


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def test_forwards_and_backwards(path: Path) -> None:
    path.write_bytes(b"one\ntwo\n\nfour\r\nfive")
    view = LogView(path)
    assert texts(view.after(0, 3)) == ["one", "two", ""]
    assert texts(view.last(2)) == ["four", "five"]
    assert view.last(99) == view.after(0, 99)
    two = view.after(0, 2)[1]
    assert two == Line(4, 8, "two")
    assert texts(view.before(two.next, 1)) == ["two"]
    assert view.before(0, 5) == []


def test_every_cut_gives_the_same_lines(path: Path) -> None:
    chance = random.Random(7)
    lines = [b"x" * chance.choice((0, 1, 5, 300, 70_000, 200_000)) + b"%d" % n for n in range(60)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    view = LogView(path)
    forwards = view.after(0, 1000)
    assert len(forwards) == 60
    backwards: list[Line] = []
    offset = path.stat().st_size
    while part := view.before(offset, 7):
        backwards = [*part, *backwards]
        offset = part[0].start
    assert backwards == forwards
    for number, line in enumerate(forwards, 1):
        assert view.offset_of(number) == line.start
        assert view.number_of(line.start) == number


def test_a_line_of_fifty_megabytes_is_one_line(path: Path) -> None:
    path.write_bytes(b"before\n" + b"\x1b[31m" + b"y" * 50_000_000 + b"\nafter\n")
    view = LogView(path)
    shown = view.after(0, 9)
    assert texts(shown)[::2] == ["before", "after"]
    assert len(shown[1].text) <= 4000
    assert "\x1b" not in shown[1].text
    assert view.last(9) == shown


def test_hostile_bytes_are_shown_literally(path: Path) -> None:
    path.write_bytes(b"\xff\xfe[bold]\x00\x07\x1b]0;title\x07\n\xe2\x80\xae\n")
    shown = LogView(path).after(0, 9)
    assert len(shown) == 2
    assert all(text.isprintable() or not text for text in texts(shown)), texts(shown)
    assert "[bold]" in shown[0].text


def test_what_became_of_the_file(path: Path) -> None:
    view = LogView(path)
    assert view.look() == "gone"
    assert view.last(3) == []
    path.write_bytes(b"one\n")
    assert view.look() == "anew"
    assert view.look() == "same"
    with path.open("ab") as file:
        file.write(b"two\n")
    assert (view.look(), view.size) == ("grew", 8)
    os.truncate(path, 0)
    assert view.look() == "anew"
    path.write_bytes(b"three and more than before\n")
    view.look()
    path.write_bytes(b"written again, and longer than it was\n")
    assert view.look() == "anew", "emptied and written between two looks"
    path.rename(path.with_suffix(".1"))
    path.write_bytes(b"another file\n" * 9)
    assert view.look() == "anew"
    path.unlink()
    assert view.look() == "gone"


def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    view = LogView(path)
    assert view.look() == "gone"
    assert view.last(5) == []


def test_a_huge_file_is_opened_at_once(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"first\n")
        file.seek(20_000_000_000)
        file.write(b"\nlast but one\nlast\n")
    view = LogView(path)
    assert texts(view.last(2)) == ["last but one", "last"]
    assert view.after(0, 1) == [Line(0, 6, "first")]
    [piece] = view.before(20_000_000_000, 1)
    assert 0 < piece.start < 20_000_000_000, "of what has no line break for gigabytes, a piece"


def test_lines_by_their_numbers(path: Path) -> None:
    path.write_bytes(b"".join(b"line %d\n" % n for n in range(1, 300_001)) + b"unfinished")
    view = LogView(path)
    for number in (1, 2, 70_000, 299_999, 300_000):
        assert view.after(view.offset_of(number), 1)[0].text == f"line {number}"
    assert view.after(view.offset_of(300_001), 1)[0].text == "unfinished"
    assert view.after(view.offset_of(10**9), 1)[0].text == "unfinished", "the last where there are fewer"
    path.unlink()
    assert view.offset_of(5) == 0
