"""Keys that come in one piece do what they do in the order in which they were typed."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, at_once, settled, until
from tests.tui.test_palette import opened

EDITS = {
    "abd": ("a", "b", "c", "backspace", "d"),
    "yaxbc": ("a", "b", "c", "left", "left", "x", "home", "y"),
    "xy": ("a", "b", "ctrl+u", "x", "y"),
    "ab z": ("a", "b", " ", "c", "d", "ctrl+w", "z"),
    "Xac": ("a", "b", "left", "delete", "c", "ctrl+a", "X"),
}


@pytest.mark.parametrize("wanted", EDITS)
async def test_in_the_prompt(runtime: FakeRuntime, wanted: str) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        at_once(app, *EDITS[wanted], "f6")
        await until(pilot, lambda: not app.work.chat.prompt.has_focus)
        await pilot.pause()
        assert app.work.chat.prompt.text == wanted, "also where something else has the focus by then"


@pytest.mark.parametrize("wanted", EDITS)
async def test_in_a_box_of_a_dialog(runtime: FakeRuntime, wanted: str) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen = await opened(pilot, app)
        at_once(app, *EDITS[wanted], "!")
        box = screen.query_one(Input)
        await until(pilot, lambda: "!" in box.value)
        assert box.value.replace("!", "") == wanted


async def test_a_key_that_the_box_has_no_use_for_is_that_of_what_is_around(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen = await opened(pilot, app)
        await pilot.press("ctrl+x")  # nothing is selected: the leader key, not "cut"
        await until(pilot, lambda: app.leader.waits)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is not screen)
