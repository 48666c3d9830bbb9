"""The set of keys of vim: the prompt inserts, the conversation is where keys are commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from agent_core.config import Settings
from agent_core.events import TextDelta, ToolFinished, ToolStarted, TurnFinished, TurnStarted, Usage
from tests.fakes.screen import INFO, FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, screen_text, settled, tell, until
from tui.app import DspyApp
from tui.screens.palette import PaletteScreen
from tui.screens.sessions import SessionsScreen
from tui.widgets.find import FindBar

LONG = "\n\n".join(f"paragraph {number} of many words" for number in range(60))
TURN = [
    TurnStarted(turn_id="t1", text="Tell me", kind="task"),
    TextDelta(turn_id="t1", text=LONG),
    TurnFinished(turn_id="t1", outcome="answered", reason="", text=LONG, exit=0, seconds=1, usage=Usage()),
]
CALL = [
    ToolStarted(turn_id="t1", call_id="c1", name="grep", command="grep x", action="read"),
    ToolFinished(turn_id="t1", call_id="c1", name="grep", summary="1", text="x", data={}, seconds=0.1),
]


@pytest.fixture
def vim(repository: Path) -> FakeRuntime:
    return fake_runtime(repository, info=INFO, settings=Settings(key_set="vim"))


async def filled(pilot: Pilot[None], runtime: FakeRuntime) -> DspyApp:
    app = await settled(pilot)
    await tell(pilot, runtime, *TURN)
    return app


async def test_the_two_modes_and_what_the_prompt_says(vim: FakeRuntime) -> None:
    async with app_of(vim).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, vim)
        prompt = app.work.chat.prompt
        await until(pilot, lambda: "INSERT" in screen_text(app))
        await pilot.press("a", "b", "space", ":", "escape")
        await until(pilot, lambda: app.work.transcript.has_focus and prompt.text == "ab :")
        await until(pilot, lambda: "NORMAL" in screen_text(app))
        await pilot.press("escape")
        assert app.work.transcript.has_focus  # Esc never inserts
        await pilot.press("i", "i", "c")
        await until(pilot, lambda: prompt.text == "ab :ic" and prompt.has_focus)
        await pilot.press("escape", "a", "d")
        await until(pilot, lambda: prompt.text == "ab :icd")
        await pilot.press("f2", "escape")
        await until(pilot, lambda: app.work.transcript.has_focus)


async def test_what_runs_is_stopped_before_the_mode_changes(vim: FakeRuntime) -> None:
    async with app_of(vim).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, vim)
        vim.session.running = "t2"
        await pilot.press("escape")
        await until(pilot, lambda: vim.session.cancelled == 1)
        assert app.work.chat.prompt.has_focus


async def test_the_prompt_keeps_its_editing_keys(vim: FakeRuntime) -> None:
    async with app_of(vim).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, vim)
        prompt = app.work.chat.prompt
        await pilot.press(*"one two", "ctrl+w")
        await until(pilot, lambda: prompt.text == "one ")
        await pilot.press("home", "ctrl+d")
        await until(pilot, lambda: prompt.text == "ne ")
        await pilot.press("end", "ctrl+u")
        await until(pilot, lambda: prompt.text == "")
        assert not app.leader.waits


async def test_moving_in_the_conversation(vim: FakeRuntime) -> None:
    async with app_of(vim).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, vim)
        view = app.work.transcript
        await pilot.press("escape")
        height = view.window_height
        await pilot.press("G")
        await until(pilot, lambda: round(view.scroll_y) == view.page.total - height > 2 * height)
        bottom = round(view.scroll_y)
        for key, moved in (("ctrl+u", -(height // 2)), ("ctrl+d", 0), ("ctrl+b", -height)):
            await pilot.press(key)
            await until(pilot, lambda at=bottom + moved: abs(round(view.scroll_y) - at) <= 1)
        await pilot.press("g", "g")
        await until(pilot, lambda: round(view.scroll_y) == 0 and not view.following)
        await pilot.press("ctrl+f")
        await until(pilot, lambda: round(view.scroll_y) >= height - 2)
        await pilot.press("G")
        await until(pilot, lambda: round(view.scroll_y) == bottom and view.following)


async def test_searching_comes_back_with_its_matches(vim: FakeRuntime) -> None:
    async with app_of(vim).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, vim)
        view = app.work.transcript
        await pilot.press("escape", "g", "slash")
        await until(pilot, lambda: isinstance(app.focused, FindBar))
        await pilot.press(*"paragraph", "enter")
        await until(pilot, lambda: view.has_focus and not app.work.query(FindBar))
        assert view.found[1] == 60
        first = view.found[0]
        await pilot.press("n", "n", "N")
        await until(pilot, lambda: view.found[0] == first + 1)
        await pilot.press("escape")
        await until(pilot, lambda: view.found == (0, 0))
        assert view.has_focus


async def test_the_palette_and_the_leader(vim: FakeRuntime) -> None:
    async with app_of(vim).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, vim)
        await pilot.press("escape", "colon")
        await until(pilot, lambda: isinstance(app.screen, PaletteScreen))
        await pilot.press(":", "space", "escape")
        await until(pilot, lambda: app.screen is app.work)
        await pilot.press("space", "S")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)
        await pilot.press("f2", "space")
        await until(pilot, lambda: app.leader.shows)
        await until(pilot, lambda: "Space …" in screen_text(app))
        await pilot.press("escape", "ctrl+x")
        await until(pilot, lambda: "Ctrl+X …" in screen_text(app))


async def test_panes_by_direction(vim: FakeRuntime) -> None:
    async with app_of(vim).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, vim)
        work = app.work
        await pilot.press("escape")
        for keys, pane in (
            ("h", work.files), ("j", work.logs), ("j", work.suggestions), ("l", work.transcript),
            ("j", work.chat.prompt),
        ):  # fmt: skip
            await pilot.press("ctrl+w", keys)
            await until(pilot, lambda pane=pane: pane.has_focus)
        await pilot.press("escape", "ctrl+w", "h", "ctrl+w", "l")
        await until(pilot, lambda: work.transcript.has_focus)
        await pilot.press("ctrl+w", "k")
        assert work.transcript.has_focus
        await pilot.press("ctrl+w", "w", "escape")
        await until(pilot, lambda: work.transcript.has_focus)
        await pilot.press("ctrl+w")
        await until(pilot, lambda: "To a pane" in screen_text(app))


async def test_the_default_set_has_no_modes(repository: Path) -> None:
    runtime = fake_runtime(repository, info=INFO)
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await filled(pilot, runtime)
        await pilot.press("escape", "x")
        await until(pilot, lambda: app.work.chat.prompt.text == "x")
        await pilot.press("f9", "space", ":", "escape")
        await until(pilot, lambda: app.work.chat.prompt.has_focus)
        assert "INSERT" not in screen_text(app) and not app.leader.waits and app.screen is app.work
