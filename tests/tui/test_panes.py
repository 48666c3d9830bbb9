"""Panes: where they are at every size, how they are made larger, and what is remembered of that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region
from textual.pilot import Pilot

from agent_core.workspace import Workspace
from tests.fakes.digests import MORNING
from tests.fakes.logs import GivenLogs
from tests.fakes.screen import FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, listed, settled, text_of, until
from tui.app import DspyApp
from tui.screens import sizing
from tui.screens.arrange import CHAT_LEAST, ROWS_LEAST, SIDE, SIDE_LEAST, regions
from tui.screens.kept import KeptSizes
from tui.screens.logs import LogScreen
from tui.screens.sizes import Sizes, default_panes

WIDTHS, HEIGHTS = st.integers(20, 400), st.integers(8, 120)
SHOWN = st.sets(st.sampled_from(SIDE))
FRONT = st.sampled_from(("chat", *SIDE))
CHOSEN = st.builds(
    Sizes,
    left=st.integers(0, 1000),
    right=st.integers(0, 1000),
    rows=st.dictionaries(st.sampled_from(SIDE), st.integers(1, 1000)),
)


def covers(placed: dict[str, Region], width: int, height: int) -> None:
    """Every cell belongs to one pane."""
    assert sum(region.area for region in placed.values()) == width * height
    for name, region in placed.items():
        assert region in Region(0, 0, width, height) or region == Region(0, 0, width, height)
        assert not any(region.overlaps(other) for each, other in placed.items() if each != name)


def usable(placed: dict[str, Region], width: int) -> None:
    """No pane is smaller than it can be used, where the terminal is not smaller itself."""
    for name, region in placed.items():
        assert region.width >= min(width, CHAT_LEAST if name == "chat" else SIDE_LEAST)
        assert region.height >= ROWS_LEAST


@given(WIDTHS, HEIGHTS, SHOWN, CHOSEN, FRONT, st.booleans())
def test_panes_cover_the_screen_and_each_can_be_used(
    width: int, height: int, shown: set[str], sizes: Sizes, front: str, zoomed: bool
) -> None:
    placed = regions(width, height, shown, sizes, front=front, zoomed=zoomed)
    assert set(placed) <= shown | {"chat"}
    covers(placed, width, height)
    usable(placed, width)
    assert front in placed or front not in shown | {"chat"}, "what has the focus shows"
    if width >= 68 and height >= ROWS_LEAST * len(SIDE) and not zoomed:
        assert set(placed) == shown | {"chat"}, "there is room for all of them"


@given(WIDTHS, HEIGHTS, SHOWN, CHOSEN, FRONT, st.sampled_from([(4, 0), (-4, 0), (0, 2), (0, -2)]))
def test_growing_takes_from_others_and_goes_back(
    width: int, height: int, shown: set[str], sizes: Sizes, pane: str, by: tuple[int, int]
) -> None:
    before = regions(width, height, shown, sizes, front=pane)
    after = regions(width, height, shown, sizing.grown(before, sizes, pane, *by), front=pane)
    assert set(after) == set(before)
    if pane not in before:
        return
    columns, rows = (after[pane].width - before[pane].width, after[pane].height - before[pane].height)
    assert 0 <= columns * (1 if by[0] >= 0 else -1) <= abs(by[0]), (
        "never more than was asked for, or against it"
    )
    assert 0 <= rows * (1 if by[1] >= 0 else -1) <= abs(by[1])


@given(WIDTHS, HEIGHTS, SHOWN, CHOSEN, st.data())
def test_a_border_follows_the_mouse_as_far_as_it_can(
    width: int, height: int, shown: set[str], sizes: Sizes, data: st.DataObject
) -> None:
    before = regions(width, height, shown, sizes)
    found = sizing.edges(before)
    if not found:
        return
    edge = data.draw(st.sampled_from(found))
    columns, rows = data.draw(st.tuples(st.integers(-500, 500), st.integers(-200, 200)))
    chosen = sizing.moved(before, sizes, edge, columns, rows)
    after = regions(width, height, shown, chosen)
    assert set(after) == set(before)
    still = sizing.as_placed(after, chosen)
    assert regions(width, height, shown, still) == after, "what is remembered is what was seen"
    if edge.kind == sizing.ROWS:
        above, below = edge.panes
        assert after[above].height + after[below].height == before[above].height + before[below].height
        moved = after[above].height - before[above].height
        assert abs(moved) <= abs(rows)
        assert moved == rows or ROWS_LEAST in (after[above].height, after[below].height)


def test_by_themselves_panes_are_where_they_always_were() -> None:
    assert default_panes(80) == ()
    assert default_panes(120) == SIDE
    medium, wide = regions(120, 36, SIDE), regions(200, 60, SIDE)
    assert {medium[name].x for name in SIDE} == {0}
    assert wide["logs"].x == wide["suggestions"].x > wide["chat"].x > wide["files"].x
    assert "chat" not in regions(50, 24, ("files",), front="files"), "too narrow for both"
    assert "files" not in regions(50, 24, ("files",)), "and the prompt shows while it has the focus"
    assert set(regions(120, 8, SIDE, front="suggestions")) == {"files", "suggestions", "chat"}


# On the screen


def widths(app: DspyApp) -> tuple[int, ...]:
    """Of files, chat, logs."""
    work = app.work
    return tuple(pane.outer_size.width for pane in (work.files, work.chat, work.logs))


def said(app: DspyApp) -> list[str]:
    """The short messages that show."""
    return [note.message for note in app._notifications]


async def become(pilot: Pilot[None], app: DspyApp, wanted: tuple[int, ...]) -> None:
    await until(pilot, lambda: widths(app) == wanted)


async def test_keys_make_the_pane_with_the_focus_larger_and_smaller(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        assert widths(app) == (40, 110, 50)
        await pilot.press("f2", "alt+right", "alt+right")
        await become(pilot, app, (48, 102, 50))
        await pilot.press("alt+left")
        await become(pilot, app, (44, 106, 50))
        await pilot.press("f4", "alt+left")
        await become(pilot, app, (44, 110, 46))
        high = app.work.logs.outer_size.height
        await pilot.press("alt+down", "alt+down")
        await until(pilot, lambda: app.work.logs.outer_size.height == high - 4)
        await pilot.press("escape", "x", "alt+right")
        await become(pilot, app, (42, 114, 44))
        assert app.work.chat.prompt.text == "x", "from the prompt it is the chat that grows"
        await pilot.press("alt+r")
        await become(pilot, app, (40, 110, 50))
        await until(pilot, lambda: app.work.logs.outer_size.height == high)


async def test_nothing_gets_too_small_and_says_so(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f2", *["alt+right"] * 5)
        await until(pilot, lambda: app.work.chat.outer_size.width == CHAT_LEAST)
        await pilot.press("alt+right")
        await until(pilot, lambda: "The files are as wide as can be here" in said(app))


async def test_each_class_of_width_has_its_own_arrangement(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        await pilot.press("f2", "alt+right", "f5", "f5")
        await until(pilot, lambda: app.work.shown == ("files", "logs"))
        wide = widths(app)
        await pilot.press("f2")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.work.shown == ())
        assert app.work.chat.prompt.has_focus, "what does not show has no focus"
        await pilot.press("f4")
        await until(pilot, lambda: app.work.shown == ("logs",))
        await pilot.resize_terminal(200, 60)
        await become(pilot, app, wide)
        assert app.work.shown == ("files", "logs")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.work.shown == ("logs",))


async def test_a_pane_alone_and_back(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        before = widths(app)
        await pilot.press("f4", "alt+w")
        await until(pilot, lambda: app.work.logs.outer_size == (120, 35))
        assert app.work.shown == ("logs",)
        await until(pilot, lambda: "Alt+W brings the others back" in said(app))
        await pilot.press("alt+w")
        await become(pilot, app, before)
        await pilot.press("alt+w", "escape")
        await become(pilot, app, before)
        assert app.work.chat.prompt.has_focus, "leaving it brings the others back, too"
        await pilot.press("alt+w")
        await until(pilot, lambda: app.work.chat.outer_size.width == 120)
        await pilot.press("f2")
        await become(pilot, app, before)


async def test_where_only_one_has_room_the_focus_says_which(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        await pilot.press("f2")
        await until(pilot, lambda: app.work.files.outer_size == (60, 19))
        await pilot.press("escape")
        await until(pilot, lambda: app.work.chat.outer_size == (60, 19))
        assert app.work.chat.prompt.has_focus
        await pilot.press("f6", "f6")
        await until(pilot, lambda: app.work.files.outer_size == (60, 19))


async def test_the_mouse_moves_a_border_and_puts_it_back(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        screen = app.work
        await pilot.hover(offset=(39, 20))
        await until(pilot, lambda: screen.files.has_class("-edge-right"))
        await pilot.mouse_down(offset=(39, 20))
        await pilot.hover(offset=(59, 22))
        await become(pilot, app, (60, 90, 50))
        await pilot.hover(offset=(199, 22))
        await become(pilot, app, (110, 40, 50))
        await pilot.hover(offset=(2, 22))
        await become(pilot, app, (SIDE_LEAST, 130, 50))
        await pilot.mouse_up(offset=(2, 22))
        await until(pilot, lambda: not screen.files.has_class("-edge-right"))
        assert screen.chat.prompt.has_focus, "moving a border takes the focus from nothing"
        await pilot.hover(offset=(90, 30))
        assert widths(app) == (SIDE_LEAST, 130, 50), "it is let go of"
        edge = SIDE_LEAST - 1
        await pilot.click(offset=(edge, 20), times=2)
        await become(pilot, app, (40, 110, 50))
        top = screen.suggestions.region.y
        await pilot.hover(offset=(170, top))
        await until(pilot, lambda: screen.suggestions.has_class("-edge-top"))
        assert screen.logs.has_class("-edge-bottom")
        await pilot.mouse_down(offset=(170, top))
        await pilot.hover(offset=(170, top - 10))
        await pilot.mouse_up(offset=(170, top - 10))
        await until(pilot, lambda: screen.suggestions.region.y == top - 10)
        await pilot.click(offset=(170, top - 10), times=2)
        await until(pilot, lambda: screen.suggestions.region.y == top)


@pytest.mark.parametrize(("size", "key"), [((120, 36), "alt+right"), ((90, 40), "alt+up")])
async def test_two_parts_of_another_screen(runtime: FakeRuntime, size: tuple[int, int], key: str) -> None:
    def share(app: DspyApp) -> int:
        events = app.screen.query_one("#events")
        return events.outer_size.width if size[0] >= 100 else events.outer_size.height

    runtime.logs = GivenLogs(MORNING, "logs/server.log")
    app = app_of(runtime)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, LogScreen) and app.screen.query_one("#event").size)
        before = share(app)
        step = 4 if size[0] >= 100 else 2
        await pilot.press(key)
        await until(pilot, lambda: share(app) == before + step)
        await pilot.press("escape", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, LogScreen) and share(app) == before + step)
        second = app.screen.query_one("#event").region
        await pilot.hover(offset=second.offset)
        await pilot.mouse_down(offset=second.offset)
        await pilot.hover(offset=(max(1, second.x - 6), second.y - 3))
        await pilot.mouse_up(offset=(max(1, second.x - 6), second.y - 3))
        await until(pilot, lambda: share(app) == before + (step - 6 if size[0] >= 100 else step - 3))
        await pilot.press("alt+r")
        await until(pilot, lambda: share(app) == before)


# Remembered


async def test_what_was_chosen_comes_back(runtime: FakeRuntime, repository: Path) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        await pilot.press("f2", "alt+right", "f5", "f5", "f2")
        await until(pilot, lambda: app.work.shown == ("files", "logs"))
        chosen = widths(app)
    kept = msgspec.json.decode((repository / ".dspy_tui" / "panes.json").read_bytes())
    assert kept["schema"] == 1
    assert kept["work"]["wide"]["panes"] == ["files", "logs"]
    again = app_of(fake_runtime(repository))
    async with again.run_test(size=(200, 60)) as pilot:
        assert widths(again) == chosen, "before anything else is read"
        assert again.work.shown == ("files", "logs")
        await settled_without_suggestions(pilot)


async def settled_without_suggestions(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, DspyApp)
    await until(pilot, lambda: app.work.transcript.page.units and app.work.files.items)


async def test_opening_the_program_writes_nothing(runtime: FakeRuntime, repository: Path) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        await pilot.resize_terminal(80, 24)
        await pilot.press("f6", "f6")
    assert not (repository / ".dspy_tui" / "panes.json").exists()


async def test_it_is_written_a_moment_after_a_change(runtime: FakeRuntime, repository: Path) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        await pilot.press("f2", "alt+right", "alt+right")
        path = repository / ".dspy_tui" / "panes.json"
        await until(pilot, path.exists)
        assert b'"left": 48' in path.read_bytes()


@pytest.mark.parametrize("content", [b"{", b'{"work": {"wide": {"left": "all"}}}', b"[]", b"\xff\x00"])
async def test_a_broken_file_is_kept_aside_and_named(
    runtime: FakeRuntime, repository: Path, content: bytes
) -> None:
    state = runtime.workspace.ensure_state_dir()
    (state / "panes.json").write_bytes(content)
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        assert widths(app) == (40, 110, 50)
        assert "panes.json: broken" in app.work.kept.warning
        await until(pilot, lambda: "broken" in text_of(app))
    assert [path.read_bytes() for path in state.glob("panes.json.bad-*")] == [content]


async def test_hostile_values_are_bounded(runtime: FakeRuntime) -> None:
    wide = {"panes": ["logs", "../x", "logs"], "left": -5, "right": 10**9, "rows": {"logs": -3, "x": 9}}
    document = {"work": {"wide": wide, "other": {}}, "parts": {"logs-wide": 10**9, "stack-wide": -1}}
    (runtime.workspace.ensure_state_dir() / "panes.json").write_bytes(msgspec.json.encode(document))
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: app.work.shown == ("logs",))
        await until(pilot, lambda: app.work.chat.outer_size.width == CHAT_LEAST)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, LogScreen) and listed(app.screen))


async def test_a_newer_file_stays(runtime: FakeRuntime) -> None:
    path = runtime.workspace.ensure_state_dir() / "panes.json"
    path.write_text('{"schema": 2, "work": []}')
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        await pilot.press("f2", "alt+right")
        await become(pilot, app, (44, 106, 50))
    assert path.read_text() == '{"schema": 2, "work": []}'


async def test_of_two_sessions_the_last_one_wins_and_loses_nothing_else(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    one, two = KeptSizes(workspace), KeptSizes(workspace)
    one.choose(200, Sizes(left=60))
    one.choose_share("logs-wide", 300)
    two.choose(120, Sizes(left=44))
    await asyncio.gather(one.aclose(), two.aclose())
    three = KeptSizes(workspace)
    assert (three.sizes(170), three.sizes(100), three.share("logs-wide")) == (
        Sizes(left=60), Sizes(left=44), 300,
    )  # fmt: skip
    three.choose(200, Sizes(left=50))
    await three.aclose()
    assert KeptSizes(workspace).sizes(200) == Sizes(left=50)


async def test_where_nothing_can_be_written_panes_still_move(tmp_path: Path) -> None:
    (tmp_path / ".dspy_tui").write_text("in the way")
    kept = KeptSizes(Workspace.open(tmp_path))
    kept.choose(200, Sizes(left=60))
    await kept.aclose()
    assert kept.sizes(200) == Sizes(left=60)
    assert (tmp_path / ".dspy_tui").read_text() == "in the way"
