"""Messages of a genuine Kafka as they come, and those that came before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

import pytest

from agent_core.config import Settings
from agent_core.errors import BusUnreachable, NoTopic, UsageError
from agent_core.streaming.access import access_of
from agent_core.streaming.tail import tail
from agent_core.streaming.values import BusNotice, Message, TailQuery, Told
from tests.agent_core.streaming.conftest import client_threads
from tests.agent_core.streaming.messaging import PATIENCE_S, packed_too_much
from tests.fixtures_kafka import Kafka, free_ports

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("nothing_is_left")]


class Reading:
    """A tail that runs; what it told so far."""

    def __init__(self, settings: Settings, query: TailQuery) -> None:
        self.told: list[Told] = []
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._read(settings, query))

    async def _read(self, settings: Settings, query: TailQuery) -> None:
        async with aclosing(tail(access_of(settings), query)) as batches:
            async for batch in batches:
                self.told += batch
                self._more.set()

    async def __aenter__(self) -> Reading:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def until(self, done: Callable[[list[Told]], object]) -> None:
        """Wait until what was told is as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while not done(self.told):
                if self._task.done():
                    self._task.result()
                self._more.clear()
                await self._more.wait()

    @property
    def values(self) -> list[object]:
        """Of the messages."""
        return values(self.told)

    @property
    def notices(self) -> list[tuple[str, str]]:
        """Those there were."""
        return [(told.what, told.topic) for told in self.told if isinstance(told, BusNotice)]


def values(told: list[Told]) -> list[object]:
    return [each.value.value for each in told if isinstance(each, Message)]


async def read(settings: Settings, query: TailQuery) -> list[Told]:
    """Everything up to the present end."""
    told: list[Told] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(tail(access_of(settings), query)) as batches:
        async for batch in batches:
            told += batch
    return told


async def begun(kafka: Kafka, reading: Reading, topic: str) -> None:
    """Wait until messages of the topic arrive, by sending some."""
    for _ in range(PATIENCE_S * 2):
        kafka.send(topic, b'"mark"')
        await asyncio.sleep(0.5)
        if "mark" in reading.values:
            return
    raise AssertionError("nothing came")


async def test_what_comes_from_now_on(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    kafka.send(topic, b"old")
    async with Reading(kafka.settings, TailQuery(topics=(topic,), follow=True)) as reading:
        await begun(kafka, reading, topic)
        kafka.send(
            topic, b'{"a": 1}', key=b"k", headers=[("h", b"v")], partition=1, timestamp_ms=1_700_000_000_123
        )
        await reading.until(lambda told: {"a": 1} in values(told))
    assert "old" not in reading.values
    message = reading.told[-1]
    assert isinstance(message, Message)
    assert (message.topic, message.partition, message.time) == (topic, 1, 1_700_000_000.123)
    assert (message.key.value, message.headers[0].name, message.headers[0].payload.value) == ("k", "h", "v")


async def test_the_last_of_all_partitions(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=3)
    for number in range(30):
        kafka.send(topic, b"%d" % number, partition=number % 3, timestamp_ms=1_700_000_000_000 + number)
    assert values(await read(kafka.settings, TailQuery(topics=(topic,), last=5))) == [25, 26, 27, 28, 29]
    assert len(await read(kafka.settings, TailQuery(topics=(topic,), last=999))) == 30
    assert await read(kafka.settings, TailQuery(topics=(topic,), last=0)) == []


async def test_the_last_then_what_comes(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    for number in range(10):
        kafka.send(topic, b"%d" % number, partition=number % 2)
    async with Reading(kafka.settings, TailQuery(topics=(topic,), last=3, follow=True)) as reading:
        await reading.until(lambda told: len(told) == 3)
        kafka.send(topic, b"10", partition=0)
        kafka.send(topic, b"11", partition=1)
        await reading.until(lambda told: len(told) == 5)
    assert sorted(map(int, map(str, reading.values))) == [7, 8, 9, 10, 11]
    assert set(reading.values[3:]) == {10, 11}


async def test_since_a_time(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    begin = time.time() - 3600
    for number in range(20):
        at = int((begin + 60 * number) * 1000)
        kafka.send(topic, b"%d" % number, partition=number % 2, timestamp_ms=at)
    query = TailQuery(topics=(topic,), since=begin + 60 * 15 - 1)
    assert sorted(map(str, values(await read(kafka.settings, query)))) == ["15", "16", "17", "18", "19"]
    assert await read(kafka.settings, TailQuery(topics=(topic,), since=time.time() + 60)) == []
    assert len(await read(kafka.settings, TailQuery(topics=(topic,), since=0.0))) == 20


async def test_a_pattern_finds_topics_that_are_made_and_misses_those_that_go(kafka: Kafka) -> None:
    first = kafka.topic("pat.raw")
    kafka.topic("other.raw")
    async with Reading(kafka.settings, TailQuery(topics=("pat.*",), follow=True)) as reading:
        await begun(kafka, reading, first)
        second = kafka.topic("pat.raw", partitions=2)
        kafka.send(second, b'"its first"')
        await reading.until(lambda told: "its first" in values(told))
        assert reading.notices == [("found", second)]
        kafka.admin.delete_topics([first])
        await reading.until(lambda told: BusNotice(what="gone", topic=first) in told)
        kafka.send(second, b'"goes on"', partition=1)
        await reading.until(lambda told: "goes on" in values(told))


async def test_a_pattern_that_matches_nothing_yet(kafka: Kafka) -> None:
    with pytest.raises(NoTopic, match=r"No topic fits nothing\.\*"):
        await read(kafka.settings, TailQuery(topics=("nothing.*",), last=3))
    async with Reading(kafka.settings, TailQuery(topics=("yet.*",), follow=True)) as reading:
        topic = kafka.topic("yet")
        await begun(kafka, reading, topic)


async def test_a_topic_that_gets_a_partition(kafka: Kafka) -> None:
    topic = kafka.topic()
    async with Reading(kafka.settings, TailQuery(topics=(topic,), follow=True)) as reading:
        await begun(kafka, reading, topic)
        kafka.admin.create_partitions({topic: 2})
        for _ in range(PATIENCE_S):
            try:
                kafka.send(topic, b'"there"', partition=1)
                break
            except ValueError:  # the producer has not heard of it
                await asyncio.sleep(0.5)
                kafka.close()
        await reading.until(lambda told: "there" in values(told))


async def test_any_bytes(kafka: Kafka) -> None:
    topic = kafka.topic()
    big = b"x" * 300_000
    kafka.send(topic, b"\xff\x00", b"text \x1b[31m", b"[1, {", b'{"a": null}', big)
    kafka.send(topic, None, key=b"\xfe")
    told = await read(kafka.settings, TailQuery(topics=(topic,), last=99, most_bytes=1000))
    kinds = [each.value.kind for each in told if isinstance(each, Message)]
    assert kinds == ["bytes", "text", "text", "json", "text", "none"]
    cut = told[4]
    assert isinstance(cut, Message) and (cut.value.size, len(cut.value.value), cut.value.cut) == (
        300_000,
        1000,
        True,
    )


async def test_messages_larger_than_what_is_fetched_at_once(kafka: Kafka) -> None:
    topic = kafka.topic(max_message_bytes="6000000")
    kafka.send(topic, b"x" * 5_000_000, b'"after"')
    told = await read(kafka.settings, TailQuery(topics=(topic,), since=0.0))
    assert [each.value.size for each in told if isinstance(each, Message)] == [5_000_000, 7]
    assert values(told)[0] == "x" * 65_536


class _Odd(str):
    """A header's name that is no UTF-8 on the wire."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


async def test_a_header_whose_name_is_no_text_hides_no_others(kafka: Kafka) -> None:
    topic = kafka.topic()
    kafka.send(topic, b'"before"')
    kafka.send(topic, b'"odd"', headers=[(_Odd("h"), b"v")])
    kafka.send(topic, b'"after"')
    told = await read(kafka.settings, TailQuery(topics=(topic,), since=0.0))
    assert values(told) == ["before", "after"]
    assert [each.what for each in told if isinstance(each, BusNotice)] == ["unreadable"]


async def test_messages_of_transactions_and_their_marks(kafka: Kafka) -> None:
    topic = kafka.topic()
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=kafka.server, transactional_id=topic)
    producer.init_transactions()
    for number in range(3):
        producer.begin_transaction()
        producer.send(topic, b"%d" % number)
        producer.commit_transaction()
    producer.close()
    told = await read(kafka.settings, TailQuery(topics=(topic,), since=0.0))
    assert values(told) == [0, 1, 2]


async def test_messages_that_others_packed_are_read(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    for name in ("lz4", "none"):
        kafka.run(
            "run-class", "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", kafka.server,
            "--topic", topic, "--compression-codec", name,
            given=b'"packed"\n' * 5 if name == "lz4" else b'"plain"\n',
        )  # fmt: skip
    kafka.send(topic, b'"after"', partition=0)
    kafka.send(topic, b'"after"', partition=1)
    told = await read(kafka.settings, TailQuery(topics=(topic,), since=0.0))
    assert values(told).count("after") == 2
    notices = [each for each in told if isinstance(each, BusNotice)]
    assert values(told).count("packed") == 5 and not notices


async def test_what_unpacks_to_too_much_is_passed_by(kafka: Kafka) -> None:
    topic = kafka.topic()
    kafka.send(topic, b'"before"')
    packed_too_much(kafka, topic)
    kafka.send(topic, b'"after"')
    told = await read(kafka.settings, TailQuery(topics=(topic,), since=0.0))
    assert values(told) == ["before", "after"]
    assert [each.what for each in told if isinstance(each, BusNotice)] == ["unreadable"]


@pytest.mark.parametrize("hard", [False, True])
async def test_a_broker_that_goes_away_and_comes_back(kafka: Kafka, hard: bool) -> None:
    topic = kafka.topic(partitions=2)
    async with Reading(kafka.settings, TailQuery(topics=(topic,), follow=True)) as reading:
        await begun(kafka, reading, topic)
        try:
            await asyncio.to_thread(kafka.stop, hard=hard)
            await reading.until(lambda told: any(each == "lost" for each, _ in reading.notices))
        finally:
            await asyncio.to_thread(kafka.start)
        kafka.send(topic, b'"again"', partition=0)
        kafka.send(topic, b'"again"', partition=1)
        await reading.until(lambda told: values(told).count("again") == 2)
        await reading.until(lambda told: len(reading.notices) > 1)
    assert reading.notices == [("lost", ""), ("back", "")]
    lost = next(each for each in reading.told if isinstance(each, BusNotice))
    assert lost.error is not None and kafka.server in lost.error.message


async def test_a_broker_that_hangs(kafka: Kafka) -> None:
    topic = kafka.topic()
    async with Reading(kafka.settings, TailQuery(topics=(topic,), follow=True)) as reading:
        await begun(kafka, reading, topic)
        kafka.hang(on=True)
        try:
            await reading.until(lambda told: reading.notices)
        finally:
            kafka.hang(on=False)
        kafka.send(topic, b'"again"')
        await reading.until(lambda told: "again" in values(told) and len(reading.notices) > 1)
    assert {what for what, _ in reading.notices} == {"lost", "back"}


async def test_one_that_hangs_holds_up_no_closing(kafka: Kafka) -> None:
    topic = kafka.topic()
    try:
        async with Reading(kafka.settings, TailQuery(topics=(topic,), follow=True)) as reading:
            await begun(kafka, reading, topic)
            kafka.hang(on=True)
        until_s = time.monotonic() + PATIENCE_S
        while client_threads():
            assert time.monotonic() < until_s, "one that hangs holds it up"
            await asyncio.sleep(0.05)
    finally:
        kafka.hang(on=False)


async def test_the_end_is_not_waited_for_where_nobody_answers(kafka: Kafka) -> None:
    topic = kafka.topic()
    kafka.send(topic, *[b"x" * 4000] * 2500)  # more than is fetched ahead
    told: list[Told] = []
    try:
        with pytest.raises(BusUnreachable):
            async with aclosing(
                tail(access_of(kafka.settings), TailQuery(topics=(topic,), since=0.0))
            ) as batches:
                async for batch in batches:
                    told += batch
                    kafka.hang(on=True)
    finally:
        kafka.hang(on=False)
    assert 0 < len(values(told)) < 2500
    assert isinstance(told[-1], BusNotice) and told[-1].what == "lost"


async def test_the_same_behind_tls_and_a_login(kafka: Kafka) -> None:
    topic = kafka.topic()
    kafka.send(topic, b"1", b"2")
    for settings in (kafka.login(), kafka.tls()):
        assert values(await read(settings, TailQuery(topics=(topic,), last=9))) == [1, 2]


async def test_what_cannot_be_followed(kafka: Kafka) -> None:
    with pytest.raises(NoTopic):
        await read(kafka.settings, TailQuery(topics=("no.such.topic",), last=1))
    with pytest.raises(UsageError):
        await read(kafka.settings, TailQuery(topics=("no topic",), last=1))
    nobody = Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)}")
    with pytest.raises(BusUnreachable, match="refused"):
        await read(nobody, TailQuery(topics=("t",), follow=True))


async def test_the_loop_goes_on_meanwhile(kafka: Kafka) -> None:
    topic = kafka.topic()
    kafka.send(topic, *(b"%d" % number for number in range(3000)))
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    told = await read(kafka.settings, TailQuery(topics=(topic,), since=0.0))
    turning.cancel()
    assert len(told) == 3000
    assert turns > 1000
