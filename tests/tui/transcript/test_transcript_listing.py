from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.events import ToolFinished, ToolStarted, TurnStarted
from agent_core.tools.base import ToolContext
from agent_core.tools.cat import CatArgs, CatTool
from agent_core.workspace import Workspace
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, settled, tell
from tests.tui.transcript.test_transcript_hostile import EVIL, assert_harmless, written
from tui.widgets.transcript import Transcript, highlight
from tui.widgets.transcript.lines import Line

CODE = 'def begin() -> int:\n\t"""It begins\n\n    and ends."""\n    return 0  # x\n'


async def listed(root: Path, name: str, text: str, place: str = "") -> tuple[str, dict[str, Any]]:
    """What `cat` says of a file."""
    (root / name).write_text(text)
    context = ToolContext(workspace=Workspace(root), settings=Settings(), progress=print)
    result = await CatTool().run(CatArgs(path=name + place), context)
    return result.text, result.data


def show(view: Transcript, command: str, text: str, data: dict[str, Any]) -> list[Line]:
    view.start_tool("t1", "c1", command, typed=True)
    view.finish_tool("c1", "5 lines", text, None, 0.01, path=data["path"])
    view.update_now()
    return view.page.lines(0)


def styles(line: Line) -> dict[str, str]:
    return {text.strip(): style for text, style, _ in line.runs}


async def test_a_listed_file_has_the_colours_of_its_language_beside_its_line_numbers(
    opened: Any, tmp_path: Path
) -> None:
    async with opened(60, 20) as (app, _):
        rows = show(app.transcript, "cat a.py", *await listed(tmp_path, "a.py", CODE))
        assert [row.text.rstrip() for row in rows[1:]] == [
            "  │ 1  def begin() -> int:",
            '  │ 2      """It begins',
            "  │ 3",
            '  │ 4      and ends."""',
            "  │ 5      return 0  # x",
        ]
        first = styles(rows[1])
        assert (first["1"], first["def"], first["begin"]) == ("dim", "kw", "fn")
        assert styles(rows[4])['and ends."""'] == "doc"
        assert styles(rows[5])["# x"] == "com"
        assert rows[1].text[rows[1].lead :] == "def begin() -> int:", "numbers are not copied"


async def test_lines_from_the_middle_keep_their_numbers_and_remarks_are_no_code(
    opened: Any, tmp_path: Path
) -> None:
    text = "".join(f"x = {number}\n" for number in range(1, 3001))
    async with opened(90, 90) as (app, pilot):
        rows = show(app.transcript, "cat a.py:998-", *await listed(tmp_path, "a.py", text, ":998-"))
        assert rows[1].text == "  │  998  x = 998"
        assert styles(rows[3])["1000"] == "num"
        for _ in range(5):
            await pilot.press("m")
        last = app.transcript.page.lines(0)[-1]
        assert "goes on" in last.text
        assert "kw" not in styles(last).values()


async def test_a_wrapped_line_is_indented_below_its_code(opened: Any, tmp_path: Path) -> None:
    long = "call(" + ", ".join(f"argument_{number}" for number in range(8)) + ")\n"
    async with opened(60, 20) as (app, _):
        rows = show(app.transcript, "cat a.py", *await listed(tmp_path, "a.py", long))
        assert rows[2].text.startswith("  │    ")
        assert not rows[2].text[:7].strip(" │")
        assert "".join(row.text[row.lead :] for row in rows[1:]) == long.strip()


async def test_only_what_shows_is_coloured_and_only_once(
    opened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    lex = highlight._lex

    def counted(lexer: Any, rows: list[str], *, ended: bool) -> Any:
        read.append(len(rows))
        return lex(lexer, rows, ended=ended)

    monkeypatch.setattr(highlight, "_lex", counted)
    text = "".join(f"x = {number}\n" for number in range(1000))
    async with opened(60, 80) as (app, pilot):
        show(app.transcript, "cat a.py", *await listed(tmp_path, "a.py", text))
        assert sum(read) == 60
        await pilot.resize_terminal(50, 80)
        app.transcript.toggle_unit(0)
        app.transcript.toggle_unit(0)
        read.clear()
        await pilot.press("m")
        assert sum(read) <= 212 - 32, "finished chunks are kept"


async def test_a_typed_cat_is_coloured_on_the_screen(runtime: FakeRuntime, repository: Path) -> None:
    text, data = await listed(repository, "b.py", CODE)
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await tell(
            pilot,
            runtime,
            TurnStarted(turn_id="t1", text="cat b.py", kind="command"),
            ToolStarted(turn_id="t1", call_id="c1", name="cat", command="cat b.py", action="read"),
            ToolFinished(
                turn_id="t1", call_id="c1", name="cat", summary="", text=text, data=data, seconds=0.1
            ),
        )
        page = app.work.transcript.page
        rows = [row for unit in range(len(page)) for row in page.lines(unit) if "def begin" in row.text]
        assert styles(rows[-1])["def"] == "kw"


async def test_minified_text_is_not_coloured(opened: Any, tmp_path: Path) -> None:
    text = "\n".join(["var a=function(b){return b+1};" * 30] * 20)
    async with opened(60, 20) as (app, _):
        rows = show(app.transcript, "cat a.min.js", *await listed(tmp_path, "a.min.js", text))
        assert {style for row in rows[1:-1] for style in styles(row).values()} <= {"", "dim", "rule"}


async def test_a_hostile_file_is_literal_in_its_colours(opened: Any, tmp_path: Path) -> None:
    async with opened(100, 40) as (app, _):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "cat x.py", typed=True)
        view.finish_tool("c1", EVIL, f"1  {EVIL}\n2  # {EVIL}\n3  x\x1b[2J", None, 0.1, path=f"{EVIL}.py")
        view.update_now()
        assert_harmless(written(view))


@pytest.mark.parametrize(
    ("path", "language"),
    [("a.py", "python"), ("src/x.cs", "csharp"), ("a.toml", "toml"), ("Makefile", "make"), ("a.unheard", "")],
)
def test_the_language_is_told_by_the_name(path: str, language: str) -> None:
    assert highlight.language_of(path) in (language, f"{language}file")
    assert not language or highlight.lexer_for(language) is not None
