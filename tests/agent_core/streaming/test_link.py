"""Whether there is a bus: nobody, somebody else, and the end of a connection. A genuine one is in
`test_link_real.py`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.events import BusChanged, ToolFinished
from agent_core.streaming import reach
from agent_core.streaming.link import BusLink
from agent_core.tools.bus import BusTool
from tests.fakes.session import make_session
from tests.fixtures_kafka import free_ports


@asynccontextmanager
async def looking(settings: Settings) -> AsyncGenerator[tuple[BusLink, list[BusChanged]]]:
    told: list[BusChanged] = []
    link = BusLink(settings=settings, publish=told.append)
    link.start()
    try:
        yield link, told
    finally:
        await link.aclose()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(240):
        while not true():
            await asyncio.sleep(0.02)


async def test_nobody_is_told_once_and_no_client_is_loaded() -> None:
    settings = Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)}")
    loaded = "kafka" in sys.modules
    async with looking(settings) as (link, told):
        await until(lambda: bool(told))
        assert (await link.look()).state == "absent"
        (event,) = told
        assert event.fault is not None
        assert "the connection is refused" in event.fault.message
        assert "stack up kafka" in event.fault.hint
        assert not link.learns
    assert loaded or "kafka" not in sys.modules


async def test_settings_that_are_off_are_told() -> None:
    async with looking(Settings(kafka_bootstrap="nowhere")) as (link, told):
        await until(lambda: bool(told))
        assert told[0].state == "refused"
        assert told[0].fault is not None
        assert "HOST:PORT" in told[0].fault.message
        assert await link.look() == told[0]


async def test_somebody_else_who_listens_is_no_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, looking(Settings(kafka_bootstrap=f"127.0.0.1:{port}")) as (_, told):
        await until(lambda: told[-1].state == "absent" if told else False)
        assert [event.state for event in told] == ["connecting", "absent"]
        assert told[-1].fault is not None


async def test_ends_at_once_while_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = asyncio.Event()

    async def never(*_: object) -> None:
        await hanging.wait()

    monkeypatch.setattr(reach.asyncio, "open_connection", never)
    async with looking(Settings()) as (_, told):
        await asyncio.sleep(0)
        assert told == []


async def test_without_a_start_nothing_is_looked_for() -> None:
    link = BusLink(settings=Settings(), publish=lambda _: None)
    assert (await link.look()).state == "absent"
    await link.aclose()


async def test_the_command_says_how_it_stands_without_a_screen(tmp_path: Path) -> None:
    where = f"127.0.0.1:{free_ports(1)}"
    link = BusLink(settings=Settings(kafka_bootstrap=where), publish=lambda event: None)
    session, seen = make_session(tmp_path, BusTool(link=link), interactive=False)
    try:
        session.submit("bus")
        await session.idle()
        finished = seen.one(ToolFinished)
        assert finished.error is None
        assert f"No Kafka answers at {where}: the connection is refused" in finished.text
        assert "stack up kafka" in finished.text
        assert finished.data["state"] == "absent"
    finally:
        await link.aclose()
        await session.aclose()
