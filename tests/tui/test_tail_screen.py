"""Messages of topics on the screen, kept by the real desk and sent by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.errors import BusFault, ErrorInfo
from agent_core.streaming.live.raw import Raw
from agent_core.streaming.live.values import Page, Place
from agent_core.streaming.messages import Task, encode
from agent_core.streaming.values import BusNotice
from tests.agent_core.streaming.live.made import MOMENT, raw
from tests.fakes.live import DeskTail, HeldBus
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, app_of, screen_text, settled, until
from tui.app import DspyApp
from tui.screens.dialog import Frame
from tui.screens.tail import TailScreen
from tui.widgets.taillines import TailLines

Compare = Callable[..., bool]
SIZES = [(80, 24), (120, 36), (160, 50)]
LONG = "orders.of.the.customers.in.all.countries.of.the.world.by.day.and.by.hour.as.json.v2"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same times wherever the tests run."""
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> HeldBus:
    """The bus that the screens look at."""
    held = HeldBus()
    monkeypatch.setattr("tui.screens.bus_desk.BusDesk", lambda **_: held)
    return held


def shows(app: DspyApp, *texts: str) -> bool:
    return all(text in screen_text(app) for text in texts)


async def opened(
    pilot: Pilot[None], bus: HeldBus, topics: str = "logs.*"
) -> tuple[DspyApp, TailScreen, DeskTail]:
    """The screen."""
    app = await settled(pilot)
    await pilot.press("alt+m")
    await until(pilot, lambda: app.screen.query("#pattern"))
    app.screen.query_one("#pattern", Input).value = topics
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, TailScreen) and app.screen.page is not None)
    assert isinstance(app.screen, TailScreen)
    return app, app.screen, bus.tails[-1]


def noticed(app: DspyApp, text: str) -> bool:
    """Whether a short message said it."""
    return any(text in each.message for each in app._notifications)  # pyright: ignore[reportPrivateUsage]


async def says(pilot: Pilot[None], *texts: str) -> None:
    app = pilot.app
    assert isinstance(app, DspyApp)
    await until(pilot, partial(shows, app, *texts))


def page(screen: TailScreen) -> Page:
    assert screen.page is not None
    return screen.page


def numbered(count: int, first: int = 0) -> list[Raw]:
    return [
        raw(f"m{n}".encode(), offset=n, topic="logs.raw.a", time=MOMENT + n)
        for n in range(first, first + count)
    ]


async def test_it_follows_pauses_and_counts_what_comes(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen, tail = await opened(pilot, bus)
        await says(pilot, "Asking Kafka at localhost:9092")
        tail.desk.heard(state="reading")
        await says(pilot, "There is no such topic yet")
        tail.desk.left(0, 1)
        await says(pilot, "No message came yet")
        tail.desk.take(numbered(100))
        await says(pilot, "m99", "10:01:39.000", "logs.raw.a", "0@99", "following", "100 read")
        await pilot.press("p")
        await until(pilot, lambda: not page(screen).follows)
        tail.desk.take(numbered(50, 100))
        await says(pilot, "m99", "paused, 50 below", "150 read")
        assert not shows(app, "m120")
        await pilot.press("up", "up", "pageup")
        there = f"m{97 - screen.query_one(TailLines).height + 1}"
        await until(pilot, lambda: page(screen).rows[page(screen).cursor].text == there)
        await pilot.press("G")
        await says(pilot, "m149", "following")
        await pilot.press("g")
        await says(pilot, "m0", "paused")
        await pilot.press("p")
        await says(pilot, "m149", "following")
        await pilot.press("escape")
        await until(pilot, lambda: tail.closed and not isinstance(app.screen, TailScreen))
        await pilot.pause()
        assert not noticed(app, "cancelled"), "nobody is told of what was wanted"


async def test_the_filter_and_repeats(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        _, screen, tail = await opened(pilot, bus)
        sent = [encode(Task(id=name, at=1.0, text=f"work {name}")) for name in ("a", "b", "a")]
        tail.desk.take([*numbered(30), *(raw(value, topic="agent.tasks", key=b"who") for value in sent)])
        await says(pilot, "↻", "1 repeat")
        await pilot.press("r")
        await says(pilot, "1 repeat hidden", "show repeats")
        await pilot.press("r", "slash", *"m2.")
        await until(pilot, lambda: page(screen).matching == 10)
        await says(pilot, "10 matches")
        await pilot.press("enter", "escape")
        await until(pilot, lambda: page(screen).matching is None)
        await pilot.press("slash", "enter")
        await until(pilot, lambda: not screen.box("filter").display)
        await pilot.press("slash", *"key:who", "enter")
        await until(pilot, lambda: page(screen).matching == 3)
        tail.desk.take([raw(b"x", key=b"who"), raw(b"who")])
        await until(pilot, lambda: page(screen).matching == 4)
        await pilot.press("slash", *"(", "enter")
        await says(pilot, "0 matches of this text")


async def test_from_where_on(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen, tail = await opened(pilot, bus)
        tail.desk.take(numbered(5))
        await pilot.press("colon", *"begin", "enter")
        await until(pilot, lambda: tail.reader.places == [Place()])
        tail.desk.take(numbered(60))
        await until(
            pilot,
            lambda: page(screen).rows and page(screen).rows[0].text == "m0" and not page(screen).follows,
        )
        await pilot.press("colon", *"soon", "enter")
        await until(pilot, lambda: noticed(app, "is no time"))
        await pilot.press("escape", "colon", *"2025-11-24", "enter")
        await until(pilot, lambda: tail.reader.places[1:] == [Place(since=MOMENT - 36_000)])
        await pilot.press("colon", *"end", "enter")
        await until(pilot, lambda: page(screen).follows and not page(screen).rows)
        assert isinstance(app.screen, TailScreen)


async def test_a_message_in_full(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen, tail = await opened(pilot, bus)
        value = b'{"level": "error", "at": [1, null], "password": "hunter2hunter2"}'
        tail.desk.take([raw(value, key=b"k", headers=(("trace", b"t1"),)), raw(b"next")])
        await pilot.press("enter")
        await says(pilot, "partition 0, offset 0", "text, 4 B")
        await pilot.press("up")
        await says(pilot, '"level": "error",', "header trace", "JSON, 65 B", "2025-11-24 10:00:00.000+00:00")
        assert not shows(app, "hunter2")
        copied: list[str] = []
        app.copy_to_clipboard = copied.append
        await pilot.press("c")
        await until(pilot, lambda: copied)
        await pilot.press("C")
        await until(pilot, lambda: len(copied) == 2)
        assert copied[0].startswith('{"level":"error","at":[1,null]') and "hunter2" not in "".join(copied)
        assert '"topic": "t"' in copied[1]
        await pilot.press("tab")
        assert screen.focused is not None and screen.focused.id == "about"
        await pilot.press("tab", "enter")
        await until(pilot, lambda: not shows(app, "header trace"))


async def test_hostile_messages_are_literal(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        _, _, tail = await opened(pilot, bus)
        hostile = HOSTILE.encode()
        tail.desk.take([raw(hostile, key=hostile, headers=((HOSTILE, hostile),))])
        await says(pilot, "[bold]x[/bold] ⟨U+202E⟩evil")
        tail.desk.take([raw(b'{"a": "\\u001b[2J[red]\\u202e"}', time=1e300, topic="logs.[b]x")])
        await says(pilot, "[red]⟨U+202E⟩", "no calendar has it", "logs.[b]x")


async def test_what_happens_meanwhile(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen, tail = await opened(pilot, bus)
        tail.desk.take([*numbered(3), BusNotice(what="lost", error=ErrorInfo("bus", "No Kafka answers"))])
        await says(pilot, "── the connection is lost: No Kafka answers", "not connected")
        tail.desk.take([BusNotice(what="back"), BusNotice(what="found", topic="logs.raw.new")])
        tail.desk.passed(12_345)
        await says(
            pilot, "── connected again", "found a new topic logs.raw.new", "12,345 messages were passed by"
        )
        tail.fault = BusFault("The tail process ended (signal 9: Killed)")
        tail.desk.take(numbered(1, 7))
        await says(pilot, "m7")
        assert noticed(app, "The tail process ended (signal 9: Killed). It is started anew.")
        await pilot.press("h", *["l"] * 4)
        await until(pilot, lambda: screen.query_one(TailLines).shift == 32)


async def test_the_mouse(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        _, screen, tail = await opened(pilot, bus)
        tail.desk.take(numbered(200))
        await says(pilot, "m199")
        await pilot.click("#lines", offset=(20, 3))
        await until(pilot, lambda: page(screen).cursor == 3 and not page(screen).follows)
        await pilot.click("#lines", offset=(20, 3))
        await says(pilot, "partition 0, offset")
        await pilot.click("Hints", offset=(1, 0))
        await until(pilot, lambda: isinstance(screen.focused, Input))


# Pictures


def varied() -> list[Raw | BusNotice]:
    """Messages of several topics and kinds."""
    task = Task(id="7f3a", at=MOMENT, text="run the tests of the payment module", service="backend", by="ada")
    event = b'{"level":"ERROR","service":"backend","message":"could not connect to db:5432","attempt":3}'
    lines = [
        "INFO request served in 12 ms", "WARNING slow query: 1204 ms", "ERROR could not connect to db:5432",
        "INFO retrying in 5 s", "INFO connected",
    ]  # fmt: skip
    told: list[Raw | BusNotice] = [
        raw(
            f"10:00:{n:02} {lines[n % 5]}".encode(), topic=f"logs.raw.{('backend', 'frontend')[n % 2]}",
            partition=n % 3, offset=81_200 + n, time=MOMENT + n, key=b"app.log",
        )
        for n in range(60)
    ]  # fmt: skip
    told[52] = BusNotice(what="lost", error=ErrorInfo("bus", "No Kafka answers at localhost:9092"))
    told[53] = BusNotice(what="back")
    told[55] = raw(encode(task), topic="agent.tasks", offset=812, time=MOMENT + 55, key=b"backend")
    told[56] = raw(encode(task), topic="agent.tasks", offset=813, time=MOMENT + 56, key=b"backend")
    told[57] = raw(bytes(range(200)), topic="logs.raw.backend", offset=4, time=MOMENT + 57)
    told[58] = raw(
        event, topic="logs.ctx.backend", offset=3_018, time=MOMENT + 58, headers=(("trace", b"8f1c"),)
    )
    return told


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(bus: HeldBus, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[None]) -> None:
        _, screen, tail = await opened(pilot, bus, "logs.* agent.*")
        tail.desk.heard(state="reading")
        tail.desk.take(varied())
        tail.desk.left(0, 4)
        await says(pilot, "following")
        await pilot.press("up")
        await until(pilot, lambda: page(screen).cursor == len(page(screen).rows) - 2)
        await pilot.pause(0.3)

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


def test_picture_in_full(bus: HeldBus, runtime: FakeRuntime, snap_compare: Compare) -> None:
    async def before(pilot: Pilot[None]) -> None:
        _, screen, tail = await opened(pilot, bus, "logs.* agent.*")
        tail.desk.heard(state="reading")
        tail.desk.take(varied())
        await pilot.press("up", "enter")
        await says(pilot, '"attempt": 3')
        await until(pilot, lambda: len(page(screen).rows) == screen.query_one(TailLines).height)
        await pilot.pause(0.3)

    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=before)


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_a_filter_and_long_names(
    bus: HeldBus, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        _, screen, tail = await opened(pilot, bus, f"{LONG} logs.*")
        tail.desk.heard(state="reading")
        tail.desk.take(
            [*varied(), raw(b"error " * 40, topic=LONG, time=MOMENT + 70, key=b"a-key-that-is-rather-long")]
        )
        await pilot.press("slash", *"error", "enter")
        await until(pilot, lambda: page(screen).matching == 12)
        await pilot.pause(0.3)

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


@pytest.mark.parametrize("lost", [False, True], ids=["empty", "absent"])
def test_picture_of_nothing(bus: HeldBus, runtime: FakeRuntime, snap_compare: Compare, lost: bool) -> None:
    async def before(pilot: Pilot[None]) -> None:
        _, _, tail = await opened(pilot, bus)
        fault = ErrorInfo(
            "bus_unreachable", "No Kafka answers at localhost:9092", "Start it (`stack up kafka`)."
        )
        tail.desk.heard(state="lost" if lost else "reading", fault=fault if lost else None)
        tail.desk.left(None if lost else 0, 1)
        await says(pilot, "No Kafka answers" if lost else "No message came yet")

    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=before)


async def test_other_words_on_the_frame_draw_nothing_else_anew(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        _, screen, tail = await opened(pilot, bus)
        tail.desk.take(numbered(50))
        await says(pilot, "m49")
        await pilot.pause()
        screen.entitle("another title", "another state")
        top, bottom = screen.query_one(Frame)._exchange_repaint_regions()  # pyright: ignore[reportPrivateUsage]
        assert {top.height, bottom.height} == {1} and {top.y, bottom.y} == {0, 29}
        screen.query_one(Frame).refresh()
        await says(pilot, "another title", "another state", "m49")
        screen.entitle("a third title", "a third state")
        await says(pilot, "a third title", "a third state", "m49")
