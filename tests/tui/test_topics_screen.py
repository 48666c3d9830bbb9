"""The topics of the bus on the screen: what it shows, and what its keys do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.errors import BusAuth, BusFault, BusUnreachable
from agent_core.streaming.faults import fault_of
from agent_core.streaming.values import BusReading, GroupInfo, Lag, PartitionInfo, TopicInfo
from agent_core.text import cells
from tests.fakes.live import HeldBus
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, screen_text, settled, until
from tui.app import DspyApp
from tui.screens.tail import TailScreen
from tui.screens.topic_rows import head, items, topics_of, widths
from tui.screens.topics import TopicsScreen

Compare = Callable[..., bool]
WHERE = "localhost:9092"
SIZES = [(80, 24), (120, 36), (160, 50)]
ABSENT = fault_of(ConnectionError("ECONNREFUSED"), WHERE)
REFUSED = BusAuth(
    f"Kafka at {WHERE} refuses the credentials", hint="Check sasl_plain_username in kafka_security."
)
LONG = "orders.of.the.customers.in.all.countries.of.the.world.by.day.and.by.hour.as.json.v2"


def topic(name: str, *ends: int | None, rate: float | None = 0.0) -> TopicInfo:
    parts = tuple(
        PartitionInfo(
            number=n, begin=None if end is None else end // 3, end=end, leader=None if end is None else 1
        )
        for n, end in enumerate(ends)
    )
    return TopicInfo(name=name, partitions=parts, rate=rate)


READING = BusReading(
    at=100.0,
    topics=(
        topic("agent.errors", 0),
        topic("agent.learning", 20_117, rate=3.5),
        topic("agent.results.backend", 411, 398, rate=0.4),
        topic("agent.tasks", 812, 790, rate=1.2),
        topic("agent.tasks.backend", 411, 409, rate=0.9),
        topic("logs.ctx.backend", 3_018, 2_990, rate=12.0),
        topic("logs.raw.backend", 1_204_118, 1_198_004, 1_200_770, rate=18_204.0),
        topic("logs.raw.frontend", 90_112, None, 88_003, rate=411.0),
    ),
    groups=(
        GroupInfo(name="dspy-tui.router", state="Stable", members=1, lags=(Lag("agent.tasks", 0),)),
        GroupInfo(name="dspy-tui.trainer", state="Stable", members=1, lags=(Lag("agent.learning", 117),)),
        GroupInfo(
            name="dspy-tui.worker.backend", state="Stable", members=2, lags=(Lag("agent.tasks.backend", 42),),
        ),
        GroupInfo(
            name="spark", state="Empty", members=0,
            lags=(Lag("logs.raw.backend", 81_204), Lag("logs.raw.frontend", 0)),
        ),
    ),
)  # fmt: skip


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> HeldBus:
    """The bus that the screen looks at."""
    held = HeldBus()
    monkeypatch.setattr("tui.screens.bus_desk.BusDesk", lambda **_: held)
    return held


def shows(app: DspyApp, *texts: str) -> bool:
    return all(text in screen_text(app) for text in texts)


async def opened(pilot: Pilot[None], *texts: str, key: str = "alt+t") -> tuple[DspyApp, TopicsScreen]:
    """The screen, once it says something."""
    app = await settled(pilot)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, TopicsScreen))
    await until(pilot, partial(shows, app, *texts))
    assert isinstance(app.screen, TopicsScreen)
    return app, app.screen


def names(screen: TopicsScreen) -> list[str]:
    return [item.key for item in screen._rows.items]  # pyright: ignore[reportPrivateUsage]


async def test_topics_with_what_is_on_them(bus: HeldBus, runtime: FakeRuntime) -> None:
    bus.told.put_nowait(READING)
    async with app_of(runtime).run_test(size=(160, 50)) as pilot:
        app, screen = await opened(pilot, "8 topics · 4 groups · by name")
        await until(pilot, partial(shows, app, "logs.raw.backend", "2,401,930", "18,204", "81,204"))
        await pilot.press("G", "k")
        await until(pilot, partial(shows, app, "81,204 messages behind", "1,204,118       1"))
        await pilot.press("j")
        await until(pilot, partial(shows, app, "1 of 3 partitions cannot be read"))
        bus.told.put_nowait(BusReading(at=101.0, topics=(*READING.topics, topic("new.one", 3)), groups=()))
        await until(pilot, partial(shows, app, "9 topics", "none reads it"))
        assert screen.chosen is not None and screen.chosen.info.name == "logs.raw.frontend"


async def test_a_queue_that_no_worker_ever_read(bus: HeldBus, runtime: FakeRuntime) -> None:
    bus.told.put_nowait(BusReading(at=100.0, topics=(topic("agent.tasks.frontend", 9, 12),)))
    async with app_of(runtime).run_test(size=(160, 50)) as pilot:
        app, _ = await opened(pilot, "agent.tasks.frontend")
        await pilot.press("down")
        await until(
            pilot, lambda: shows(app, "dspy-tui.worker.frontend", "has read nothing yet", "14 messages wait")
        )
        (row,) = (
            line
            for line in screen_text(app).splitlines()
            if "agent.tasks.frontend  " in line and " 2 " in line
        )
        assert row.count("14") >= 2, "all of it is behind"


async def test_orders_and_the_filter(bus: HeldBus, runtime: FakeRuntime) -> None:
    bus.told.put_nowait(READING)
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot, "by name")
        assert names(screen) == ["*", *(each.name for each in READING.topics)]
        await pilot.press("s")
        assert names(screen)[1:4] == ["logs.raw.backend", "logs.raw.frontend", "logs.ctx.backend"]
        await pilot.press("s")
        assert names(screen)[1:4] == ["logs.raw.backend", "agent.learning", "agent.tasks.backend"]
        await pilot.press("s")
        assert names(screen)[1:3] == ["logs.raw.backend", "logs.raw.frontend"]
        await pilot.press("s", "slash", *"RAW")
        await until(pilot, lambda: names(screen) == ["*", "logs.raw.backend", "logs.raw.frontend"])
        assert shows(app, "2 of 8 topics")
        await pilot.press("enter", "down", "slash", "backspace", "backspace", "backspace", *"a*d")
        await until(
            pilot, lambda: "agent.tasks.backend" in names(screen) and "agent.tasks" not in names(screen)
        )
        await pilot.press("escape")
        await until(pilot, lambda: len(names(screen)) == 9)


async def test_nothing_is_asked_while_something_lies_over_it(bus: HeldBus, runtime: FakeRuntime) -> None:
    bus.told.put_nowait(READING)
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot, "by name")
        assert bus.watching == 1
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, TailScreen) and bus.watching == 0)
        assert bus.tails[0].topics == ("agent.learning",)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen and bus.watching == 1)
        assert bus.tails[0].closed
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work and bus.watching == 0)


async def test_messages_of_a_pattern(bus: HeldBus, runtime: FakeRuntime) -> None:
    bus.told.put_nowait(READING)
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot, "by name")
        await pilot.press("G", "m")
        box = screen.query_one("#pattern", Input)
        assert box.value == "logs.raw.*"
        await pilot.press(*", agent.tasks", "enter")
        await until(pilot, lambda: isinstance(app.screen, TailScreen))
        assert bus.tails[0].topics == ("logs.raw.*", "agent.tasks")
        await pilot.press("q", "t")
        await until(pilot, lambda: len(bus.tails) == 2)
        assert bus.tails[1].topics == ("logs.raw.frontend",)
        await pilot.press("q", "m", *"/bad", "enter")
        await until(pilot, lambda: any("can be no topic" in each.message for each in app._notifications))
        assert app.screen is screen


async def test_messages_from_anywhere(bus: HeldBus, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, _ = await opened(pilot, "Topics to read", key="alt+m")
        await pilot.press(*"a.*", "enter")
        await until(pilot, lambda: isinstance(app.screen, TailScreen))
        assert bus.tails[0].topics == ("a.*",)


@pytest.mark.parametrize(
    ("fault", "texts", "start"),
    [
        (ABSENT, ("No Kafka answers at localhost:9092", "stack up kafka", "start Kafka", "local logs"), True),
        (REFUSED, ("refuses the credentials", "sasl_plain_username"), False),
    ],
)
async def test_no_broker(
    bus: HeldBus, runtime: FakeRuntime, fault: BusFault, texts: tuple[str, ...], start: bool
) -> None:
    bus.told.put_nowait(fault)
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, _ = await opened(pilot, *texts)
        await pilot.press("u")
        assert (runtime.session.submitted == ["/stack up kafka"]) == start
        bus.told.put_nowait(BusReading(at=1.0))
        await until(pilot, partial(shows, app, "There are no topics yet."))
        bus.told.put_nowait(READING)
        await until(pilot, partial(shows, app, "8 topics"))
        bus.told.put_nowait(BusUnreachable("No Kafka answers", hint="Start it."))
        await until(
            pilot, partial(shows, app, "Shown is what was last known", "not connected", "logs.raw.backend")
        )
        bus.told.put_nowait(READING)
        await until(pilot, lambda: not shows(app, "last known"))


async def test_the_mouse(bus: HeldBus, runtime: FakeRuntime) -> None:
    bus.told.put_nowait(READING)
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot, "by name")
        await pilot.click("#topics", offset=(5, 4))
        assert screen.chosen is not None and screen.chosen.info.name == "agent.tasks"
        assert app.screen is screen
        await pilot.click("#topics", offset=(5, 4))
        await until(pilot, lambda: isinstance(app.screen, TailScreen))


# Pictures


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(bus: HeldBus, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await opened(pilot, "by name")
        await pilot.press(*["j"] * 7)
        await pilot.pause()

    bus.told.put_nowait(READING)
    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


@pytest.mark.parametrize(
    "told",
    [ABSENT, REFUSED, BusReading(at=1.0)],
    ids=["absent", "refused", "empty"],
)
def test_picture_of_nothing(bus: HeldBus, runtime: FakeRuntime, snap_compare: Compare, told: Any) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await opened(pilot, "There are no" if isinstance(told, BusReading) else "tried again")

    bus.told.put_nowait(told)
    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=before)


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_long_names_and_a_lost_broker(
    bus: HeldBus, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        app, _ = await opened(pilot, "by name")
        bus.told.put_nowait(ABSENT)
        await until(pilot, partial(shows, app, "last known"))
        await pilot.press("j")
        await pilot.pause()

    bus.told.put_nowait(
        BusReading(at=1.0, topics=(topic(LONG, 12_345_678_901, rate=120_000.0), topic("b", 1)))
    )
    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


@pytest.mark.parametrize("width", range(18, 130))
def test_a_column_shows_whole_or_not_at_all(width: int) -> None:
    topics = topics_of(READING)
    look = widths(topics, width)
    (head_line, rows) = head(look, "name"), items(topics, look)
    assert sum(look) + 2 <= width and ("messages" in head_line.text) == (width >= 32)
    for row in rows:
        assert cells("".join(text for text, _, _ in row.lead)) == cells(head_line.text) <= width
