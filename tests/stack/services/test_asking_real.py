"""Whether a genuine broker answers, as programs tell it that have no client of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent_core.config import Settings
from stack.services.asking import Asking
from stack.services.base import Service
from tests.fixtures_kafka import Kafka, variables
from tests.ports import free_ports
from tests.stack.services.fleet import Fleet, until

pytestmark = pytest.mark.kafka


@contextmanager
def hung(kafka: Kafka) -> Generator[None]:
    kafka.hang(on=True)
    try:
        yield
    finally:
        kafka.hang(on=False)


async def said_of(settings: Settings) -> str:
    asking = Asking(variables(settings))
    try:
        fault = await asking.fault()
        return fault.message if fault else ""
    finally:
        await asking.aclose()


async def test_what_is_said_of_a_bus(own: Kafka) -> None:
    for settings in (own.settings, own.login(), own.tls()):
        assert await said_of(settings) == ""
    assert "refuses the credentials" in await said_of(own.login(password="wrong"))
    assert "not trusted" in await said_of(own.tls(trusted=False))
    assert "is refused" in await said_of(Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)}"))
    assert "is no HOST:PORT" in await said_of(Settings(kafka_bootstrap="nowhere"))
    assert "kafka..x" in await said_of(Settings(kafka_bootstrap="kafka..x:9092"))
    assert await said_of(Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)},{own.server}")) == ""
    with hung(own):
        for settings in (own.settings, own.login(), own.tls()):
            assert "takes the connection, but does not answer" in await said_of(settings)


def _clients() -> int:
    """How many clients of the bus there are in this process."""
    return sum(each.name.startswith("bus") for each in threading.enumerate())


async def test_it_is_asked_until_the_program_has_clients_of_its_own(
    own: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.services.base._BUS_EVERY_S", 0.1)
    monkeypatch.setattr("stack.services.base._FAULTS_EVERY_S", 0.1)
    service = Service("x", bus=own.server)
    watching = asyncio.create_task(service.watch_bus(variables(own.settings)))

    async def is_up(up: bool) -> None:
        async with asyncio.timeout(120):
            while service.standing.bus_up is not up:
                await asyncio.sleep(0.05)

    try:
        await is_up(True)
        body = service.answer("/metrics")
        assert body and b'dspy_tui_bus_up{service="x"} 1.0' in body.body
        with hung(own):
            await is_up(False)
        await is_up(True)
        assert _clients()
        service.follow(lambda: None)
        async with asyncio.timeout(120):
            while _clients():
                await asyncio.sleep(0.05)
        assert service.standing.bus_up
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def test_the_agent_tells_a_broker_that_hangs_from_one_that_answers(own: Kafka, root: Path) -> None:
    with Fleet(own.settings, root, "http://127.0.0.1:1") as fleet:
        agent = fleet.start("agent", "agent")
        await until(lambda: agent.figure("bus_up") == 1, "the broker answers")
        with hung(own):
            await until(lambda: agent.figure("bus_up") == 0, "the broker hangs")
            assert agent.health()["bus_up"] is False
            assert agent.health()["state"] == "working", "the index does without it"
        await until(lambda: agent.figure("bus_up") == 1, "the broker answers again")
        assert agent.end() == 0
        said = [line["message"] for line in agent.said if "bus" in line and "answer" in line["message"]]
    assert [message.startswith("the bus answers") for message in said] == [True, False, True]
