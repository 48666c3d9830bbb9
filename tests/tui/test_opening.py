"""A screen opens with what was read beforehand, and is painted once."""

from __future__ import annotations

import sys
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.css.stylesheet import Stylesheet

import tui.screens
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, screen_text, settled, until
from tui.beforehand import read_beforehand
from tui.screens.settings import SettingsScreen

FOLDER = Path(tui.screens.__path__[0])


async def test_screens_find_their_styles_and_modules_read(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await read_beforehand(app)
        assert all(app.stylesheet.has_source(str(path)) for path in FOLDER.glob("*.tcss"))
        assert {f"tui.screens.{each.name}" for each in iter_modules([str(FOLDER)])} <= set(sys.modules)

        def anew(self: Stylesheet) -> None:
            raise AssertionError("all styles are parsed anew")

        monkeypatch.setattr(Stylesheet, "reparse", anew)
        await pilot.press("alt+s")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        frame = app.screen.query_one(".frame")
        await until(pilot, lambda: frame.size.width)
        assert frame.outer_size == app.size, "the screen's own styles hold"


async def test_it_is_read_while_the_app_rests(runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.app._REST_S", 0.01)
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await until(
            pilot, lambda: all(app.stylesheet.has_source(str(path)) for path in FOLDER.glob("*.tcss"))
        )


async def test_a_screen_that_opens_is_painted_once(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[bool] = []
    whole = Compositor.render_full_update

    def noted(self: Compositor, *args: Any, **more: Any) -> Any:
        painted.append(True)
        return whole(self, *args, **more)

    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await read_beforehand(app)
        monkeypatch.setattr(Compositor, "render_full_update", noted)
        await pilot.press("alt+s")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and painted)
        await pilot.pause(0.3)
        assert len(painted) == 1


async def test_what_is_due_while_updates_are_held_back_comes_afterwards(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        with app.batch_update():
            app.work.status.change(branch="another")
            await pilot.pause(0.1)
        await until(pilot, lambda: "another" in screen_text(app))
