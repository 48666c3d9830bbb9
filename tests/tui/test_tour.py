"""The tour: who sees it, what it says, that it takes nothing from what is typed, and how it looks."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region, Size
from textual.pilot import Pilot

from agent_core.config import Settings
from agent_core.folders import user_state_dir
from tests.fakes.screen import FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, screen_text, settled, tell, until
from tests.tui.test_golden import BUSY, ERROR
from tui.app import DspyApp
from tui.keys import TABLE
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen
from tui.screens.stack import StackScreen
from tui.tour.card import _ACTION, Card
from tui.tour.place import beside
from tui.tour.seen import offers
from tui.tour.steps import OFFER, STEPS

Compare = Callable[..., bool]
SIZES = [(80, 24), (120, 36)]


@pytest.fixture
def newcomer() -> Path:
    """Nobody was here before; the file that will say so."""
    path = user_state_dir() / "tour.json"
    path.unlink()
    return path


async def offered(pilot: Pilot[None]) -> DspyApp:
    app = await settled(pilot)
    await until(pilot, lambda: app.work.guide.showing)
    return app


async def toured(pilot: Pilot[None], runtime: FakeRuntime) -> DspyApp:
    """On the first card."""
    app = await settled(pilot)
    await pilot.press("alt+h")
    await shows(pilot, app, "ask")
    return app


async def shows(pilot: Pilot[None], app: DspyApp, step: str) -> None:
    """Wait for a card, laid out."""
    await until(pilot, lambda: app.work.guide.step.id == step and app.work.query_one(Card).region.area)


def lies_well(app: DspyApp, card: Card) -> bool:
    """Whether all of it shows, and all of the prompt."""
    prompt = app.work.chat.prompt.region
    inside = app.screen.region.contains_region(card.region) and app.screen.region.contains_region(prompt)
    return inside and not card.region.overlaps(prompt)


def card_text(app: DspyApp) -> str:
    region = app.work.query_one(Card).region
    rows = screen_text(app).split("\n")[region.y : region.bottom]
    return " ".join(" ".join(row[region.x + 1 : region.right - 1] for row in rows).split())


# What it is made of


def test_cards_name_actions_that_there_are() -> None:
    known = {action.id for action in TABLE}
    assert 6 <= len(STEPS) <= 8
    assert len({step.id for step in STEPS}) == len(STEPS)
    for step in (OFFER, *STEPS):
        assert set(_ACTION.findall(step.says + step.without + step.do)) <= known
        assert bool(step.needs) == bool(step.without)


@given(
    st.sampled_from([(80, 24), (100, 30), (120, 36), (200, 60), (300, 90)]),
    st.integers(1, 9),
    st.data(),
)
def test_a_card_lies_beside_what_it_explains(size: tuple[int, int], words: int, data: st.DataObject) -> None:
    width, height = size
    prompt = Region(0, height - 4, width, 3)
    kind = data.draw(st.sampled_from(["prompt", "left", "right", "none"]))
    rows = data.draw(st.integers(4, height - 4))
    target = {
        "prompt": prompt,
        "left": Region(0, 0, data.draw(st.integers(20, width - 48)), rows),
        "right": Region(width - 30, 0, 30, rows),
        "none": Region(),
    }[kind]
    room = Region(0, 0, width, height)
    placed = beside(target, Size(48, min(9, words + 4)), room, [prompt], [])
    assert room.contains_region(placed)
    assert placed.size == (48, min(9, words + 4))
    assert not placed.overlaps(target)
    assert not placed.overlaps(prompt)


# Who sees it


async def test_it_is_offered_to_who_is_new_until_they_say_no(
    runtime: FakeRuntime, newcomer: Path, repository: Path
) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await offered(pilot)
        assert "New here? " in card_text(app)
        assert "Alt+H show me Esc no, thanks" in card_text(app)
        assert app.work.chat.prompt.has_focus
        await pilot.press(*"why", "right", "enter")
        assert runtime.session.submitted == ["why"], "what is typed goes where it always goes"
        await until(pilot, lambda: not app.work.guide.showing)
    assert msgspec.json.decode(newcomer.read_bytes()) == {"schema": 1, "offered": 1, "over": True}
    assert not offers(), "who begins by themselves is not asked again"


async def test_escape_sends_it_away_for_good(runtime: FakeRuntime, newcomer: Path, repository: Path) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await offered(pilot)
        await pilot.press("enter", "right")
        assert app.work.guide.step is OFFER, "an offer is taken by its own key"
        await pilot.press("escape")
        await until(pilot, lambda: not app.work.query(Card))
    async with app_of(fake_runtime(repository)).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.pause(0.1)
        assert not app.work.query(Card)


async def test_who_asks_before_it_could_be_offered_is_left_alone(
    runtime: FakeRuntime, newcomer: Path
) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = pilot.app
        assert isinstance(app, DspyApp)
        app.work.transcript.add_prompt("t1", "why?")
        await settled(pilot)
        await pilot.pause(0.1)
        assert not app.work.query(Card)
        assert not newcomer.exists()


def test_who_does_nothing_about_it_is_asked_three_times(newcomer: Path) -> None:
    assert [offers() for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_it_is_not_offered_where_that_cannot_be_remembered(newcomer: Path) -> None:
    newcomer.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert not offers()


def test_nor_where_something_lies_in_the_way(newcomer: Path) -> None:
    newcomer.mkdir()
    assert not offers()


def test_a_broken_file_is_kept_aside_and_a_newer_one_stays(newcomer: Path) -> None:
    newcomer.write_text("{")
    assert offers()
    assert len(list(newcomer.parent.glob("tour.json.bad-*"))) == 1
    newcomer.write_text('{"schema": 2}')
    assert not offers()
    assert newcomer.read_text() == '{"schema": 2}'


# Going through it


async def test_every_step_is_done_by_really_doing_it(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await toured(pilot, runtime)
        assert "1 of 8" in screen_text(app)
        await pilot.press(*"why", "enter")
        await until(pilot, lambda: "✓ done" in card_text(app))
        await shows(pilot, app, "files")
        assert app.work.files.has_class("-toured")
        await pilot.press("f2")
        await until(pilot, lambda: "Esc back to the prompt" in card_text(app))
        await pilot.press("escape")
        await shows(pilot, app, "logs")
        assert app.work.chat.prompt.has_focus, "from a pane Esc leads back, and the tour goes on"
        await pilot.press("f4")
        await shows(pilot, app, "suggestions")
        await pilot.press("f8")
        await until(pilot, lambda: runtime.learning.accepted)
        await shows(pilot, app, "undo")
        await pilot.press("alt+z")
        assert runtime.session.submitted[-1] == "undo"
        await shows(pilot, app, "palette")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, PaletteScreen))
        await pilot.press("escape")
        await until(pilot, lambda: "✓ done" in card_text(app))
        await shows(pilot, app, "stack")
        await pilot.press("alt+k")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))
        await pilot.press("escape")
        await shows(pilot, app, "help")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not app.work.query(Card))
        assert not app.work.query(".-toured")


async def test_it_starts_and_asks_nothing_by_itself(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await toured(pilot, runtime)
        for number, step in enumerate(STEPS):
            await shows(pilot, app, step.id)
            card = app.work.query_one(Card).region
            assert not card.overlaps(app.work.chat.prompt.region)
            assert Region(0, 0, 120, 36).contains_region(card)
            await pilot.press("enter" if number % 2 else "right")
        await until(pilot, lambda: not app.work.query(Card))
        assert not runtime.session.submitted
        assert not runtime.learning.accepted
        assert app.work.shown == ("files", "logs", "suggestions")


async def test_it_comes_by_its_command_and_by_the_mouse(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press(*"/tour", "enter")
        await shows(pilot, app, "ask")
        assert not runtime.session.submitted
        card = app.work.query_one(Card).region
        await pilot.click(offset=(card.x + 4, card.bottom - 2))
        await shows(pilot, app, "files")
        card = app.work.query_one(Card).region
        await pilot.click(offset=(card.right - 4, card.bottom - 2))
        await until(pilot, lambda: not app.work.query(Card))
        assert app.work.chat.prompt.has_focus


async def test_keys_are_the_persons_own(repository: Path) -> None:
    keys = {"files": "f12", "tour.next": "f10"}
    runtime = fake_runtime(repository, settings=Settings(keys=keys))
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await toured(pilot, runtime)
        assert "F10 next" in card_text(app)
        await pilot.press("enter")
        assert app.work.guide.step.id == "ask"
        await pilot.press("f10")
        await shows(pilot, app, "files")
        assert "Press F12" in card_text(app)


async def test_words_fit_what_is_there(tmp_path: Path) -> None:
    runtime = fake_runtime(tmp_path, info=None)
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, DspyApp)
        await until(pilot, lambda: app.work.transcript.page.units and app.work.status.status.state)
        await pilot.press("alt+h")
        await shows(pilot, app, "ask")
        await until(pilot, lambda: "No model answers yet" in card_text(app))
        await pilot.press("right")
        await shows(pilot, app, "files")
        assert "This folder has none yet" in card_text(app)
        await pilot.press("right")
        await shows(pilot, app, "logs")
        assert "There are none yet" in card_text(app)


async def test_the_card_says_what_escape_does_while_something_runs(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await toured(pilot, runtime)
        assert "Esc ends the tour" in card_text(app)
        await tell(pilot, runtime, *BUSY)
        await until(pilot, lambda: "next Esc stops what runs" in card_text(app))
        await tell(pilot, runtime, ERROR[-1])
        await until(pilot, lambda: "Esc ends the tour" in card_text(app))


async def test_it_survives_other_sizes(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(200, 60)) as pilot:
        app = await toured(pilot, runtime)
        await pilot.press("right")
        await shows(pilot, app, "files")
        card = app.work.query_one(Card)
        for size in (Size(80, 24), Size(120, 36), Size(40, 12), Size(200, 60)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: app.size == size and lies_well(app, card))
        assert "F2 goes to the files" in card_text(app)


# How it looks


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("number", range(len(STEPS)), ids=lambda number: STEPS[number].id)
def test_golden(
    snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int], number: int, utc: None
) -> None:
    async def go(pilot: Pilot[None]) -> None:
        app = await toured(pilot, runtime)
        for step in STEPS[1 : number + 1]:
            await pilot.press("right")
            await shows(pilot, app, step.id)
        await until(pilot, lambda: not app.work.transcript._bar_late)

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=go)


@pytest.mark.parametrize("look", ["light", "plain"])
def test_golden_offer(
    snap_compare: Compare,
    runtime: FakeRuntime,
    newcomer: Path,
    look: str,
    utc: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go(pilot: Pilot[None]) -> None:
        app = await offered(pilot)
        if look == "light":
            await pilot.press("ctrl+t")
        await until(pilot, lambda: not app.work.transcript._bar_late)

    if look == "plain":
        monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=go)
