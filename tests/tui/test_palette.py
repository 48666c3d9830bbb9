"""The command palette as it is typed into."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.events import TurnStarted
from tests.fakes.screen import FakeRuntime, FakeSession
from tests.tui.conftest import app_of, at_once, screen_text, settled, until
from tui.app import DspyApp
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen
from tui.screens.settings import SettingsScreen
from tui.screens.stack import StackScreen
from tui.widgets.rows import Rows


async def opened(pilot: Pilot[None], app: DspyApp) -> PaletteScreen:
    await pilot.press("ctrl+p")
    await until(
        pilot, lambda: isinstance(app.screen, PaletteScreen) and bool(app.screen.query_one(Rows).items)
    )
    assert isinstance(app.screen, PaletteScreen)
    return app.screen


async def test_enter_is_about_what_was_typed_before_it(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        at_once(app, "ctrl+p", *"settings", "enter")
        await until(pilot, lambda: app.screen is not app.work and not isinstance(app.screen, PaletteScreen))
        assert isinstance(app.screen, SettingsScreen), "not what an empty palette has first"


async def test_enter_waits_for_what_is_searched_for(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen = await opened(pilot, app)
        at_once(app, *"src/server.p", "enter")
        await until(pilot, lambda: type(app.screen).__name__ == "PreviewScreen")
        await pilot.press("escape")
        screen = await opened(pilot, app)
        at_once(app, *"qqqq", "enter", "backspace")
        await until(pilot, lambda: screen.query_typed == "qqq")
        await pilot.press("backspace", "backspace", "backspace")
        await until(pilot, lambda: "Help" in screen_text(app))
        assert app.screen is screen, "that there is nothing was the answer to it"


async def test_a_hostile_name_is_literal(runtime: FakeRuntime) -> None:
    conversation = runtime.session.conversation
    text = "fix [/] and [@click=app.quit]this[/] in [red]a[i]"
    conversation.take(TurnStarted(turn_id=conversation.next_turn_id(), text=text, kind="task"))
    conversation.close()
    runtime.session = FakeSession(runtime.bus, runtime.workspace)
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen = await opened(pilot, app)
        await pilot.press(*"session")
        await until(pilot, lambda: f"Session: {text}" in screen_text(app))
        screen.query_one(Input).value = "fix [/"
        await until(pilot, lambda: len(screen.query_one(Rows).items) == 1)
        assert f"Session: {text}" in screen_text(app) and "go on in it: 1 turn, just now" in screen_text(app)


async def test_what_belongs_to_the_prompt_goes_back_there(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))
        screen = await opened(pilot, app)
        await pilot.press(*"command: tree")
        await until(pilot, lambda: "Command: tree" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.work.chat.prompt.text == "tree ")
        await until(pilot, lambda: app.screen is app.work and app.work.chat.prompt.has_focus)
        assert screen not in app.screen_stack


@pytest.mark.parametrize("size", [(30, 10), (80, 24), (200, 60)], ids=str)
async def test_it_fits_and_stays_where_it_is_when_the_size_changes(
    runtime: FakeRuntime, size: tuple[int, int]
) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen = await opened(pilot, app)
        await pilot.press("down", "down")
        chosen = screen.query_one(Rows).current
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: screen.query_one(".frame").region.right <= size[0])
        now = screen.query_one(Rows).current
        assert now is not None and chosen is not None and now.key == chosen.key
        await pilot.press("home")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "Here: A choice" in screen_text(app)
