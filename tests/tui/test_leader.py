"""The leader key: letters at once, the hint for those who wait, and from every screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from agent_core.config import Settings
from agent_core.events import ApprovalNeeded
from tests.fakes.screen import FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, app_of_pilot, screen_text, settled, tell, until
from tui import chords
from tui.keys import ANYWHERE, TABLE
from tui.screens.approve import ApproveScreen
from tui.screens.help import HelpScreen
from tui.screens.learning import LearningScreen
from tui.screens.sessions import SessionsScreen
from tui.screens.settings import SettingsScreen
from tui.screens.stack import StackScreen

Compare = Callable[..., bool]
ASKED = ApprovalNeeded(
    turn_id="t1", call_id="c3", action="shell", command="rm -rf build", reason="", rule="shell:rm -rf build"
)
pytestmark = pytest.mark.usefixtures("utc")


def test_every_action_that_holds_anywhere_has_one_letter() -> None:
    letters = [letter for group in chords.GROUPS.values() for letter in group]
    names = [name for group in chords.GROUPS.values() for name in group.values()]
    assert len(set(letters)) == len(letters) and chords.HERE not in letters
    assert sorted(names) == sorted(a.id for a in TABLE if a.where == ANYWHERE and a.id != "leader")


async def test_a_letter_that_comes_at_once_runs_its_action_with_nothing_drawn(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        drawn: list[bool] = []
        mount = app.work.mount
        app.work.mount = lambda *args, **more: drawn.append(True) or mount(*args, **more)  # pyright: ignore
        await pilot.press("ctrl+x", "S")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        assert not drawn and not app.leader.waits and not app.work.chat.prompt.text


async def test_no_letter_is_lost_before_or_behind_a_chord(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("a", "b", "ctrl+x", "T", "c", "ctrl+x", "ctrl+t", "escape", "d")
        await until(pilot, lambda: app.work.chat.prompt.text == "abcd")
        assert app.theme == "dspy-light"


async def test_the_hint_shows_to_who_waits_and_goes_with_the_letter(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: app.leader.shows)
        await until(pilot, lambda: "L  Learning" in screen_text(app))
        assert "Go to" in screen_text(app) and ". keys of Prompt" in screen_text(app)
        await pilot.press(".")
        await until(pilot, lambda: "Enter  Send" in screen_text(app))
        await pilot.press("backspace")
        await until(pilot, lambda: "L  Learning" in screen_text(app))
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, LearningScreen))
        await until(pilot, lambda: "Go to" not in screen_text(app))


@pytest.mark.parametrize("ends", ["escape", "ctrl+x", "backspace", "Z", "f2"])
async def test_it_ends_without_doing_anything(runtime: FakeRuntime, ends: str) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: app.leader.shows)
        await pilot.press(ends)
        await until(pilot, lambda: not app.leader.shows and not app.leader.waits)
        assert app.screen is app.work and app.work.shown == () and not app.work.chat.prompt.text
        said = [note.message for note in app._notifications]  # pyright: ignore[reportPrivateUsage]
        assert len(said) == (ends in ("Z", "f2")) and all("no key" in each for each in said)
        await pilot.press("z")
        await until(pilot, lambda: app.work.chat.prompt.text == "z")


async def test_what_is_selected_is_cut_as_ever(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("a", "b", "shift+left", "ctrl+x")
        await until(pilot, lambda: app.work.chat.prompt.text == "a")
        assert not app.leader.waits


async def test_a_key_of_the_place_does_what_it_does_there(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("f2", "ctrl+x", ".", "down")
        await until(pilot, lambda: app.work.files.cursor == 1)
        assert not app.leader.waits


async def test_from_another_screen_it_goes_back_to_the_work_screen_first(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))
        await pilot.press("ctrl+x")
        await until(pilot, lambda: ". keys of Stack" in screen_text(app))
        await pilot.press(".")
        await until(pilot, lambda: "Free space" in screen_text(app) and "Lists" in screen_text(app))
        await pilot.press("escape", "ctrl+x", ",")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and len(app.screen_stack) == 2)
        await pilot.press("ctrl+x", "f")
        await until(pilot, lambda: app.screen is app.work and app.work.files.has_focus)


async def test_from_several_screens_and_from_the_palette(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("ctrl+x", "l")
        await until(pilot, lambda: app.screen is app.work and app.work.logs.has_focus)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen is not app.work)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "r  Search results" in screen_text(app))
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, LearningScreen) and len(app.screen_stack) == 2)


async def test_keys_that_hold_anywhere_lead_back_from_other_screens(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36), notifications=True) as pilot:
        app = await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))
        await pilot.press("f2")
        await until(pilot, lambda: app.screen is app.work and app.work.files.has_focus)
        await pilot.press("alt+k")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))
        await pilot.press("f1", "alt+l")
        await until(pilot, lambda: isinstance(app.screen, LearningScreen) and len(app.screen_stack) == 2)
        await pilot.press("alt+s")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("slash", *"theme", "ctrl+u", "x")
        assert isinstance(app.screen, SettingsScreen), "the box has its own use for the key"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.work)
        await tell(pilot, runtime, ASKED)
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        await pilot.press("f2")
        await until(pilot, lambda: "First answer what is asked here" in screen_text(app))
        assert isinstance(app.screen, ApproveScreen) and not runtime.session.answers


async def test_a_question_is_not_left(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: app.leader.shows)
        await tell(pilot, runtime, ASKED)
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        await until(pilot, lambda: ". keys of Permission" in screen_text(app))
        await pilot.press("a")  # accept a suggestion, not "always"
        await until(pilot, lambda: not app.leader.waits)
        assert isinstance(app.screen, ApproveScreen) and not runtime.session.answers
        await pilot.press("ctrl+x", "h")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await until(pilot, lambda: "Here: Permission" in screen_text(app))


async def test_another_leader(repository: object) -> None:
    runtime = fake_runtime(repository, settings=Settings(keys={"leader": "ctrl+k"}))  # pyright: ignore
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("ctrl+x", "ctrl+k", "S")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))


async def test_a_click_on_an_entry_is_its_letter(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "S  Sessions" in screen_text(app))
        rows = screen_text(app).splitlines()
        y = next(y for y, row in enumerate(rows) if "S  Sessions" in row)
        await pilot.click(offset=(rows[y].index("S  Sessions") + 4, y))
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("level", ["letters", "here"])
def test_picture(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int], level: str) -> None:
    async def run(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        app_of_pilot(pilot).work.transcript.focus()
        await pilot.press("ctrl+x", *(["."] if level == "here" else []))
        await until(pilot, lambda: app.leader.shows)
        await pilot.pause()

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=run)
