"""What the logs say at a moment: the workspace's own and the bus's, in bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import BusUnreachable, LogFault
from agent_core.logs.api import Digest, DigestQuery, KeyEvent
from agent_core.rl.features import of_logs
from agent_core.rl.offline.logs_now import LogsNow
from tests.fakes.logs import GivenLogs

NOWHERE = Settings(kafka_bootstrap="127.0.0.1:1")


def error(number: int, *, of: str = "") -> KeyEvent:
    return KeyEvent(
        id=f"{of}e{number}",
        kind="error",
        source="app.log",
        first=number,
        last=number,
        text="x",
        level="error",
    )


class TwoLogs(GivenLogs):
    """Logs of the workspace and of the bus; `busy` holds up the former."""

    def __init__(self, own: Digest, bus: Digest | LogFault) -> None:
        super().__init__(own)
        self.bus = bus

    async def digest(self, query: DigestQuery, *, on_progress: Any = None) -> Digest:
        if not query.sources:
            if self.busy is not None:
                await self.busy.wait()
            return await super().digest(query)
        assert query.sources == ("bus",)
        self.asked.append(query)
        if isinstance(self.bus, LogFault):
            raise self.bus
        return self.bus


@pytest.fixture
async def somebody() -> AsyncGenerator[Settings]:
    """The settings of a bus where somebody listens."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield Settings(kafka_bootstrap=f"127.0.0.1:{server.sockets[0].getsockname()[1]}")


def features(count: int) -> dict[str, float]:
    return of_logs(Digest(events=tuple(error(number) for number in range(count))))


async def test_without_a_bus_it_is_what_the_own_logs_say() -> None:
    logs = TwoLogs(Digest(events=(error(1),)), LogFault("nobody asks"))
    now = LogsNow(logs=logs, settings=NOWHERE)
    assert await now.seen() == features(1)
    assert len(logs.asked) == 1


async def test_with_a_bus_it_is_what_both_say_and_nothing_twice(somebody: Settings) -> None:
    bus = Digest(events=(error(1, of="api:"), error(2, of="api:")))
    now = LogsNow(logs=TwoLogs(Digest(events=(error(1),)), bus), settings=somebody)
    assert await now.seen() == features(2)
    beside = TwoLogs(Digest(events=(error(1), error(2, of="api:"))), bus)
    assert await LogsNow(logs=beside, settings=somebody).seen() == features(2), "the log pane has it already"


async def test_a_bus_without_key_events_is_no_failure(somebody: Settings) -> None:
    logs = TwoLogs(Digest(events=(error(1),)), LogFault("No key events are on the bus yet"))
    assert await LogsNow(logs=logs, settings=somebody).seen() == features(1)


async def test_who_waits_for_checks_does_not_wait_for_the_logs_for_long() -> None:
    logs = TwoLogs(Digest(events=(error(1),)), LogFault("nobody asks"))
    logs.busy = asyncio.Event()
    now = LogsNow(logs=logs, settings=NOWHERE)
    assert await now.soon(0.01) is None
    assert await now.soon(0.01) is None
    logs.busy.set()
    assert await now.soon(60.0) == features(1)
    assert len(logs.asked) == 1, "what took long was gone on with"


async def test_what_is_fresh_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = TwoLogs(Digest(events=(error(1),)), LogFault("nobody asks"))
    now = LogsNow(logs=logs, settings=NOWHERE)
    assert await now.soon() == await now.soon() == features(1)
    assert len(logs.asked) == 1
    monkeypatch.setattr("agent_core.rl.offline.logs_now._FRESH_S", 0.0)
    logs.given = Digest(events=(error(1), error(2)))
    assert await now.soon() == features(2)


async def test_a_bus_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []

    async def swallowed(access: object) -> None:
        looked.append(access)
        await asyncio.sleep(0.5)
        raise BusUnreachable("No Kafka answers at 192.0.2.1:9092")

    monkeypatch.setattr("agent_core.streaming.reach.connected", swallowed)
    monkeypatch.setattr("agent_core.rl.offline.logs_now._FRESH_S", 0.0)
    logs = TwoLogs(Digest(events=(error(1),)), LogFault("nobody asks"))
    now = LogsNow(logs=logs, settings=NOWHERE)
    await now.seen()
    logs.given = Digest(events=(error(1), error(2)))
    assert await now.soon() == features(2), "nobody is looked for again so soon"
    assert len(looked) == 1
    await now.seen()
    assert len(looked) == 2, "who has the time has them looked for"


async def test_what_is_known_is_told_while_the_logs_take_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_core.rl.offline.logs_now._FRESH_S", 0.0)
    logs = TwoLogs(Digest(events=(error(1),)), LogFault("nobody asks"))
    now = LogsNow(logs=logs, settings=NOWHERE)
    await now.seen()
    logs.busy, logs.given = asyncio.Event(), Digest(events=(error(1), error(2)))
    async with asyncio.timeout(30):
        assert await now.soon(60.0) == features(1)
    logs.busy.set()
    while await now.soon() != features(2):
        await asyncio.sleep(0)


@pytest.mark.parametrize("after", [lambda now: now.aclose(), lambda now: now.soon()], ids=["close", "ask"])
async def test_logs_that_cannot_be_read_are_an_error_to_who_wants_to_know(
    after: Callable[[LogsNow], Any],
) -> None:
    logs = GivenLogs()
    logs.fail = LogFault("There are no logs")
    now = LogsNow(logs=logs, settings=NOWHERE)
    with pytest.raises(LogFault, match="There are no logs"):
        await now.seen()
    assert await after(now) is None
