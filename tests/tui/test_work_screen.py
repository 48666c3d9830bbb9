"""The work screen with keys and mouse: what it asks of the session, and what it shows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.style import Style
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.config import Settings
from agent_core.events import (
    ApprovalGiven,
    ApprovalNeeded,
    BusChanged,
    ContextPacked,
    Notice,
    PullProgress,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnStarted,
)
from agent_core.llm.errors import ModelError
from tests.fakes.live import HeldBus
from tests.fakes.screen import FakeRuntime, FakeSession, fake_runtime
from tests.tui.conftest import HOSTILE, app_of, listed, screen_text, settled, tell, text_of, until
from tui.app import DspyApp
from tui.screens.approve import ApproveScreen
from tui.screens.dialog import Hints
from tui.screens.help import HelpScreen
from tui.screens.models import ModelsScreen
from tui.screens.palette import PaletteScreen
from tui.screens.preview import PreviewScreen
from tui.screens.settings import SettingsScreen
from tui.screens.tail import TailScreen
from tui.widgets.find import FindBar

Opened = tuple[DspyApp, Pilot[None]]


def question(call_id: str = "c1") -> ApprovalNeeded:
    return ApprovalNeeded(
        turn_id="t1",
        call_id=call_id,
        action="shell",
        command="make clean",
        reason="r",
        rule="shell:make clean",
    )


async def test_typing_asks(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press(*"why?", "enter")
        await pilot.press("space", *"tree", "enter")
        assert runtime.session.submitted == ["why?", " tree"], "a leading space is kept: it makes a question"
        await pilot.press("enter")
        assert len(runtime.session.submitted) == 2, "nothing typed, nothing sent"


async def test_typing_tells_the_index_once_that_a_search_may_come(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test() as pilot:
        await settled(pilot)
        assert runtime.index.expected == 0
        await pilot.press(*"where is")
        await until(pilot, lambda: runtime.index.expected)
        assert runtime.index.expected == 1


async def test_new_lines_and_a_taller_prompt(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        before = app.work.chat.prompt.size.height
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c")
        await until(pilot, lambda: app.work.chat.prompt.size.height == before + 2)
        await pilot.press("enter")
        assert runtime.session.submitted == ["a\nb\nc"]


async def test_a_prompt_waits_and_is_taken_back_by_up(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        runtime.session.running = "t0"
        await pilot.press(*"next", "enter")
        await until(pilot, lambda: app.work.chat.activity.queued == {"t1": "next"})
        await pilot.press("up")
        await until(pilot, lambda: not app.work.chat.activity.queued)
        assert app.work.chat.prompt.text == "next"


@pytest.mark.parametrize("focus", ["prompt", "f2", "f9"])
async def test_escape_stops_from_everywhere(runtime: FakeRuntime, focus: str) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        if focus != "prompt":
            await pilot.press(focus)
        runtime.session.running = "t1"
        await pilot.press("escape")
        assert runtime.session.cancelled == 1
        runtime.session.running = None
        await pilot.press("escape")
        assert app.work.chat.prompt.has_focus, "with nothing to stop it leads back to the prompt"


async def test_control_c_copies_stops_clears_and_ends(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press(*"word", "shift+home", "ctrl+c")
        assert app.clipboard == "word"
        await pilot.press("end")
        runtime.session.running = "t1"
        await pilot.press("ctrl+c")
        assert runtime.session.cancelled == 1
        runtime.session.running = None
        await pilot.press("ctrl+c")
        assert app.work.chat.prompt.text == ""
        await pilot.press("ctrl+c", "ctrl+c")
        await until(pilot, lambda: not app.is_running or app._exit)
    assert runtime.closed


@pytest.mark.parametrize(("key", "decision"), [("y", "once"), ("a", "always"), ("n", "no"), ("escape", "no")])
async def test_permission(runtime: FakeRuntime, key: str, decision: str) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.push_screen(
            ApproveScreen(question(), app.keys, arm_s=0), lambda d: runtime.session.answer("c1", str(d))
        )
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        await pilot.press(key)
        await until(pilot, lambda: runtime.session.answers == [("c1", decision)])


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_a_question_however_long_shows_its_keys(runtime: FakeRuntime, size: tuple[int, int]) -> None:
    app = app_of(runtime)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        asked = msgspec.structs.replace(
            question(), command="x " * 1_000 + "the end", reason="why " * 200, rule="run:" + "y" * 2_000
        )
        app.push_screen(
            ApproveScreen(asked, app.keys, arm_s=0), lambda d: runtime.session.answer("c1", str(d))
        )
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        await until(pilot, lambda: app.screen.query_one(Hints).region.height == 1)
        frame, keys = app.screen.query_one(".frame"), app.screen.query_one(Hints)
        assert frame.content_region.contains_region(keys.region), (frame.content_region, keys.region)
        assert "more lines" in str(frame.border_subtitle)
        command = app.screen.query_one("#command")
        assert command.region.height >= 2 and frame.content_region.contains_region(command.region)
        await pilot.press("end")
        await until(pilot, lambda: command.scroll_offset.y == command.max_scroll_y > 0)
        await pilot.press("y")
        await until(pilot, lambda: runtime.session.answers == [("c1", "once")])


async def test_keys_typed_ahead_answer_no_question(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen = ApproveScreen(question(), app.keys, arm_s=3600)  # the moment in which it appears lasts
        app.push_screen(screen, lambda d: runtime.session.answer("c1", str(d)))
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("y", "a", "n")
        assert runtime.session.answers == []
        assert app.screen is screen


async def test_a_question_that_is_answered_elsewhere_goes(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await tell(pilot, runtime, question())
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        await tell(pilot, runtime, ApprovalGiven(turn_id="t1", call_id="c1", decision="no"))
        await until(pilot, lambda: app.screen is app.work)
        assert runtime.session.answers == []


async def test_side_panes_come_and_go(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert app.work.shown == ()
        await pilot.press("f2")
        await until(pilot, lambda: app.work.files.size.width > 20)
        assert app.work.files.has_focus
        await pilot.press("f4")
        assert app.work.shown == ("files", "logs")
        await pilot.press("f4")
        assert app.work.shown == ("files",)
        assert app.work.chat.prompt.has_focus
        await pilot.press("f6", "f6")
        assert app.work.files.has_focus, "prompt, conversation, files"
        await pilot.resize_terminal(50, 24)
        await until(pilot, lambda: app.work.files.outer_size.width == 50)


async def test_growing_and_shrinking_moves_the_focus_to_what_shows(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("f2")
        await pilot.resize_terminal(70, 20)
        await until(pilot, lambda: app.work.chat.prompt.has_focus)


async def test_files_unfold_and_hide_what_is_ignored(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        files = app.work.files
        keys: Callable[[], list[str]] = lambda: [item.key for item in files.items]  # noqa: E731
        assert keys() == ["logs", "src", "tests", ".gitignore", "notes.txt", "README.md"]
        assert files.border_subtitle == "2 changed"
        await pilot.press("f2", "down", "right")
        await until(pilot, lambda: "src/server.py" in keys())
        await pilot.press("left")
        await until(pilot, lambda: "src/server.py" not in keys())
        await pilot.press("i")
        assert "build" in keys()
        await pilot.press("end", "a")
        assert app.work.chat.prompt.text == "@README.md "
        assert app.work.chat.prompt.has_focus


async def test_the_disk_is_followed(runtime: FakeRuntime, repository: Path) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        desk = app.work.desk
        assert desk is not None
        await until(pilot, lambda: desk._watcher.watching)
        (repository / "fresh.py").write_text("x = 1\n")
        with (repository / "logs" / "server.log").open("a") as log:
            log.write("10:00:09 ERROR it happened again\n" * 100)
        await until(pilot, lambda: any(item.key == "fresh.py" for item in app.work.files.items))
        await until(pilot, lambda: any("again" in item.text for item in app.work.logs.items))
        await until(pilot, lambda: "3.3 KB" in app.work.logs.items[0].right[0][0])
        await until(pilot, lambda: app.work.status.status.changes == 3)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_latest_line_of_a_log_shows_whatever_the_room(
    runtime: FakeRuntime, repository: Path, size: tuple[int, int]
) -> None:
    log = repository / "logs" / "server.log"
    log.write_text("".join(f"10:00:{n} INFO request {n}\n" for n in range(99)))
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.resize_terminal(*size)
        if not app.work.shown:
            await pilot.press("f4")
        await until(pilot, lambda: any("10:00:98" in row.line.text for row in app.work.logs.rows))


@pytest.mark.parametrize(
    ("width", "shown"), [(120, "[10:00:01] INFO up"), (300, "[2026-11-25T10:00:01] INFO up")]
)
async def test_a_log_line_without_its_date_where_it_is_narrow(
    runtime: FakeRuntime, repository: Path, width: int, shown: str
) -> None:
    (repository / "logs" / "server.log").write_text("[2026-11-25T10:00:01] INFO up\n")
    app = app_of(runtime)
    async with app.run_test(size=(width, 36)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: shown in [item.text for item in app.work.logs.items])


async def test_preview_and_asking_about_a_line(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.preview("src/server.py", 4)
        await until(pilot, lambda: len(listed(app.screen)) == 5)
        await pilot.press("down", "a")
        await until(pilot, lambda: app.screen is app.work)
        assert app.work.chat.prompt.text == "@src/server.py:5 "


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"\x00\x01\x02" * 100, "binary"),
        (b"", "empty"),
        (b"\xff\xfe\xfa broken", ""),
        pytest.param(b"x" * 2_000_000, "cut", id="one-line"),
    ],
)
async def test_preview_of_odd_files(
    runtime: FakeRuntime, repository: Path, content: bytes, shown: str
) -> None:
    (repository / "odd").write_bytes(content)
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.preview("odd")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and app.screen.loaded)
        frame = app.screen.query_one(".frame")
        said = f"{frame.border_subtitle} {app.screen.query_one('Rows').empty}"  # pyright: ignore
        assert shown in said
        await pilot.press("escape")
        assert app.screen is app.work


async def test_preview_follows_the_file(runtime: FakeRuntime, repository: Path) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.preview("src/server.py", 4)
        await until(pilot, lambda: len(listed(app.screen)) == 5)
        desk = app.work.desk
        assert desk is not None
        await until(pilot, lambda: desk._watcher.watching)
        (repository / "src" / "server.py").write_text("import os\n" * 8)
        await until(pilot, lambda: len(listed(app.screen)) == 8)
        await pilot.press("c")
        assert app.clipboard == "src/server.py:4", "it stays where it was"
        (repository / "src" / "server.py").unlink()
        await until(pilot, lambda: not listed(app.screen))


async def test_preview_of_what_is_not_there(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.preview("../outside")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and app.screen.loaded)
        assert "outside the workspace" in app.screen.query_one("Rows").empty  # pyright: ignore


async def test_what_waits_is_sent_now_or_dropped(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        runtime.session.running = "t0"
        for text in ("one", "two", "three"):
            await pilot.press(*text, "enter")
        await until(pilot, lambda: list(app.work.chat.activity.queued) == ["t1", "t2", "t3"])
        assert "Ctrl+N now" in screen_text(app)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: list(app.work.chat.activity.queued) == ["t1", "t2"])
        await pilot.press("ctrl+n")
        await pilot.press(*"first of all", "left", "ctrl+d", "ctrl+n")
        await until(pilot, lambda: runtime.session.sent_now == ["t1", "t4"])
        assert runtime.session.submitted[-1] == "first of al"


@pytest.mark.parametrize("now", [False, True])
async def test_what_waited_takes_the_reader_along_only_where_it_was_asked_for_now(
    runtime: FakeRuntime, now: bool
) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        view = app.work.transcript
        await tell(pilot, runtime, TurnStarted(turn_id="t0", text="first", kind="task"))
        text = "\n\n".join(f"Paragraph {n}." for n in range(60))
        await tell(pilot, runtime, TextDelta(turn_id="t0", text=text))
        runtime.session.running = "t0"
        await pilot.press(*"next", "enter")
        await until(pilot, lambda: app.work.chat.activity.queued == {"t1": "next"})
        await pilot.press("pageup")
        assert not view.following
        if now:
            await pilot.press("ctrl+n")
        await tell(pilot, runtime, TurnStarted(turn_id="t1", text="next", kind="task"))
        await until(pilot, lambda: not app.work.chat.activity.queued)
        await pilot.pause()
        assert view.following == now
        assert ("▌ next" in screen_text(app)) == now


def picked(app: DspyApp) -> list[str]:
    """What the list over the prompt offers; nothing while it does not show."""
    picker = app.work.chat.picker
    return [item.key for item in picker.items] if picker.is_open else []


async def test_a_file_is_picked_for_an_at(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press(*"see", "space", "@")
        await until(pilot, lambda: len(picked(app)) > 3)
        await pilot.press(*"serv")
        await until(pilot, lambda: picked(app)[:1] == ["src/server.py"])
        await pilot.press("enter")
        assert app.work.chat.prompt.text == "see @src/server.py "
        assert not picked(app)
        await pilot.press(*"me", "@", "x")
        assert not picked(app), "inside a word it is an @"
        assert runtime.session.submitted == []


async def test_lines_are_typed_with_the_picked_file(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("@", *"serv:2-4", "tab")
        assert app.work.chat.prompt.text == "@src/server.py:2-4 "


async def test_a_path_that_is_typed_in_full_needs_no_picking(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("@", *"src/server.py:2", "space", *"why?")
        assert app.work.chat.prompt.text == "@src/server.py:2 why?"
        app.work.chat.prompt.clear()
        await pilot.press("@", *"src/server.py:2")
        await until(pilot, lambda: "src/server.py:2" in picked(app))
        await pilot.press("enter")
        await until(pilot, lambda: runtime.session.submitted == ["@src/server.py:2"])


async def test_enter_right_after_fast_typing_sends_all_of_it(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("@", *"serv")
        await until(pilot, lambda: picked(app)[:1] == ["src/server.py"])
        for char in "er.py why?":  # that it changes is told only after all keys were taken
            app.work.chat.prompt.post_message(events.Key(char, char))
        app.work.chat.prompt.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: runtime.session.submitted == ["@server.py why?"])


async def test_the_list_leaves_with_escape_until_another_at_is_typed(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("@")
        await until(pilot, lambda: len(picked(app)) > 3)
        first = picked(app)[0]
        await pilot.press("down", "up", "escape", *"ma")
        assert not picked(app)
        assert app.work.chat.prompt.text == "@ma"
        await pilot.press("space", "@")
        await until(pilot, lambda: len(picked(app)) > 3)
        assert picked(app)[0] == first
        await pilot.press("backspace")
        await until(pilot, lambda: not picked(app))
        await pilot.press(*"@zzzz")
        await until(pilot, lambda: app.work.chat.picker.is_open and not picked(app))
        await pilot.press("enter")
        await until(pilot, lambda: runtime.session.submitted == ["@ma @zzzz"])


async def test_a_definition_is_picked_with_its_lines_and_what_was_seen_comes_first(
    runtime: FakeRuntime,
) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await runtime.index.build(on_progress=lambda _: None)
        await pilot.press("@", *"serve")
        await until(pilot, lambda: picked(app)[:1] == ["src/server.py:4-5"])
        await pilot.press("enter")
        assert app.work.chat.prompt.text == "@src/server.py:4-5 "
        app.work.chat.prompt.clear()
        await pilot.press("@")
        await until(pilot, lambda: picked(app)[:1] == ["src/server.py"])


async def test_nothing_is_picked_in_a_shell_line(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press(*"!npm", "space", *"@ty", "enter")
        await until(pilot, lambda: runtime.session.submitted == ["!npm @ty"])


async def test_end_follows_the_conversation_again(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = "".join(f"line {n}\n\n" for n in range(60))
        await tell(
            pilot,
            runtime,
            TurnStarted(turn_id="t1", text="tell me", kind="task"),
            TextDelta(turn_id="t1", text=text),
        )
        await pilot.press(*"ab", "pageup")
        await until(pilot, lambda: not app.work.transcript.following)
        await pilot.press("home", "end")
        assert not app.work.transcript.following, "the end of the line comes first"
        await pilot.press("end")
        await until(pilot, lambda: app.work.transcript.following)
        assert app.work.chat.prompt.text == "ab"


async def test_completion(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        prompt = app.work.chat.prompt
        await pilot.press(*"tr", "tab")
        await until(pilot, lambda: prompt.text == "tree ")
        await pilot.press(*"sr", "tab")
        await until(pilot, lambda: prompt.text == "tree src/")
        await pilot.press("tab")
        await until(pilot, lambda: app.work.chat.activity.size.height == 1)
        await pilot.press("tab")
        assert prompt.text == "tree src/app/"
        await pilot.press("tab")
        assert prompt.text == "tree src/server.py "
        await pilot.press("escape")
        await until(pilot, lambda: app.work.chat.activity.size.height == 0)


@pytest.mark.parametrize("typed", ["word " * 40 + "end", "one\ntwo\nthree"], ids=["wrapped", "lines"])
async def test_up_and_down_move_within_several_rows_first(runtime: FakeRuntime, typed: str) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        prompt = app.work.chat.prompt
        await pilot.press(*"earlier", "enter")
        await until(pilot, lambda: runtime.session.submitted == ["earlier"])
        prompt.put(typed)
        await pilot.pause()
        rows = prompt.wrapped_document.height
        assert rows >= 3
        for _ in range(rows - 1):
            await pilot.press("up")
            assert prompt.text == typed
        assert prompt.cursor_location[0] == 0 and prompt.cursor_location[1] <= len(prompt.text)
        await pilot.press("up")
        await until(pilot, lambda: prompt.text == "earlier")
        await pilot.press("down")
        await until(pilot, lambda: prompt.text == typed)
        await pilot.press("up", "down")
        assert prompt.text == typed
        assert runtime.session.submitted == ["earlier"]


async def test_history_lasts(runtime: FakeRuntime, repository: Path) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        for text in ("first", "second"):
            await pilot.press(*text, "enter")
        await pilot.press(*"draft", "up")
        assert app.work.chat.prompt.text == "second"
        await pilot.press("up", "up")
        assert app.work.chat.prompt.text == "first"
        await pilot.press("down", "down")
        assert app.work.chat.prompt.text == "draft"
    assert (repository / ".dspy_tui" / ".gitignore").exists()
    again = app_of(fake_runtime(repository))
    async with again.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("up")
        assert again.work.chat.prompt.text == "second"


async def test_models_are_listed_switched_and_pulled(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and len(listed(app.screen)) == 3)
        await pilot.press(*"4b", "enter")
        await until(pilot, lambda: app.screen is app.work)
        assert app.work.status.status.model == "qwen3:4b"


async def test_a_pull_shows_how_far_it_is_and_can_be_stopped(runtime: FakeRuntime) -> None:
    gate = asyncio.Event()
    runtime.models.steps = [PullProgress(model="new", status="pulling", completed=30, total=100), gate]
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and listed(app.screen))
        await pilot.press(*"new", "ctrl+d")
        await until(pilot, lambda: "30%" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped pulling new" in screen_text(app))
        assert isinstance(app.screen, ModelsScreen), "the first Esc stops, the second closes"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)


async def test_a_name_and_the_key_that_pulls_may_come_at_once(runtime: FakeRuntime) -> None:
    runtime.models.steps = [
        PullProgress(model="new", status="pulling", completed=30, total=100),
        asyncio.Event(),
    ]
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and listed(app.screen))
        for key in ("n", "e", "w", "ctrl+d"):  # as the terminal sends them, without a pause between
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: "30%" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped pulling new" in screen_text(app))


async def test_why_a_pull_failed_is_told_in_full(runtime: FakeRuntime) -> None:
    class Failing:
        async def wait(self) -> None:
            raise ModelError("Ollama could not pull it: " + "no such host " * 12, hint="Look.")

    runtime.models.steps = [PullProgress(model="new", status="pulling"), Failing()]
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and listed(app.screen))
        await pilot.press(*"new", "ctrl+d")
        await until(pilot, lambda: "Ollama could not pull it" in screen_text(app))
        await until(pilot, lambda: "Look." in screen_text(app))
        assert "pull what is typed" in screen_text(app), "the keys still show"


async def test_find(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("f3")
        await until(pilot, lambda: app.query(FindBar) and app.query_one(FindBar).has_focus)
        await pilot.press(*"shows")
        assert app.work.transcript.found == (1, 1)
        assert app.query_one(FindBar).styles.border_top[0] == "round", "framed like the prompt"
        await pilot.press("escape")
        await until(pilot, lambda: not app.query(FindBar))
        assert app.work.chat.prompt.has_focus


async def test_the_palette_finds_everything(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await pilot.press(*"search")
        await until(pilot, lambda: "Search code " in screen_text(app))
        app.screen.query_one(Input).value = "server"
        await until(pilot, lambda: "File: src/server.py" in screen_text(app))
        app.screen.query_one(Input).value = "llama"
        await until(pilot, lambda: "Model: llama3.2:3b" in screen_text(app))
        app.screen.query_one(Input).value = "command: tree"
        await until(pilot, lambda: "Command: tree" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.work.chat.prompt.text == "tree ")


def _held_bus(**_: Any) -> HeldBus:
    return HeldBus()


async def test_the_palette_leads_to_definitions_sessions_topics_and_settings(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.bus_desk.BusDesk", _held_bus)
    conversation = runtime.session.conversation
    conversation.take(TurnStarted(turn_id=conversation.next_turn_id(), text="why is it slow?", kind="task"))
    conversation.close()
    runtime.session = FakeSession(runtime.bus, runtime.workspace)
    runtime.link.standing = BusChanged(state="up", where="localhost:9092", topics=("logs.ctx.api",))
    await runtime.index.build(on_progress=lambda _: None)
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)

        async def find(typed: str, title: str) -> None:
            await pilot.press("ctrl+p")
            await until(pilot, lambda: isinstance(app.screen, PaletteScreen))
            assert not app.screen.query_one(Input).cursor_blink, "nothing blinks"
            app.screen.query_one(Input).value = typed
            await until(pilot, lambda: title in screen_text(app))

        await find("serve", "Definition: serve")
        await pilot.press("escape")
        await find("session: slow", "Session: why is it slow?")
        await pilot.press("escape")
        await find("logs.ctx", "Topic: logs.ctx.api")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TailScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)
        await find("setting: silence", "Setting: silence_timeout")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        screen = app.screen
        assert isinstance(screen, SettingsScreen)
        await until(
            pilot, lambda: screen.chosen is not None and screen.chosen.field.name == "silence_timeout"
        )


async def test_the_palette_has_commands_that_people_wrote(runtime: FakeRuntime) -> None:
    folder = runtime.workspace.ensure_state_dir("commands")
    (folder / "triage.md").write_text("What broke in $ARGUMENTS?")
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p", *"triage")
        await until(pilot, lambda: "Command: /triage" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.work.chat.prompt.text == "/triage ")


async def test_help_shows_the_users_own_keys(repository: Path) -> None:
    runtime = fake_runtime(repository, settings=Settings(keys={"help": "f12", "nothing": "x"}))
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "there is no action 'nothing'" in text_of(app))
        await pilot.press("f1")
        assert app.screen is app.work
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "F12" in screen_text(app)
        await pilot.press("escape")
        assert app.screen is app.work


async def test_themes(runtime: FakeRuntime, repository: Path) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        assert app.theme == "dspy-dark"
        await pilot.press("ctrl+t")
        assert app.theme == "dspy-light"
        app.theme = "nord"
        await pilot.press("ctrl+t")
        assert app.theme == "dspy-light", "it has no partner of its own"
        await pilot.press("ctrl+t")
        assert app.theme == "nord"
        app.theme = "gruvbox"
        await pilot.press("ctrl+t", "ctrl+t", "ctrl+t")
        assert app.theme == "dspy-light"
    unknown = app_of(fake_runtime(repository, settings=Settings(theme="pink")))
    async with unknown.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "there is no theme 'pink'" in text_of(unknown))


async def test_a_terminal_of_sixteen_colours_keeps_its_own(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM")
    assert app_of(runtime).theme == "dspy-plain"


async def test_selection_and_matches_show_without_colours(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(runtime)

    def drawn(text: str) -> list[Style]:
        rows = app.screen._compositor.render_strips()
        return [part.style for row in rows for part in row if part.style and text in part.text]

    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await tell(pilot, runtime, TextDelta(turn_id="t1", text="A needle, and a needle."))
        view = app.work.transcript
        view.find("needle")
        await pilot.pause()
        assert [style.reverse or style.underline for style in drawn("needle")] == [True, True]
        view.action_dismiss()
        await pilot.pause()
        assert not any(style.reverse for style in drawn("needle"))
        view.select_units(len(view.page) - 1, len(view.page) - 1)
        view.update_now()
        await pilot.pause()
        assert all(style.reverse for style in drawn("needle"))


async def test_hostile_text_stays_text(runtime: FakeRuntime, repository: Path) -> None:
    (repository / "src" / "\x1b[31m[red]evil[").write_text(HOSTILE)
    (repository / "logs" / "server.log").write_text(HOSTILE + "\n")
    os.utime(repository / "logs" / "server.log")
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        command = f"cat {HOSTILE}"
        await tell(
            pilot,
            runtime,
            TurnStarted(turn_id="t1", text=HOSTILE, kind="task"),
            ContextPacked(turn_id="t1", used=9000, window=8192, items=()),
            ToolStarted(turn_id="t1", call_id="c1", name="cat", command=command, action="read"),
            ToolProgress(turn_id="t1", call_id="c1", text=HOSTILE),
            ToolFinished(
                turn_id="t1", call_id="c1", name="cat", summary=HOSTILE, text=HOSTILE, data={}, seconds=0.1
            ),
            TextDelta(turn_id="t1", text=HOSTILE),
            Notice(level="error", message=HOSTILE, hint=HOSTILE),
        )
        runtime.session.running = "t1"
        runtime.session.submit(HOSTILE)
        await pilot.press("f2", "down", "right")
        await until(pilot, lambda: any("evil" in item.text for item in app.work.files.items))
        drawn = screen_text(app)
        assert "\x1b" not in drawn
        assert "\x07" not in drawn
        assert "\u202e" not in drawn
        assert "[bold]x[/bold]" in drawn
        await tell(pilot, runtime, msg_with_hostile_command())
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        drawn = screen_text(app)
        assert "\x1b" not in drawn
        assert "[bold]x[/bold]" in drawn


def msg_with_hostile_command() -> ApprovalNeeded:
    return ApprovalNeeded(
        turn_id="t1", call_id="c9", action="shell", command=HOSTILE, reason=HOSTILE, rule=f"shell:{HOSTILE}"
    )


async def test_the_mouse_does_what_the_keys_do(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.click("#status", offset=(4, 0))
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and listed(app.screen))
        await pilot.click("#found", offset=(4, 2))
        await until(pilot, lambda: app.screen is app.work)
        assert app.work.status.status.model == "llama3.2:3b"
        await pilot.click("#files", offset=(6, 2))
        await until(pilot, lambda: any(item.key == "src/server.py" for item in app.work.files.items))
        await pilot.click("#suggestions", offset=(6, 2))
        assert runtime.session.submitted == ["tree --depth 2"]
        runtime.session.running = "t1"
        await tell(pilot, runtime, TurnStarted(turn_id="t1", text="x", kind="task"))
        await until(pilot, lambda: app.work.chat.activity.size.height == 1)
        await pilot.click("#activity", offset=(3, 0))
        assert runtime.session.cancelled == 1


async def test_a_flood_of_events_leaves_the_keys_alive(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        runtime.publish(TurnStarted(turn_id="t1", text="x", kind="task"))
        events: list[Any] = []
        for number in range(3000):
            events.append(TextDelta(turn_id="t1", text=f"line {number}\n\n"))
            events.append(ToolProgress(turn_id="t1", call_id="none", text="x"))
        runtime.publish(*events)
        await pilot.press(*"abc")
        assert app.work.chat.prompt.text == "abc"
        await until(pilot, runtime.read)
        await until(pilot, lambda: "line 2999" in text_of(app))


@pytest.mark.parametrize(("kind", "shown"), [("command", True), ("shell", True), ("task", False)])
async def test_what_a_typed_command_found_shows(runtime: FakeRuntime, kind: Any, shown: bool) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await tell(
            pilot,
            runtime,
            TurnStarted(turn_id="t1", text="ls", kind=kind),
            ToolStarted(turn_id="t1", call_id="c1", name="ls", command="ls", action="read"),
            ToolFinished(
                turn_id="t1", call_id="c1", name="ls", summary="1 file", text="found.py", data={}, seconds=0.1
            ),
        )
        assert ("found.py" in text_of(app)) is shown
