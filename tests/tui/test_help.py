"""Help where you are: on every screen, the place with the focus first, and every place has its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen

from agent_core.events import ApprovalNeeded
from agent_core.logs.api import SourceFacts
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, listed, settled, tell, until
from tui.action import PLACES
from tui.app import DspyApp
from tui.places import TOLD, here
from tui.screens.approve import ApproveScreen
from tui.screens.help import HelpScreen
from tui.screens.log_pick import LogPicker

Compare = Callable[..., bool]
ASKED = ApprovalNeeded(
    turn_id="t1", call_id="c3", action="shell", command="rm -rf build", reason="", rule="shell:rm -rf build"
)
KEYS = {
    "Prompt": [], "Conversation": ["f9"], "Find in the conversation": ["f3"], "Files": ["f2"], "Logs": ["f4"],
    "Suggestions": ["f5"], "Search results": ["ctrl+g"], "Log screen": ["ctrl+o"],
    "Preview": ["f2", "end", "enter"],
    "Models": ["f7"], "API key": ["alt+a"], "Settings": ["alt+s"], "Sessions": ["ctrl+s"],
    "Learning": ["alt+l"],
    "Stack": ["alt+k"], "Topics": ["alt+t"],
}  # fmt: skip
"""How to get to places."""


def test_every_place_has_a_sentence_or_two() -> None:
    assert set(TOLD) == set(PLACES)
    for place, words in TOLD.items():
        assert words.endswith(".") and 40 < len(words) <= 220, place


def titles(app: DspyApp) -> list[str]:
    """The headings of the help, in their order."""
    return [item.text for item in listed(app.screen) if item.style == "h2"]


async def opened(pilot: Pilot[None]) -> list[str]:
    """Press F1 where it is, and close it again; the headings."""
    app = pilot.app
    assert isinstance(app, DspyApp)
    await pilot.press("f1")
    await until(pilot, lambda: isinstance(app.screen, HelpScreen) and titles(app))
    found = titles(app)
    await pilot.press("f1")
    await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
    return found


@pytest.mark.parametrize("place", KEYS)
async def test_where_you_are_comes_first(runtime: FakeRuntime, place: str) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press(*KEYS[place])
        await until(pilot, lambda: place in here(app.screen))
        screen: Screen[Any] = app.screen
        found = await opened(pilot)
        assert found[0] == f"Here: {place}" and found[-1] == "Commands"
        assert sorted([place, *found[1:-1]]) == sorted(PLACES)
        assert app.screen is screen


async def test_a_question_stays_while_its_help_shows(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await tell(pilot, runtime, ASKED)
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        assert (await opened(pilot))[0] == "Here: Permission"
        assert isinstance(app.screen, ApproveScreen) and not runtime.session.answers


async def test_a_place_within_a_place(runtime: FakeRuntime) -> None:
    """The list of logs lies over the log screen; the palette has no keys of the table."""
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        app.push_screen(LogPicker([SourceFacts(name="a.log")]))
        await until(pilot, lambda: isinstance(app.screen, LogPicker))
        assert (await opened(pilot))[0] == "Here: A choice"
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        assert (await opened(pilot))[0] == "Anywhere"


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: "Stack" in here(app.screen))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and titles(app))
        await pilot.pause()

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=run)
