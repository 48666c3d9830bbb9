"""A log as it is read on the screen: what is looked for, in what is there and in what comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_core.logs.matches import find
from agent_core.logs.page import LogPage
from agent_core.logs.pattern import pattern_of
from agent_core.logs.timed import offset_at


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times without a zone are in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("".join(f"line {number}\n" for number in range(100)))
    return path


def opened(path: Path, *, line: int = 0) -> LogPage:
    page = LogPage(path, height=5)
    page.begin(line=line)
    return page


async def looked_for(page: LogPage, typed: str) -> None:
    pattern = pattern_of(typed)
    until = page.search(pattern)
    async for part in find(page.path, pattern, until=until):
        page.found(part)
    page.searched()


def shown(page: LogPage) -> list[str]:
    return [line.text.removeprefix("line ") for line in page.window.lines]


def here(page: LogPage) -> str:
    assert page.window.current is not None
    return page.window.current.text.removeprefix("line ")


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


async def test_matches_alone_and_within_what_is_around_them(path: Path) -> None:
    page = opened(path, line=51)
    assert here(page) == "50"
    await looked_for(page, "7$")
    assert (here(page), page.only, page.matching) == ("57", True, 10)
    assert page.toggle_only()
    assert shown(page) == ["56", "57", "58", "59", "60"]
    assert here(page) == "57"
    assert page.step(1)
    assert here(page) == "67"
    assert [page.step(-1), page.step(-1), here(page)] == [True, True, "47"]
    assert not opened(path).step(1), "nothing is looked for"
    page.end_search()
    assert (page.only, page.matching, here(page)) == (False, None, "47")


async def test_lines_that_come_in_pieces_match_as_a_whole(path: Path) -> None:
    page = opened(path)
    add(path, "line 100 be")
    page.look()
    await looked_for(page, "begin$")
    assert page.matching == 0
    add(path, "gin\nline 101\nline 102 begin")
    page.look()
    assert page.matching == 2
    add(path, "ning\nbegin\n")
    page.look()
    assert shown(page) == ["100 begin", "102 beginning", "begin"]


async def test_what_was_found_in_another_file_is_looked_for_anew(path: Path) -> None:
    page = opened(path)
    await looked_for(page, "line 9")
    assert page.matching == 11
    path.write_text("line 9 of another\n")
    assert page.look()
    assert (page.stale, page.matching) == (True, 0)
    await looked_for(page, "line 9")
    assert (page.stale, shown(page)) == (False, ["9 of another"])
    path.unlink()
    assert page.look()
    assert page.gone
    assert not page.look(), "it is gone since"


async def test_what_matches_is_marked_in_the_window(path: Path) -> None:
    page = opened(path)
    await looked_for(page, "e 9")
    page.apply([])
    assert {page.marks(line) for line in page.window.lines} == {((3, 6),)}
    page.apply([page.end_search])
    assert {page.marks(line) for line in page.window.lines} == {()}


def test_what_changes_nothing_is_not_drawn(path: Path) -> None:
    page = opened(path)
    assert not page.apply([page.look])
    assert page.apply([page.look, page.window.to_start])


def test_a_search_for_a_line_ends_when_nobody_wants_it(path: Path) -> None:
    page = LogPage(path, height=5)
    page.begin(line=90, still=lambda: False)
    assert here(page) == "0"


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(("second", "wanted"), [(0, 0), (10, 10), (59, 59), (61, 59)])
def test_a_time_is_found_among_lines_that_have_none(path: Path, second: int, wanted: int) -> None:
    path.write_text("".join(f"2025-11-24 09:00:{n:02} ERROR {n}\n  at {n}\n  at {n}\n" for n in range(60)))
    page = opened(path)
    offset = offset_at(page.view, 1_763_974_800 + second)
    assert offset is not None
    text = page.view.after(offset, 1)[0].text
    assert text.split()[-1] == str(wanted)
    assert second > 59 or "ERROR" in text


def test_no_time_is_found_where_there_is_none(path: Path) -> None:
    assert offset_at(opened(path).view, 0.0) is None
