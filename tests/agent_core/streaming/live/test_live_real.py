"""The process that reads messages for a screen, against a genuine Kafka."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import AgentError
from agent_core.streaming.live import values as v
from agent_core.streaming.live.client import LiveTail
from tests.fixtures_kafka import Kafka, free_ports

pytestmark = pytest.mark.kafka
PATIENCE_S = 120


class Watching:
    """A tail whose last page is known."""

    def __init__(self, tail: LiveTail) -> None:
        self.tail = tail
        self.page: v.Page | None = None
        self.faults: list[AgentError] = []
        self._more = asyncio.Event()

    def take(self, page: v.Page) -> None:
        self.page = page
        self._more.set()

    def missed(self, error: AgentError) -> None:
        self.faults.append(error)

    async def until(self, done: Callable[[v.Page], object]) -> v.Page:
        """Wait for a page that is as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while self.page is None or not done(self.page):
                self._more.clear()
                await self._more.wait()
        return self.page

    def kill(self) -> None:
        """Kill the process; its pages are no longer of interest."""
        self.page = None
        os.kill(self.pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        process = self.tail._worker.process  # pyright: ignore[reportPrivateUsage]
        assert process is not None
        return process.pid


@asynccontextmanager
async def watching(
    root: Path, settings: Settings, *topics: str, last: int = 100, height: int = 20
) -> AsyncGenerator[Watching]:
    tail = LiveTail(root=root, settings=settings, topics=topics, place=v.Place(last=last))
    found = Watching(tail)
    task = asyncio.create_task(tail.pages(found.take, found.missed))
    try:
        await tail.do(v.Size(height, 200, True))
        yield found
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await tail.aclose()


def texts(page: v.Page) -> list[str]:
    return [row.text for row in page.rows]


def numbered(count: int, first: int = 0) -> list[bytes]:
    return [f"m{number}".encode() for number in range(first, first + count)]


async def send(kafka: Kafka, topic: str, *values: bytes, **options: Any) -> None:
    await asyncio.to_thread(kafka.send, topic, *values, **options)


async def test_follows_a_pattern_and_finds_what_comes_to_match(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("live.a")
    await send(kafka, topic, *numbered(3))
    async with watching(tmp_path, kafka.settings, "live.a.*", "live.b.*") as found:
        page = await found.until(lambda page: page.read == 3)
        assert texts(page) == ["m0", "m1", "m2"] and page.state == "reading"
        assert page.detail is None or page.detail.lines == ("m2",)
        await send(kafka, topic, *numbered(2, 3))
        await found.until(lambda page: page.read == 5 and page.behind == 0)
        other = await asyncio.to_thread(kafka.topic, "live.b")
        await send(kafka, other, b"other")
        page = await found.until(lambda page: page.read == 6)
        assert f"found a new topic {other}" in texts(page) and texts(page)[-1] == "other"


async def test_messages_of_a_topic_that_is_made_anew_show(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("anew")
    await send(kafka, topic, *numbered(50))
    async with watching(tmp_path, kafka.settings, "anew.*") as found:
        await found.until(lambda page: page.read == 50)
        await asyncio.to_thread(kafka.admin.delete_topics, [topic])
        await found.until(lambda page: f"the topic is gone {topic}" in texts(page))
        made = {topic: {"num_partitions": 1, "replication_factor": 1}}
        await asyncio.to_thread(kafka.admin.create_topics, made, wait_for_metadata=True)
        await send(kafka, topic, *numbered(10, 900))
        page = await found.until(lambda page: page.read >= 60)
        assert texts(page)[-10:] == [f"m{number}" for number in range(900, 910)]


async def test_messages_whose_times_go_back_all_show(kafka: Kafka, tmp_path: Path) -> None:
    topic, now = kafka.topic("times"), time.time()
    for number in range(20):
        stamp = int(1000 * (now - 100 * number))
        await send(kafka, topic, f"m{number}".encode(), timestamp_ms=stamp)
    async with watching(tmp_path, kafka.settings, topic, last=20) as found:
        page = await found.until(lambda page: page.read and page.behind == 0)
        assert texts(page) == [f"m{number}" for number in reversed(range(20))]


async def test_goes_to_the_begin_to_a_time_and_to_the_end(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("seek", partitions=2)
    now = time.time()
    for number in range(400):
        kafka.producer.send(topic, f"m{number}".encode(), timestamp_ms=int(1000 * (now - 4000 + 10 * number)))
    kafka.producer.flush(30)
    async with watching(tmp_path, kafka.settings, topic, last=5) as found:
        await found.until(lambda page: page.read == 5)
        await found.tail.do(v.Seek(v.Place()))
        page = await found.until(lambda page: page.read == 400)
        assert not page.follows and page.cursor == 0 and page.below == 380
        await found.tail.do(v.Seek(v.Place(since=now - 100)))
        page = await found.until(lambda page: page.read and page.read < 400 and page.behind == 0)
        assert page.read in (10, 11)
        await found.tail.do(v.Seek(v.Place(last=3)))
        page = await found.until(lambda page: page.read == 3)
        assert page.follows and texts(page)[-1] == "m399"


async def test_a_killed_process_is_started_anew(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("killed")
    await send(kafka, topic, *numbered(20))
    async with watching(tmp_path, kafka.settings, topic) as found:
        await found.tail.do(v.Filter("m1"))
        await found.until(lambda page: page.matching == 11)
        first = found.pid
        os.kill(first, signal.SIGKILL)
        await found.until(lambda page: bool(found.faults))
        await send(kafka, topic, b"m100")
        page = await found.until(lambda page: page.matching == 12)
        assert found.pid != first and texts(page)[-1] == "m100"
        assert "signal 9" in found.faults[0].message
        pid = found.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_was_paused_stays_where_it_is_read_when_the_process_is_killed(
    kafka: Kafka, tmp_path: Path
) -> None:
    topic = kafka.topic("stays")
    now = time.time()
    for number in range(400):
        kafka.producer.send(topic, f"m{number}".encode(), timestamp_ms=int(1000 * (now - 4000 + 10 * number)))
    kafka.producer.flush(30)
    async with watching(tmp_path, kafka.settings, topic, last=300) as found:
        await found.until(lambda page: page.read == 300)
        await found.tail.do(v.Move(-50))
        page = await found.until(lambda page: not page.follows)
        read = page.rows[page.cursor].text
        assert read == "m349"
        for _ in range(2):
            found.kill()
            page = await found.until(lambda page: page.read == 51 and page.behind == 0)
            assert not page.follows and page.rows[page.cursor].text == read
            assert "signal 9" in page.rows[0].text and page.rows[0].grave
        await found.tail.do(v.Follow(True))
        await found.until(lambda page: page.follows)
        found.kill()
        page = await found.until(lambda page: page.read == 300 and page.follows)
        assert texts(page)[-1] == "m399"


async def test_a_pause_without_messages_holds_when_the_process_is_killed(
    kafka: Kafka, tmp_path: Path
) -> None:
    topic = kafka.topic("empty")
    async with watching(tmp_path, kafka.settings, topic) as found:
        await found.until(lambda page: page.state == "reading")
        await found.tail.do(v.Follow(False))
        await found.until(lambda page: not page.follows)
        found.kill()
        page = await found.until(lambda page: page.state == "reading" and not page.follows and page.rows)
        assert "signal 9" in page.rows[0].text


async def test_a_broker_that_goes_and_comes_back(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("restart")
    await send(kafka, topic, b"before")
    async with watching(tmp_path, kafka.settings, topic) as found:
        await found.until(lambda page: page.read == 1)
        await asyncio.to_thread(kafka.stop)
        try:
            page = await found.until(lambda page: page.state == "lost")
            assert page.fault is not None and page.rows[-1].grave
        finally:
            await asyncio.to_thread(kafka.start)
        await found.until(lambda page: page.state == "reading" and page.fault is None)
        await send(kafka, topic, b"after")
        page = await found.until(lambda page: page.read == 2)
        assert texts(page)[-1] == "after" and "connected again" in texts(page)


async def test_nobody_answers_until_somebody_does(tmp_path: Path) -> None:
    settings = Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)}")
    async with watching(tmp_path, settings, "t") as found:
        page = await found.until(lambda page: page.state == "lost")
        assert page.fault is not None and "No Kafka answers" in page.fault.message
        await found.tail.do(v.Filter("x"))
        await found.until(lambda page: page.matching == 0)


async def test_what_is_refused_is_said(kafka: Kafka, tmp_path: Path) -> None:
    async with watching(tmp_path, kafka.login(password="wrong"), "t") as found:
        page = await found.until(lambda page: page.state == "lost")
        assert page.fault is not None and "refuses the credentials" in page.fault.message


async def test_what_comes_faster_than_it_can_be_read_is_passed_by(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("flood")
    async with watching(tmp_path, kafka.settings, topic, last=0) as found:
        await found.until(lambda page: page.topics == 1)
        await found.tail.do(v.Follow(False))
        await asyncio.to_thread(
            kafka.run, "run-class", "org.apache.kafka.tools.ProducerPerformance", "--topic", topic,
            "--num-records", "160000", "--throughput", "-1", "--record-size", "10",
            "--producer-props", f"bootstrap.servers={kafka.server}",
        )  # fmt: skip
        page = await found.until(lambda page: page.waits and page.behind and page.behind > 100_000)
        assert page.kept <= 50_000
        await found.tail.do(v.Follow(True))
        page = await found.until(lambda page: page.passed > 0 and page.behind == 0)
        assert page.passed + page.read == 160_000
