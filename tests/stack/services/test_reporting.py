"""What programs say of themselves on the bus, and of the bus on their pages."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from typing import Any

import pytest

from agent_core.errors import ConfigError, ErrorInfo
from agent_core.streaming import sink as sinks
from agent_core.streaming import source as sources
from agent_core.streaming.access import Access
from agent_core.streaming.messages import Figures, Task, encode
from agent_core.streaming.names import METRICS, TASKS
from stack.services.base import Service, on_the_bus
from stack.services.joining import Joined
from stack.services.reporting import report
from tests.fakes.memory_bus import MemoryBus

AWAY = ErrorInfo("bus-unreachable", "No Kafka answers at k:1", "Start it.")


def health(service: Service) -> dict[str, Any]:
    page = service.answer("/health")
    assert page is not None and page.status == 200
    return json.loads(page.body)


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_figures_go_out_and_none_pile_up_while_nobody_takes_them() -> None:
    bus = MemoryBus()
    service = Service("dspy-router", bus="k:1")
    service.say("working")
    service.count("tasks_routed_total", "Tasks", 2)
    service.count("tasks_routed_total", "Tasks")
    bus.fault = AWAY
    sink = bus.sink()
    reporting = asyncio.create_task(report(service, sink, every=0.01))
    await until(lambda: sink.standing.waiting)
    await asyncio.sleep(0.1)
    assert sink.standing.waiting == 1
    bus.fault = None
    await sink.delivered()
    await until(lambda: len(bus.topics[METRICS]) > 1)
    reporting.cancel()
    first = bus.read(METRICS)[0]
    assert isinstance(first, Figures)
    assert (first.service, first.state) == ("dspy-router", "working")
    assert first.figures["dspy_tui_tasks_routed_total"] == 3 and first.figures["dspy_tui_state"] == 1


async def test_a_client_that_cannot_read_degrades_the_program_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    bus = MemoryBus()
    bus.fault = AWAY
    service = Service("dspy-router", bus="k:1")
    service.follow(lambda: bus.fault)
    assert service.standing.state == "starting"
    service.say("working", "hands out tasks")
    watching = asyncio.create_task(service.watch_bus({}))
    await until(lambda: "No Kafka answers" in caplog.text)
    assert health(service)["state"] == "degraded" and health(service)["bus_up"] is False
    assert health(service)["reason"] == "No Kafka answers at k:1. Start it."
    bus.fault = None
    await until(lambda: "the bus answers" in caplog.text)
    watching.cancel()
    assert (health(service)["state"], health(service)["bus_up"]) == ("working", True)
    page = service.answer("/metrics")
    assert page is not None and b'dspy_tui_bus_up{service="dspy-router"} 1.0' in page.body


async def test_what_was_passed_over_repeated_or_waits_is_among_the_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus, service = MemoryBus(), Service("dspy-router", bus="k:1")

    def source(_: Access, *, group: str, topics: tuple[str, ...], member: str) -> Any:
        return bus.source(group, *topics)

    def sink(_: Access, **__: Any) -> Any:
        return bus.sink()

    monkeypatch.setattr(sources, "KafkaSource", source)
    monkeypatch.setattr(sinks, "KafkaSink", sink)
    task = Task(id="t", at=0.0, text="x")
    for value in (encode(task), encode(task), b'{"schema": "agent.task/2"}', b"{", b"\xff"):
        bus.put(TASKS, value)
    async with AsyncExitStack() as ending:
        assert "dspy_tui_bus_unknown_total" not in service.figures()
        joined = Joined(service, Access(("k:1",)), ending)
        await joined.source("g", (TASKS,)).take()
        sent = joined.sink()
        sent.send(METRICS, task)
        bus.fault = AWAY
        sent.send(METRICS, task)
        told = service.figures()
        bus.fault = None
    assert {name.removeprefix("dspy_tui_bus_"): value for name, value in told.items() if "_bus_" in name} == {
        "up": 0.0, "received_total": 2, "repeated_total": 1, "unknown_total": 1, "broken_total": 2,
        "sent_total": 1, "waiting": 1, "dropped_total": 0, "refused_total": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("bus", "state", "said"), [("", "waiting", "names no bus"), ("k:1", "degraded", "is wrong. Mend it.")]
)
async def test_without_a_bus_or_with_wrong_settings_a_program_says_so_until_it_is_to_stop(
    bus: str, state: str, said: str
) -> None:
    service = Service("dspy-router", bus=bus)

    async def work() -> None:
        raise ConfigError("It is wrong", hint="Mend it.")

    working = asyncio.create_task(on_the_bus(service, work))
    await until(lambda: service.standing.state == state)
    assert said in service.standing.reason and not working.done()
    service.stopping.set()
    await working
