"""A broker that answers late, or over a thin line: what takes long is waited for, and nothing fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from agent_core.config import Settings
from agent_core.errors import ErrorInfo
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.making import make_topics
from agent_core.streaming.sink import KafkaSink
from agent_core.streaming.tail import tail
from agent_core.streaming.values import Message, TailQuery, Told
from tests.agent_core.streaming.between import Between
from tests.agent_core.streaming.messaging import PATIENCE_S, reading, sink, task, until
from tests.agent_core.streaming.test_link import looking
from tests.fixtures_kafka import Kafka, free_ports, kafka_server

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("nothing_is_left")]

LONG = "x" * 1000


class Slow:
    """A broker, and what lies before it."""

    def __init__(self, kafka: Kafka, line: Between) -> None:
        self.kafka, self.line = kafka, line
        self.settings = Settings(kafka_bootstrap=f"127.0.0.1:{line.port}")

    def late(self, seconds: float) -> None:
        """Hold back each answer from now on."""
        self.line.delay_s = seconds

    def thin(self) -> None:
        """Let 40 KB through in a second from now on, or less."""
        self.line.piece, self.line.pause_s = 400, 0.01

    def topic(self, name: str, **options: int) -> str:
        """A new topic."""
        try:
            return self.kafka.topic(name, **options)
        finally:
            self.kafka.close()  # what tests need has no part in what is tested


@pytest.fixture(scope="module")
def slow_kafka(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slow]:
    """A broker that says it is reached at the slow line."""
    port = free_ports(4)
    with Between(free_ports(1), port) as line:
        extra = f"advertised.listeners=PLAINTEXT://127.0.0.1:{line.port}\n"
        with kafka_server(kit, tmp_path_factory.mktemp("slow"), extra=extra, port=port) as kafka:
            line.to = kafka.port
            yield Slow(kafka, line)


@pytest.fixture
def slow(slow_kafka: Slow) -> Iterator[Slow]:
    """The same; each test slows it down itself."""
    slow_kafka.line.fast()
    yield slow_kafka
    slow_kafka.line.fast()


async def sent(sending: KafkaSink, count: int) -> list[ErrorInfo]:
    """What is said to fail until so many messages are sent."""
    faults: list[ErrorInfo] = []

    def done() -> bool:
        if (fault := sending.standing.fault) is not None:
            faults.append(fault)
        return sending.standing.sent >= count

    await until(done)
    return faults


async def test_what_is_sent_comes_once_and_in_its_order(slow: Slow, tmp_path: Path) -> None:
    topic = slow.topic("late")
    slow.late(2.0)
    async with sink(slow.settings, tmp_path) as sending:
        for number in range(500):
            sending.send(topic, task(number, LONG))
        assert await sent(sending, 500) == []
    slow.line.fast()
    async with reading(slow.settings, topic) as got:
        await got.until(lambda: len(got.received) >= 500)
    assert [int(each.message.id) for each in got.received] == list(range(500))


async def test_the_end_does_not_wait_for_long_and_a_later_program_sends_the_rest(
    slow: Slow, tmp_path: Path
) -> None:
    topic = slow.topic("end")
    slow.late(2.0)
    async with sink(slow.settings, tmp_path) as sending:
        for number in range(300):
            sending.send(topic, task(number, LONG))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(PATIENCE_S):
            await sending.aclose()
        assert sending.standing.sent < 300
    assert any(tmp_path.rglob("*.messages"))
    async with sink(slow.settings, tmp_path):
        await until(lambda: not any(tmp_path.rglob("*.messages")))
    slow.line.fast()
    async with reading(slow.settings, topic) as got:
        await got.until(lambda: len(got.numbers) >= 300)
    assert got.numbers == list(range(300))


async def test_answers_that_are_too_late_are_said_and_repeats_are_known(slow: Slow, tmp_path: Path) -> None:
    topic = slow.topic("toolate")
    async with sink(slow.settings, tmp_path) as sending:
        sending.send(topic, task(0))
        await sending.delivered()
        slow.late(60.0)
        for number in range(1, 50):
            sending.send(topic, task(number))
        await until(lambda: sending.standing.fault)
        fault = sending.standing.fault
        assert fault is not None and str(slow.line.port) in fault.message and fault.hint
        slow.line.fast()
        await until(lambda: not sending.standing.waiting and sending.standing.fault is None)
    async with reading(slow.settings, topic) as got:
        await got.until(lambda: len(got.numbers) >= 50)
    assert got.numbers == list(range(50))


async def test_a_member_stays_one_and_commits(slow: Slow) -> None:
    topic, group = slow.topic("member", partitions=2), f"group.{uuid4().hex[:8]}"
    async with sink(slow.settings) as sending:
        for number in range(100):
            sending.send(topic, task(number), key=str(number))
        await sending.delivered()
    slow.late(1.0)
    async with reading(slow.settings, topic, group=group) as got:
        await got.until(lambda: got.received, commit=False, most=1)
        await asyncio.sleep(12)  # the session is 10 s
        await got.until(lambda: len(got.numbers) >= 100)
        assert (got.faults, got.source.counts.repeated) == ([], 0)
    async with BusAdmin(access_of(slow.settings)) as admin:
        (told,) = [each for each in (await admin.look([topic])).groups if each.name == group]
    assert told.lag == 0


async def test_an_answer_that_takes_long_to_come_is_waited_for(slow: Slow) -> None:
    topic = slow.topic("thin")
    async with sink(slow.settings) as sending:
        for number in range(400):
            sending.send(topic, task(number, LONG))
        await sending.delivered()
    slow.thin()
    async with reading(slow.settings, topic) as got:
        await got.until(lambda: len(got.numbers) >= 400)
    assert (got.numbers, got.faults, got.source.counts.repeated) == (list(range(400)), [], 0)


async def test_a_tail_is_neither_lost_nor_misses_a_topic(slow: Slow) -> None:
    topic = slow.topic("tail")
    async with sink(slow.settings) as sending:
        for number in range(400):
            sending.send(topic, task(number, LONG))
        await sending.delivered()
        slow.thin()
        slow.late(0.5)
        told: list[Told] = []
        query = TailQuery(topics=(topic,), since=0.0, follow=True)
        async with asyncio.timeout(PATIENCE_S), aclosing(tail(access_of(slow.settings), query)) as batches:
            async for batch in batches:
                if len(told) < 400 <= len(told) + len(batch):
                    sending.send(topic, task(400))
                told += batch
                if len(told) > 400:
                    break
    assert len(told) == 401 and all(isinstance(each, Message) for each in told)


async def test_whether_there_is_one_and_its_topics(slow: Slow) -> None:
    slow.late(1.0)
    topic = f"logs.ctx.{uuid4().hex[:8]}"
    assert await make_topics(access_of(slow.settings), [topic], partitions=1) == (topic,)
    async with looking(slow.settings) as (link, told):
        await until(lambda: link.standing.state == "up")
        assert topic in (await link.look()).topics
        assert [event.state for event in told] == ["connecting", "up"]
