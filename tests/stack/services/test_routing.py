"""Handing tasks to services over a bus in memory, and how services are seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from agent_core.errors import BusFault, ErrorInfo
from agent_core.fleet.routing import Queue, route
from agent_core.fleet.services import BUILT_IN
from agent_core.streaming.access import Access
from agent_core.streaming.messages import DeadLetter, Task, encode
from agent_core.streaming.names import ERRORS, ROUTER, TASKS, tasks, workers
from agent_core.streaming.ports import Batch
from agent_core.streaming.values import BusReading, GroupInfo, Lag, Message, PartitionInfo, Payload, TopicInfo
from stack.services.base import Service
from stack.services.queues import Queues
from stack.services.routing import Routing
from tests.fakes.memory_bus import MemoryBus, MemorySink, MemorySource


class Refusing(MemorySink):
    """Takes nothing for a while."""

    refuses = True

    async def delivered(self) -> None:
        if self.refuses:
            raise BusFault("There is no room")


def routing(
    bus: MemoryBus, queues: dict[str, Queue], *, sink: MemorySink | None = None
) -> tuple[Service, Routing]:
    service = Service("dspy-router", bus="k:1")
    service.say("working")
    return service, Routing(
        service=service,
        known=BUILT_IN,
        queues=lambda: queues,
        source=bus.source(ROUTER, TASKS),
        sink=sink or bus.sink(),
    )


def put(bus: MemoryBus, name: str, text: str, service: str = "") -> None:
    bus.put(TASKS, encode(Task(id=name, at=0.0, text=text, service=service)))


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_each_task_goes_one_way_and_what_nobody_can_do_to_the_dead_letters() -> None:
    bus = MemoryBus()
    queues = {"app": Queue(0, True), "backend": Queue(0, True)}
    put(bus, "a", "what is this?")
    put(bus, "b", "which endpoint writes to the database?")
    put(bus, "c", "grep foo", "payments")
    put(bus, "d", "")
    bus.put(TASKS, b"not json")
    bus.put(TASKS, b'{"schema": "agent.task/2", "id": "f"}')
    put(bus, "g", "grep foo", "backend")
    service, work = routing(bus, queues)
    running = asyncio.create_task(work.run())
    await until(lambda: bus.committed[ROUTER, TASKS] == 7)
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    assert [each.id for each in bus.read(tasks("app"))] == ["a"]
    assert [each.id for each in bus.read(tasks("backend"))] == ["b", "g"]
    letters: list[DeadLetter] = bus.read(ERRORS)
    assert {each.error.code for each in letters} == {
        "no-such-service", "empty-task", "broken-message", "unknown-version",
    }  # fmt: skip
    (refused,) = [each for each in letters if each.error.code == "no-such-service"]
    assert (refused.task, refused.topic, refused.offset) == (
        "c",
        TASKS,
        2,
    ) and "backend" in refused.error.hint
    figures = service.figures()
    assert figures["dspy_tui_tasks_routed_total"] == 3 and figures["dspy_tui_dead_letters_total"] == 4


async def test_tasks_of_any_length_hold_up_nobody() -> None:
    bus = MemoryBus()
    long = "x" * 1_000_000
    bus.put(TASKS, encode(Task(id=long, at=0.0, text="grep foo")))
    bus.put(TASKS, encode(Task(id="b", at=0.0, text="grep foo", by=long)))
    bus.put(TASKS, encode(Task(id="c", at=0.0, text="grep foo", service=long)))
    bus.put(TASKS, encode(Task(id="d", at=0.0, text=long)))
    put(bus, "e", "grep foo")
    service, work = routing(bus, {"app": Queue(0, True)})
    running = asyncio.create_task(work.run())
    await until(lambda: bus.committed[ROUTER, TASKS] == 5)
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    assert [each.id for each in bus.read(tasks("app"))] == ["e"]
    assert [each.error.code for each in bus.read(ERRORS)] == [
        "bad-id", "bad-sender", "no-such-service", "too-long",
    ]  # fmt: skip


async def test_messages_of_5_mb_become_short_dead_letters() -> None:
    bus, long = MemoryBus(), b"x" * 5_000_000
    bus.put(TASKS, long)
    bus.put(TASKS, b'{"schema": "agent.task/9", "text": "' + long + b'"}')
    bus.put(TASKS, encode(Task(id="c", at=0.0, text=long.decode(), service="payments")))
    put(bus, "d", "grep foo")
    service, work = routing(bus, {"app": Queue(0, True)})
    running = asyncio.create_task(work.run())
    await until(lambda: bus.committed[ROUTER, TASKS] == 4)
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    assert [each.id for each in bus.read(tasks("app"))] == ["d"]
    assert [each.error.code for each in bus.read(ERRORS)] == ["broken-message", "unknown-version", "too-long"]
    assert all(len(value) < 20_000 for value in bus.topics[ERRORS])


async def test_a_task_that_breaks_the_routing_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(task: Task, *words: Any) -> Any:
        if task.id == "a":
            raise TypeError("what nobody thought of")
        return route(task, *words)

    monkeypatch.setattr("stack.services.routing.route", broken)
    bus = MemoryBus()
    put(bus, "a", "grep foo")
    put(bus, "b", "grep foo")
    service, work = routing(bus, {"app": Queue(0, True)})
    running = asyncio.create_task(work.run())
    await until(lambda: bus.committed[ROUTER, TASKS] == 2)
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    assert [each.id for each in bus.read(tasks("app"))] == ["b"]
    assert [(each.task, each.error.code) for each in bus.read(ERRORS)] == [("a", "internal")]


class Torn(MemorySource):
    """Its program is killed while it commits: the bus does not hear of it."""

    def __init__(self, bus: MemoryBus, group: str, topics: tuple[str, ...]) -> None:
        super().__init__(bus, group, topics)
        self.torn = asyncio.Event()

    async def commit(self, batch: Batch) -> bool:
        self.torn.set()
        await asyncio.Event().wait()
        return False


async def test_a_router_that_is_killed_while_it_commits_sends_the_same_again() -> None:
    bus = MemoryBus()
    put(bus, "a", "grep foo")
    bus.put(TASKS, b"not json")
    source = Torn(bus, ROUTER, (TASKS,))
    service = Service("dspy-router", bus="k:1")
    queues = {"app": Queue(0, True)}
    first = Routing(
        service=service, known=BUILT_IN, queues=lambda: queues, source=source, sink=bus.sink()
    )  # fmt: skip
    running = asyncio.create_task(first.run())
    await asyncio.wait_for(source.torn.wait(), 60)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    service, work = routing(bus, queues)
    running = asyncio.create_task(work.run())
    await until(lambda: bus.committed[ROUTER, TASKS] == 2)
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    assert [each.id for each in bus.read(tasks("app"))] == ["a", "a"]
    once, again = (each.id for each in bus.read(ERRORS))
    assert once == again


async def test_a_queue_that_takes_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.services.routing._AGAIN_S", 0.01)
    bus = MemoryBus()
    sink = Refusing(bus)
    put(bus, "a", "grep foo")
    service, work = routing(bus, {"app": Queue(0, True)}, sink=sink)
    running = asyncio.create_task(work.run())
    await until(lambda: service.standing.state == "degraded")
    assert "no room" in service.standing.reason
    sink.refuses = False
    await until(lambda: bus.committed[ROUTER, TASKS] == 1)
    assert service.standing.state == "working"
    service.stopping.set()
    await asyncio.wait_for(running, 60)


class Lacking(MemorySink):
    """One topic is not there, for a while."""

    lacks = tasks("backend")

    async def delivered(self) -> None:
        if self._bus.topics.pop(self.lacks, None):
            raise BusFault(f"There is no topic {self.lacks}")


async def test_what_one_queue_does_not_take_is_not_sent_to_the_others_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stack.services.routing._AGAIN_S", 0.01)
    bus = MemoryBus()
    sink = Lacking(bus)
    put(bus, "a", "grep foo", "app")
    put(bus, "b", "grep foo", "backend")
    put(bus, "c", "grep foo", "app")
    service, work = routing(bus, {"app": Queue(0, True), "backend": Queue(0, True)}, sink=sink)
    running = asyncio.create_task(work.run())
    await until(lambda: service.standing.state == "degraded" and "no topic" in service.standing.reason)
    assert bus.committed[ROUTER, TASKS] == 0
    sink.lacks = ""
    await until(lambda: bus.committed[ROUTER, TASKS] == 3)
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    assert [each.id for each in bus.read(tasks("app"))] == ["a", "c"]
    assert [each.id for each in bus.read(tasks("backend"))] == ["b"]
    assert service.figures()["dspy_tui_tasks_routed_total"] == 3


async def test_many_tasks_at_once_are_shared_out() -> None:
    bus = MemoryBus()
    for number in range(30):
        put(bus, f"t{number}", "what is this?")
    service, work = routing(bus, {"app": Queue(0, True), "other": Queue(10, True)})
    running = asyncio.create_task(work.run())
    await until(lambda: bus.committed[ROUTER, TASKS] == 30)
    service.stopping.set()
    await asyncio.wait_for(running, 60)
    assert (len(bus.topics[tasks("app")]), len(bus.topics[tasks("other")])) == (20, 10)


async def test_nothing_is_committed_before_it_is_taken() -> None:
    bus = MemoryBus()
    put(bus, "a", "what is this?")
    service, work = routing(bus, {"app": Queue()})
    bus.fault = ErrorInfo("bus-unreachable", "No Kafka answers")
    running = asyncio.create_task(work.run())
    await asyncio.sleep(0.1)
    assert bus.committed[ROUTER, TASKS] == 0
    bus.fault = None
    await until(lambda: bus.committed[ROUTER, TASKS] == 1)
    service.stopping.set()
    await asyncio.wait_for(running, 60)


def topic(name: str, messages: int) -> TopicInfo:
    return TopicInfo(name=name, partitions=(PartitionInfo(number=0, begin=0, end=messages, leader=1),))


def figures(service: str, state: str, at: float, **told: object) -> Message:
    value = {"schema": "agent.metrics/1", "service": service, "state": state, "at": at, "figures": told}
    return Message(topic="agent.metrics", partition=0, offset=0, value=Payload(kind="json", value=value))


async def test_nothing_is_routed_before_it_is_known_who_works() -> None:
    bus = MemoryBus()
    put(bus, "a", "what is this?")
    service, _ = routing(bus, {})
    known = asyncio.Event()
    work = Routing(
        service=service, known=BUILT_IN, queues=lambda: {"app": Queue()}, source=bus.source(ROUTER, TASKS),
        sink=bus.sink(), settled=lambda: _wait(known),
    )  # fmt: skip
    running = asyncio.create_task(work.run())
    await asyncio.sleep(0.1)
    assert not bus.topics[tasks("app")]
    known.set()
    await until(lambda: bus.topics[tasks("app")])
    service.stopping.set()
    await asyncio.wait_for(running, 60)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def test_a_worker_that_is_seen_settles_it() -> None:
    queues = Queues(Access(("k:1",)), known=BUILT_IN, service=Service("dspy-router", bus="k:1"))
    settled = asyncio.create_task(queues.settled())
    await asyncio.sleep(0.05)
    assert not settled.done()
    queues.hear((figures("dspy-worker", "working", time.time()),))
    await asyncio.sleep(0.05)
    assert not settled.done(), "which queues there are is not known yet"
    queues.take(BusReading(at=0.0))
    await asyncio.wait_for(settled, 60)


def test_how_services_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service("dspy-router", bus="k:1")
    queues = Queues(Access(("k:1",)), known=BUILT_IN, service=service)
    assert set(queues.now()) == set(BUILT_IN) and not any(each.served for each in queues.now().values())
    queues.take(
        BusReading(
            at=0.0,
            topics=(topic(TASKS, 9), topic(tasks("payments"), 5), topic(tasks("backend"), 20)),
            groups=(
                GroupInfo(name=workers("backend"), lags=(Lag(tasks("backend"), 1, untouched=2),)),
                GroupInfo(name=ROUTER, lags=(Lag(TASKS, 0, untouched=1),)),
            ),
        )
    )
    now = time.time()
    queues.hear(
        (
            figures("dspy-worker-backend", "working", now - 3600),  # whose clock is slow
            figures("dspy-worker-backend", "degraded", now),
            figures("dspy-worker-payments", "degraded", now),
            figures("dspy-worker-../x", "working", now),
            Message(topic="agent.metrics", partition=0, offset=1, value=Payload(kind="json", value=[1])),
        )
    )
    assert queues.now() == {
        "app": Queue(0, False),
        "frontend": Queue(0, False),
        "backend": Queue(3, True),
        "payments": Queue(5, False),
    }
    queues.hear([figures(f"dspy-worker-x{number}", "working", now) for number in range(2000)])
    assert len(queues._seen) <= 1001 and queues.now()["backend"].served
    monkeypatch.setattr("stack.services.queues.SEEN_S", 0.0)
    assert not any(each.served for each in queues.now().values())
    told = service.figures()
    assert told["dspy_tui_bus_lag"] == 1 and told["dspy_tui_tasks_waiting"] == 8


def test_a_service_that_missed_nothing_but_the_bus_is_there() -> None:
    queues = Queues(Access(("k:1",)), known=BUILT_IN, service=Service("dspy-router", bus="k:1"))
    queues.hear(
        (
            figures("dspy-worker-backend", "degraded", 0.0, dspy_tui_bus_up=0.0, dspy_tui_lag=3),
            figures("dspy-worker-frontend", "degraded", 0.0, dspy_tui_bus_up=1.0),
            figures("dspy-worker", "stopping", 0.0, dspy_tui_bus_up=0.0),
            figures("dspy-worker", "degraded", 0.0, dspy_tui_bus_up="no"),
        )
    )
    assert {name for name, queue in queues.now().items() if queue.served} == {"backend"}
