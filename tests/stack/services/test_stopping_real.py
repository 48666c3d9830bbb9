"""Programs that are told to stop: each ends by itself, whatever the bus does; nothing is lost or left."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.fleet.handing import hand_in, task_of
from agent_core.rl.identity import identity
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.making import make_topics
from agent_core.streaming.names import LEARNING, ROUTER, TASKS, tasks, trainer, workers
from agent_core.streaming.values import BusReading, waiting_for
from agent_core.workspace import Workspace
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer
from tests.fixtures_kafka import Kafka
from tests.stack.services.fleet import Fleet, Program, read, until

pytestmark = pytest.mark.kafka
SERVICE = "backend"
NOBODY = "http://127.0.0.1:1"


def all_of(fleet: Fleet) -> tuple[Program, ...]:
    return (
        fleet.start("router", "router"),
        fleet.start("worker", "worker", DSPY_TUI_SERVICE=SERVICE),
        fleet.start("trainer", "trainer"),
    )


async def look(settings: Settings) -> BusReading:
    async with BusAdmin(access_of(settings)) as admin:
        return await admin.look()


async def are_at_work(programs: tuple[Program, ...]) -> None:
    for each in programs:
        await until(lambda each=each: each.figure("bus_up") == 1 and each.works(), "it is at work")


def ended_well(program: Program) -> None:
    """It ended by itself, as the last thing that it says."""
    assert program.end() == 0, program.said[-3:]
    assert program.said[-1]["message"] == "ended as it was told to"
    assert not any("traceback" in line for line in program.said)


def left(root: Path) -> list[Path]:
    """What waits to be sent after all programs ended."""
    return [path for path in (root / "state").rglob("*.messages") if path.stat().st_size]


async def test_what_is_done_is_committed_and_their_groups_are_left(own: Kafka, root: Path) -> None:
    settings = own.settings
    group = trainer(identity(Workspace.open(root / "shop")))
    with Fleet(settings, root, NOBODY) as fleet:
        programs = all_of(fleet)
        handed = [task_of("grep total", settings, service=SERVICE) for _ in range(5)]
        for task in handed:
            await hand_in(task, settings)
        await read(settings, {task.id for task in handed}, most=len(handed))
        await are_at_work(programs)
        for each in programs:
            ended_well(each)
    reading = await look(settings)
    members = {each.name: each.members for each in reading.groups}
    assert (members[ROUTER], members[workers(SERVICE)], members.get(group, 0)) == (0, 0, 0)
    assert waiting_for(reading, ROUTER, TASKS) == 0
    assert waiting_for(reading, workers(SERVICE), tasks(SERVICE)) == 0
    assert not left(root)


async def test_between_two_tasks_the_next_one_is_another_s_and_none_is_done_twice(
    own: Kafka, root: Path
) -> None:
    settings = own.settings
    await make_topics(access_of(settings), (tasks(SERVICE),))
    with Fleet(settings, root, NOBODY) as fleet:
        fleet.start("router", "router")
        handed = [task_of("grep total", settings, service=SERVICE) for _ in range(40)]
        for task in handed:
            await hand_in(task, settings)
        first = fleet.start("worker", "first", DSPY_TUI_SERVICE=SERVICE)
        await until(lambda: len(first.begun()) >= 3, "some are done")
        ended_well(first)
        done = first.begun() - first.in_hand()
        assert not first.in_hand() and len(done) >= 3
        second = fleet.start("worker", "second", DSPY_TUI_SERVICE=SERVICE)
        found, repeated = await read(settings, {task.id for task in handed}, most=len(handed))
        assert len(found) == len(handed) and not repeated
        assert not second.begun() & done
        assert second.figure("tasks_repeated_total") == 0, "each was committed before it ended"


@pytest.mark.parametrize(("pieces", "in_time"), [(20, True), (2000, False)])
async def test_a_task_in_hand_gets_its_time_and_is_another_s_then(
    own: Kafka, root: Path, pieces: int, in_time: bool
) -> None:
    settings = own.settings
    async with ModelServer() as model:
        model.script(Answer(text=("Yes. ",) * pieces, rate=5.0))
        task = task_of("what does total do?", settings, service=SERVICE)
        with Fleet(settings, root, model.url) as fleet:
            fleet.start("router", "router")
            first = fleet.start("worker", "first", DSPY_TUI_SERVICE=SERVICE)
            await hand_in(task, settings)
            await until(lambda: any(seen.sent for seen in model.chats), "the model speaks")
            await asyncio.to_thread(ended_well, first)
            waiting = waiting_for(await look(settings), workers(SERVICE), tasks(SERVICE))
            assert waiting == (0 if in_time else 1)
            if not in_time:
                assert model.chats[0].closed is not None, "and nobody listens to the model any more"
                model.script(Answer(text=("It adds prices.",)))
                fleet.start("worker", "second", DSPY_TUI_SERVICE=SERVICE)
            found, repeated = await read(settings, {task.id}, most=1)
            assert [each.outcome for each in found] == ["answered"] and not repeated
            assert found[0].text.startswith("Yes." if in_time else "It adds")


@contextmanager
def lost(kafka: Kafka, how: str) -> Generator[None]:
    if how == "hangs":
        kafka.hang(on=True)
    else:
        kafka.stop(hard=True)
    try:
        yield
    finally:
        if how == "hangs":
            kafka.hang(on=False)
        else:
            kafka.start()


@pytest.mark.parametrize("how", ["hangs", "is gone"])
async def test_without_the_bus_they_end_all_the_same(own: Kafka, root: Path, how: str) -> None:
    settings = own.settings
    await make_topics(access_of(settings), (LEARNING,))
    async with ModelServer() as model:
        model.script(Answer(text=("Yes. ",) * 20, rate=5.0))
        task = task_of("what does total do?", settings, service=SERVICE)
        with Fleet(settings, root, model.url) as fleet:
            programs = all_of(fleet)
            await are_at_work(programs)
            await hand_in(task, settings)
            await until(lambda: any(seen.sent for seen in model.chats), "the model speaks")
            with lost(own, how):
                for each in programs:
                    await until(lambda each=each: each.figure("bus_up") == 0, "it knows")
                for each in programs:
                    await asyncio.to_thread(ended_well, each)
            model.script(Answer(text=("It adds prices.",)))
            fleet.start("worker", "other", DSPY_TUI_SERVICE=SERVICE)
            found, _ = await read(settings, {task.id}, most=1)
            assert [each.outcome for each in found] == ["answered"], "nothing is lost of it"
