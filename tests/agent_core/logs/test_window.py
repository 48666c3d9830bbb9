"""What a person sees of a log: moving, following, filtering."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from agent_core.logs.matches import Matches, find
from agent_core.logs.pattern import pattern_of
from agent_core.logs.view import LogView
from agent_core.logs.window import LogWindow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("".join(f"line {n}\n" for n in range(100)))
    return path


def opened(path: Path, height: int = 5) -> tuple[LogView, LogWindow]:
    view = LogView(path)
    view.look()
    window = LogWindow(view, height=height)
    window.to_end()
    return view, window


def shown(window: LogWindow) -> list[int]:
    return [int(line.text.rpartition(" ")[2]) for line in window.lines]


def at(window: LogWindow) -> int:
    assert window.current is not None
    return int(window.current.text.rpartition(" ")[2])


def test_it_follows_until_somebody_moves_up(path: Path) -> None:
    view, window = opened(path)
    assert (shown(window), at(window)) == ([95, 96, 97, 98, 99], 99)
    with path.open("a") as file:
        file.write("line 100\n")
    view.look()
    window.refresh()
    assert (shown(window)[-1], at(window)) == (100, 100)
    window.move(-1)
    assert (window.follows, at(window)) == (False, 99)
    with path.open("a") as file:
        file.write("line 101\n")
    view.look()
    window.refresh()
    assert (shown(window), at(window)) == ([96, 97, 98, 99, 100], 99), "it stays where it was"
    window.move(2)
    assert (window.follows, at(window)) == (True, 101)


def test_moving_scrolls_as_far_as_it_takes(path: Path) -> None:
    _, window = opened(path)
    window.move(-4)
    assert (shown(window)[0], at(window)) == (95, 95)
    window.move(-1)
    assert (shown(window), at(window)) == ([94, 95, 96, 97, 98], 94)
    window.page(-2)
    assert at(window) == 86
    window.page(1)
    assert at(window) == 90
    window.move(-1000)
    assert (shown(window), at(window)) == ([0, 1, 2, 3, 4], 0)
    window.move(1000)
    assert (shown(window)[-1], at(window), window.follows) == (99, 99, True)


def test_jumping(path: Path) -> None:
    view, window = opened(path)
    window.to_start()
    assert (shown(window), at(window), window.follows) == ([0, 1, 2, 3, 4], 0, False)
    window.to(view.after(0, 51)[50].start)
    assert (at(window), shown(window)[0]) == (50, 49)
    first, last = window.share
    assert 0.4 < first < last < 0.6
    window.resize(9)
    assert at(window) == 50
    window.to(10**9)
    assert at(window) == 99


def test_a_file_that_is_emptied_is_shown_empty(path: Path) -> None:
    view, window = opened(path)
    path.write_text("")
    view.look()
    window.refresh()
    assert (window.lines, window.current) == ([], None)
    window.move(-3)
    window.page(1)
    path.write_text("line 7\n")
    view.look()
    window.refresh()
    assert shown(window) == [7]


async def matching(path: Path, view: LogView, typed: str) -> Matches:
    matches = Matches(view)
    async for part in find(path, pattern_of(typed), until=view.size):
        matches.add(part)
    return matches


async def test_only_what_matches_is_shown(path: Path) -> None:
    view, window = opened(path)
    window.show(await matching(path, view, r"line \d*5$"))
    assert shown(window) == [55, 65, 75, 85, 95]
    window.move(-5)
    assert (shown(window), at(window)) == ([45, 55, 65, 75, 85], 45)
    window.show(view)
    assert (at(window), window.follows) == (45, False), "without the filter it stands at the same line"
    window.move(2)
    window.show(await matching(path, view, "[05]$"))
    assert at(window) == 50, "the next line that matches"


async def test_what_is_added_joins_the_matches(path: Path) -> None:
    view, window = opened(path)
    matches = await matching(path, view, "5$")
    window.show(matches)
    size = view.size
    with path.open("a") as file:
        file.write("line 105\n")
    view.look()
    matches.add(array("q", [size]))
    window.refresh()
    assert shown(window)[-2:] == [95, 105]


async def test_patterns_as_people_type_them(tmp_path: Path) -> None:
    path = tmp_path / "-x.log"
    path.write_bytes(b"Error one\nerror two\nf(x\n\xff\x00error three\n12:error four\nnone")
    view = LogView(path)
    view.look()
    assert len(await matching(path, view, "error")) == 4
    assert len(await matching(path, view, "Error")) == 1, "a capital means it"
    assert len(await matching(path, view, "f(x")) == 1, "what is no expression is taken literally"
    only_before = [offset async for part in find(path, pattern_of("error"), until=12) for offset in part]
    assert only_before == [0, 10]
    assert len(await matching(path, view, "nothing of this")) == 0
