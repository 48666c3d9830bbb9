"""Messages of ours through a genuine Kafka and back, whatever security it has: the same tests for each."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import pytest

from agent_core.config import Settings
from agent_core.errors import BusUnreachable
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.making import make_topics
from agent_core.streaming.messages import LogContext, RawLines
from agent_core.streaming.tail import tail
from agent_core.streaming.values import Message, TailQuery, Told
from tests.agent_core.streaming.messaging import PATIENCE_S, Reading, all_sent, reading, sink, task
from tests.fixtures_kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("nothing_is_left")]


def fresh(name: str) -> str:
    return f"{name}.{uuid4().hex[:8]}"


async def test_messages_go_and_come_in_the_order_of_each_key(secured: Settings) -> None:
    topic = fresh("there-and-back")
    access = access_of(secured)
    assert await make_topics(access, [topic], partitions=3) == (topic,)
    assert await make_topics(access, [topic]) == ()
    async with sink(secured) as sending, reading(secured, topic) as got:
        for number in range(300):
            sending.send(topic, task(number), key=f"key-{number % 7}")
        await sending.delivered()
        assert (sending.standing.sent, sending.standing.waiting) == (300, 0)
        await got.until(lambda: len(got.received) >= 300)
    assert sorted(got.numbers) == list(range(300))
    for remainder in range(7):
        of_key = [number for number in got.numbers if number % 7 == remainder]
        assert of_key == sorted(of_key)
    assert {each.partition for each in got.received} == {0, 1, 2}
    assert all(abs(each.time - time.time()) < 600 for each in got.received)
    assert got.source.counts.received == 300


async def test_what_was_not_committed_is_read_again_after_an_end(secured: Settings) -> None:
    topic, group = fresh("resume"), fresh("group")
    await make_topics(access_of(secured), [topic], partitions=2)
    await all_sent(secured, topic, range(20))
    async with reading(secured, topic, group=group) as first:
        await first.until(lambda: len(first.received) >= 12, most=4)
        await first.until(lambda: len(first.received) >= 16, most=4, commit=False)
    done = {(each.topic, each.partition, each.offset) for each in first.received}
    async with reading(secured, topic, group=group) as second:
        await second.until(lambda: {*first.numbers, *second.numbers} == set(range(20)))
    assert len(done) >= 16
    assert not any(each.repeated for each in second.received)
    assert {*first.numbers, *second.numbers} == set(range(20))
    assert len(second.received) < 20


async def test_two_members_share_a_topic(secured: Settings) -> None:
    topic, group = fresh("shared"), fresh("group")
    await make_topics(access_of(secured), [topic], partitions=4)
    number = 0
    async with (
        reading(secured, topic, group=group) as one,
        reading(secured, topic, group=group) as two,
        sink(secured) as sending,
        asyncio.timeout(PATIENCE_S),
    ):
        while not (one.received and two.received and await both_own(secured, group)):
            for _ in range(8):
                sending.send(topic, task(number), key=str(number))
                number += 1
            await taken_by_both(one, two)
        await sending.delivered()
        while len({*one.numbers, *two.numbers}) < number:
            await taken_by_both(one, two)
    assert {*one.numbers, *two.numbers} == set(range(number))


async def taken_by_both(one: Reading, two: Reading) -> None:
    for each in (one, two):
        if (batch := await each.take(wait=0.2)).end:
            await each.source.commit(batch)


async def both_own(secured: Settings, group: str) -> bool:
    async with BusAdmin(access_of(secured)) as admin:
        groups = {each.name: each for each in (await admin.look()).groups}
    return group in groups and groups[group].members == 2 and groups[group].state == "Stable"


async def test_how_far_a_group_is_behind(secured: Settings) -> None:
    topic, group = fresh("lag"), fresh("group")
    await make_topics(access_of(secured), [topic], partitions=1)
    await all_sent(secured, topic, range(10))
    async with reading(secured, topic, group=group) as got:
        await got.until(lambda: len(got.received) >= 4, most=4)
        async with BusAdmin(access_of(secured)) as admin:
            (told,) = (await admin.look([topic])).groups
    assert (told.name, told.lag, told.members) == (group, 6, 1)


async def told_of(settings: Settings, query: TailQuery) -> list[Told]:
    told: list[Told] = []
    async with asyncio.timeout(60), aclosing(tail(access_of(settings), query)) as batches:
        async for batch in batches:
            told += batch
    return told


async def test_seek_by_time(secured: Settings, kafka: Kafka) -> None:
    topic = kafka.topic("time", partitions=2)
    begin = time.time() - 3600
    for number in range(10):
        at = int((begin + 60 * number) * 1000)
        kafka.send(topic, b"%d" % number, partition=number % 2, timestamp_ms=at)
    told = await told_of(secured, TailQuery(topics=(topic,), since=begin + 60 * 7 - 1))
    assert sorted(each.value.value for each in told if isinstance(each, Message)) == [7, 8, 9]


async def test_patterns_and_topics_that_come_later(secured: Settings) -> None:
    name = uuid4().hex[:8]
    one, two, other = f"logs.raw.{name}.one", f"logs.raw.{name}.two", f"logs.ctx.{name}"
    await make_topics(access_of(secured), [one, other], partitions=1)
    async with reading(secured, f"logs.raw.{name}.*") as got, sink(secured) as sending:
        sending.send(one, RawLines(id="1", at=1.0, service="s", source="f", first=1, lines=("a",)))
        sending.send(other, LogContext(id="2", at=1.0, service="s"))
        await got.until(lambda: len(got.received) >= 1)
        await make_topics(access_of(secured), [two], partitions=1)
        sending.send(two, RawLines(id="3", at=1.0, service="s", source="f", first=1, lines=("b",)))
        await got.until(lambda: len(got.received) >= 2)
        await sending.delivered()
    assert [each.topic for each in got.received] == [one, two]
    told = await told_of(secured, TailQuery(topics=(f"logs.*.{name}*",), since=0.0))
    assert sorted(each.topic for each in told if isinstance(each, Message)) == [other, one, two]


async def test_a_broker_that_restarts_in_mid_flow(secured: Settings, kafka: Kafka, tmp_path: Path) -> None:
    topic = fresh("restart")
    await make_topics(access_of(secured), [topic], partitions=2)
    numbers = iter(range(100_000))
    async with sink(secured, tmp_path) as sending, reading(secured, topic) as got:

        async def send_on() -> None:
            while True:
                for number in (next(numbers) for _ in range(20)):
                    sending.send(topic, task(number), key=f"key-{number % 5}")
                await asyncio.sleep(0.1)

        async def restart() -> None:
            for hard in (False, True):
                before = len(got.received)
                await got.until(lambda before=before: len(got.received) > before + 20)
                await asyncio.to_thread(kafka.stop, hard=hard)
                await got.until(lambda: sending.standing.fault and got.noted())
                assert sending.standing.waiting > 0
                await asyncio.to_thread(kafka.start)

        going = asyncio.create_task(send_on())
        try:
            await restart()
            before = len(got.received)
            await got.until(lambda: len(got.received) > before + 20)
        finally:
            going.cancel()
            await asyncio.wait((going,))
        last = next(numbers)
        await sending.delivered()
        await got.until(lambda: len(set(got.numbers)) >= last)
        assert (sending.standing.fault, sending.standing.waiting, sending.standing.dropped) == (None, 0, 0)
        assert got.source.fault is None
    assert sorted(set(got.numbers)) == list(range(last))
    assert len(got.numbers) == last  # repeats were recognised
    by_key = defaultdict[int, list[int]](list)
    for number in got.numbers:
        by_key[number % 5].append(number)
    assert all(of_key == sorted(of_key) for of_key in by_key.values())
    assert BusUnreachable.code in {fault.code for fault in got.faults}, got.faults
    assert list(tmp_path.iterdir()) == []
