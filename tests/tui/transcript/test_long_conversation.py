"""A conversation of which most lies on disk looks and works as one that is all in memory."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from agent_core.errors import ErrorInfo
from agent_core.events import Usage
from tui.widgets.transcript import Transcript, collection
from tui.widgets.transcript.collection import CHUNK, Units
from tui.widgets.transcript.folds import Tool
from tui.widgets.transcript.selection import END, Position, Selection
from tui.widgets.transcript.shelf import Place, Shelf
from tui.widgets.transcript.units import Prompt

USAGE = Usage(prompt_tokens=10, completion_tokens=5)
_ANSWER = "# Turn {n}\n\nSee src/app.py:{line} and **this**:\n\n```python\ndef f_{n}(x):\n    return x\n```\n"


def converse(view: Transcript, turns: int, first: int = 0) -> None:
    """Turns with prompts, tools, reasoning and answers."""
    for n in range(first, first + turns):
        view.add_prompt(f"t{n}", f"question {n}")
        view.append_reasoning(f"t{n}", f"thinking about {n}")
        view.start_tool(f"t{n}", f"c{n}", f"grep {n}")
        error = ErrorInfo("failed", f"no {n}", "Try again.") if n % 7 == 0 else None
        view.finish_tool(f"c{n}", f"{n} matches", f"row {n}\nanother", error, 0.2)
        view.start_tool(f"t{n}", f"d{n}", f"cat f{n}.py", typed=n % 3 == 0)
        view.finish_tool(f"d{n}", "1 line", f"   1  x = {n}", None, 0.1, path=f"f{n}.py")
        view.append_text(f"t{n}", _ANSWER.format(n=n, line=n + 1))
        view.finish_turn(f"t{n}", "answered", "", None, USAGE, 1.0)


def shown(view: Transcript) -> list[tuple[str, object]]:
    """The rows of the window with their styles."""
    view.update_now()
    return [(row.line.text, row.line.runs) for row in view.rows]


def in_memory(view: Transcript) -> int:
    units = view.page.units
    return sum(units.has(index) for index in range(len(units)))


async def test_it_looks_the_same_wherever_one_scrolls(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[list[object]] = []
    for limit in (collection.KEPT_UNITS, 1_000_000):
        monkeypatch.setattr(collection, "KEPT_UNITS", limit)
        chosen = random.Random(5)
        async with opened(70, 24) as (app, pilot):
            view: Transcript = app.transcript
            converse(view, 300)
            seen: list[object] = [view.page.total, shown(view)]
            for _ in range(40):
                view.scroll_to_row(chosen.randrange(view.page.total))
                seen.append(shown(view))
                if chosen.random() < 0.4:
                    await pilot.press(chosen.choice(("k", "j", "]", "[", "l", "enter", "pageup")))
                    seen.append(shown(view))
                if chosen.random() < 0.2:
                    converse(view, 1, first=300 + len(seen))
            away = len(view.page) - in_memory(view)
            assert bool(away) == (limit < 1_000_000)
            pictures.append(seen)
    assert pictures[0] == pictures[1]


async def test_memory_holds_a_part_only_and_the_file_has_no_name(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        converse(view, 400)
        view.update_now()
        assert len(view.page) > 2_500
        assert in_memory(view) <= collection.KEPT_UNITS + CHUNK
        view.scroll_to_row(0)
        assert shown(view)[0][0].endswith("question 0")
        assert in_memory(view) <= collection.KEPT_UNITS + CHUNK
        files = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
        assert any(name.startswith("/") and name.endswith("(deleted)") for name in files)


async def test_a_conversation_that_is_cleared_gives_the_disk_back(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        held = len(os.listdir("/proc/self/fd"))
        converse(view, 200)
        assert len(os.listdir("/proc/self/fd")) == held + 1
        view.clear()
        assert len(os.listdir("/proc/self/fd")) == held
        converse(view, 150, first=7)
        view.scroll_to_row(0)
        assert shown(view)[0][0].endswith("question 7")


async def test_what_runs_stays_in_memory(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.start_tool("other", "long", "run_tests")
        converse(view, 300)
        assert view.page.units.has(0)
        app.now = 75.0
        view.tool_output("long", "still going\n")
        view.finish_tool("long", "12 passed", "12 passed", None, 75.0)
        view.update_now()
        converse(view, 100, first=300)
        assert not view.page.units.has(0)
        view.scroll_to_row(0)
        assert "12 passed" in shown(view)[0][0]


async def test_folding_all_reaches_what_is_on_disk(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        converse(view, 200)
        view.update_now()
        await pilot.press("t")
        await app.workers.wait_for_complete()
        tools = [unit for unit in map(view.page.units.read, range(len(view.page))) if isinstance(unit, Tool)]
        assert len(tools) == 400
        assert not any(tool.expanded for tool in tools)
        await pilot.press("t")
        await app.workers.wait_for_complete()
        view.scroll_to_row(0)
        assert any("row 0" in text for text, _ in shown(view))


async def test_a_search_finds_what_is_on_disk(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        converse(view, 300)
        view.update_now()
        view.find("question 12")
        while view.looking:
            await pilot.pause(0.02)
        assert view.found[1] == 11  # 12 and 120 to 129
        await pilot.press("n", "n")
        numbers = [view.found[0]]
        for _ in range(3):
            await pilot.press("N")
            numbers.append(view.found[0])
        assert numbers == [3, 2, 1, 11]
        assert any("question 129" in text for text, _ in shown(view))
        assert in_memory(view) <= collection.KEPT_UNITS + 2 * CHUNK


async def test_what_is_copied_from_disk_stays_there(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        converse(view, 300)
        view.update_now()
        held = in_memory(view)
        view.select(Selection(Position(0, 0, 0), Position(1000, END, END)))
        text = view.selected_text()
        assert all(f"question {n}\n" in text for n in range(100)) and "def f_57(x):" in text
        assert in_memory(view) == held


async def test_new_text_is_found_by_the_next_step(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        converse(view, 3)
        assert view.find("question") == 3
        converse(view, 1, first=3)
        await pilot.press("n")
        assert view.found[1] == 4


async def test_a_full_disk_leaves_it_in_memory(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Shelf, data: bytes) -> Place:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Shelf, "put", full)
    async with opened() as (app, _):
        view: Transcript = app.transcript
        converse(view, 200)
        view.update_now()
        assert in_memory(view) == len(view.page)
        view.scroll_to_row(0)
        assert shown(view)[0][0].endswith("question 0")


def test_a_disk_that_becomes_full_amid_a_piece_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    room = 2_000
    write = os.pwrite

    def little(fd: int, data: Any, at: int) -> int:
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        done = write(fd, data[:room], at)
        room -= done
        return done

    monkeypatch.setattr(os, "pwrite", little)
    monkeypatch.setattr(collection, "KEPT_UNITS", CHUNK)
    units = Units()
    for n in range(8 * CHUNK):
        units.append(Prompt(f"prompt {n}", turn_id=str(n)))
    units.put_away(8 * CHUNK)
    assert not room
    assert [unit.source for unit in units] == [f"prompt {n}" for n in range(8 * CHUNK)]


async def test_a_disk_that_fails_is_said_where_it_is(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Shelf, place: Place) -> bytes:
        raise OSError(5, "Input/output error")

    async with opened() as (app, _):
        view: Transcript = app.transcript
        for first in (0, 100):
            converse(view, 100, first=first)
            view.update_now()
        monkeypatch.setattr(Shelf, "get", broken)
        view.scroll_to_row(0)
        assert any("cannot be read back" in text for text, _ in shown(view))
        view.follow()
        assert any("answered" in text for text, _ in shown(view))


def test_units_are_a_list() -> None:
    units = Units()
    for n in range(5 * CHUNK):
        units.append(Prompt(f"prompt {n}", turn_id=str(n)))
    assert [unit.source for unit in units[3:5]] == ["prompt 3", "prompt 4"]
    assert units[-1].source == f"prompt {5 * CHUNK - 1}"
    assert list(units.prompts) == list(range(5 * CHUNK))
    units.truncate(CHUNK + 1)
    assert (len(units), len(list(units)), len(units.prompts)) == (CHUNK + 1,) * 3
    with pytest.raises(IndexError):
        units[CHUNK + 1]


@pytest.mark.parametrize("away", [False, True])
def test_cutting_off_amid_what_is_on_disk(away: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "KEPT_UNITS", CHUNK if away else 1_000_000)
    units = Units()
    for n in range(8 * CHUNK):
        units.append(Prompt(f"prompt {n}", turn_id=str(n)))
    units.put_away(8 * CHUNK)
    assert units.has(1) != away
    units.truncate(CHUNK + 2)
    for n in range(CHUNK):
        units.append(Prompt(f"new {n}", turn_id="x"))
    units.put_away(8 * CHUNK)
    assert [unit.source for unit in units[CHUNK : CHUNK + 4]] == [
        f"prompt {CHUNK}", f"prompt {CHUNK + 1}", "new 0", "new 1"
    ]  # fmt: skip


async def test_what_is_shown_again_is_not_rendered_before_it_is_looked_at(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        rendered: list[int] = []
        lines = view.page.lines
        view.page.lines = lambda index: rendered.append(index) or lines(index)  # type: ignore[method-assign]
        view.moment = 1.0
        converse(view, 300)
        view.moment = None
        assert len(rendered) < len(view.page) / 3
        view.update_now()
        assert shown(view)[-1][0].startswith("✓ answered")
        view.scroll_to_row(0)
        assert shown(view)[0][0].endswith("question 0")
