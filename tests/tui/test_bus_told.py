"""The message bus on the work screen: its state, why, and its key events in the log pane."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from agent_core.config import Origin
from agent_core.errors import BusAuth, BusUnreachable, ErrorInfo
from agent_core.events import BusChanged, BusState, ToolFinished
from agent_core.logs.api import Digest, SourceFacts
from tests.fakes.digests import CRASH, MORNING
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, settled, tell, text_of, until
from tui.app import DspyApp
from tui.widgets.status import line_of
from tui.widgets.transcript.lines import plain

NOBODY = BusUnreachable(
    "No Kafka answers at localhost:9092: the connection is refused", hint="Start it (`stack up kafka`)."
).info
HAS = ("agent.learning", "logs.ctx.api", "logs.ctx.web", "logs.raw.api")


def event(state: BusState, fault: ErrorInfo | None = None, topics: tuple[str, ...] = ()) -> BusChanged:
    return BusChanged(state=state, where="localhost:9092", fault=fault, topics=topics)


def status(app: DspyApp) -> str:
    return plain(line_of(app.work.status.status, 120)[0])


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (event("absent", NOBODY), "│ no broker │"),
        (event("connecting"), "│ ◌ bus │"),
        (event("up", topics=HAS), "│ ● bus │"),
        (event("lost", NOBODY), "│ ● bus lost │"),
        (event("refused", BusAuth("It refuses the credentials").info), "│ ● bus refused │"),
    ],
)
async def test_the_status_line_says_how_it_stands(runtime: FakeRuntime, told: BusChanged, shown: str) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        assert runtime.link.started
        await tell(pilot, runtime, told)
        assert shown in status(app)


async def test_a_click_says_why_and_looks_again(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        runtime.link.told = event("absent", NOBODY)
        places = line_of(app.work.status.status, 120)[1]
        await pilot.click("#status", offset=(places["bus"].start + 2, 0))
        await settled(pilot)
        assert runtime.link.looks == 1
        said = " ".join(text_of(app).split())
        assert "No Kafka answers at localhost:9092" in said
        assert "Everything works from local logs and files without it" in said
        assert "stack up kafka" in said
        runtime.link.told = event("up", topics=HAS)
        await pilot.press("alt+u")
        await settled(pilot)
        assert "4 topics of ours, key events of 2 services" in text_of(app)


async def test_what_a_look_found_is_told_once(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        runtime.link.told = event("lost", NOBODY)
        for wanted in (1, 2):
            await pilot.press("alt+u")
            await settled(pilot)
            assert text_of(app).count("No Kafka answers") == wanted


async def test_that_nobody_answers_is_only_said_where_a_broker_was_chosen(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await tell(pilot, runtime, event("absent", NOBODY), event("absent"), event("absent", NOBODY))
        assert "No Kafka" not in text_of(app)


async def test_where_one_was_chosen_it_is_said_once(runtime: FakeRuntime) -> None:
    config = runtime.config
    origin = Origin(kind="environment", detail="KAFKA_BOOTSTRAP")
    runtime.config = msgspec.structs.replace(config, origins={"kafka_bootstrap": origin})
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await tell(pilot, runtime, event("absent", NOBODY), event("absent"), event("absent", NOBODY))
        assert text_of(app).count("No Kafka answers") == 1


async def test_a_lost_bus_is_said_and_what_it_told_stays(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await tell(pilot, runtime, event("up", topics=HAS))
        assert runtime.logs.beside == ("bus",)
        runtime.logs.tell(of_the_bus())
        await settled(pilot)
        await tell(pilot, runtime, event("lost", NOBODY))
        assert "The bus is lost" in text_of(app)
        assert app.work.logs.digest is not None
        assert "could not connect to db" in pane(app)


async def test_the_stack_is_a_reason_to_look(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        done = ToolFinished(turn_id="t", call_id="c", name="stack", summary="", text="", data={}, seconds=1.0)
        await tell(pilot, runtime, done)
        assert runtime.link.looks == 1


def of_the_bus() -> Digest:
    crash = msgspec.structs.replace(CRASH, source="bus:api:logs/server.log")
    return msgspec.structs.replace(
        MORNING, events=(crash, *MORNING.events[1:]), sources=(*MORNING.sources, SourceFacts(name="bus:api"))
    )


def pane(app: DspyApp) -> str:
    return "\n".join(item.text for item in app.work.logs.items)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


async def test_it_shows_with_the_files_alone_or_not_at_all(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        logs = app.work.logs
        logs.focus()
        await press(pilot, "b")
        assert runtime.logs.beside == ()
        await tell(pilot, runtime, event("up", topics=HAS))
        assert (runtime.logs.beside, logs.source) == (("bus",), "")
        assert "with the bus" in str(logs.border_subtitle)
        runtime.logs.tell(of_the_bus())
        await settled(pilot)
        await press(pilot, "b")
        assert logs.source == "bus"
        assert runtime.logs.asked[-1].sources == ("bus",)
        assert "The bus: key events of 2 services" in pane(app)
        assert "Back to the log files" in pane(app)
        await press(pilot, "b")
        assert (runtime.logs.beside, logs.source) == ((), "")
        await press(pilot, "b")
        assert (runtime.logs.beside, logs.source) == (("bus",), "")


async def test_of_a_folder_without_logs_it_shows_alone(runtime: FakeRuntime) -> None:
    for path in (runtime.workspace.root / "logs").iterdir():
        path.unlink()
    app = app_of(runtime)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: runtime.link.started and app.work.transcript.page.units)
        assert runtime.logs.following == []
        await tell(pilot, runtime, event("up", topics=HAS))
        await until(pilot, lambda: len(runtime.logs.following) == 1)
        runtime.logs.tell(of_the_bus())
        await settled(pilot)
        assert "could not connect to db" in pane(app)


@pytest.mark.usefixtures("utc")
def test_golden_with_the_bus(runtime: FakeRuntime, snap_compare: Any) -> None:
    async def fill(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await tell(pilot, runtime, event("up", topics=HAS))
        runtime.logs.tell(of_the_bus())
        await settled(pilot)

    assert snap_compare(app_of(runtime), terminal_size=(160, 48), run_before=fill)
