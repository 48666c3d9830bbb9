"""What a member of a group reads, and what it says where it cannot."""

from __future__ import annotations

import asyncio
import signal
import sys
from uuid import uuid4

import pytest

from agent_core.config import Settings
from agent_core.errors import BusAuth, UsageError
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.making import make_topics
from agent_core.streaming.messages import RawLines, encode
from agent_core.streaming.ports import Batch
from agent_core.streaming.source import KafkaSource
from tests.agent_core.streaming.messaging import (
    PATIENCE_S,
    Reading,
    all_sent,
    listening,
    packed_too_much,
    reading,
    task,
    until,
)
from tests.fixtures_kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("nothing_is_left")]


async def test_what_is_none_of_ours_is_handed_out_beside_it_and_counted(kafka: Kafka) -> None:
    topic = kafka.topic("foreign")
    kafka.send(
        topic,
        b"not json \x1b[31m",
        b'{"schema": "agent.task/9", "id": "1"}',
        b'{"schema": "agent.task/1", "id": 7}',
        b"\xff\xfe\x00",
        b"",
        b"[" * 100_000,
        b'{"schema": "\\u001b]0;evil\\u0007"}',
        encode(task(1)),
        encode(task(1)),
    )
    async with reading(kafka.settings, topic) as got:
        await got.until(lambda: len(got.received) == 2)
        counts = got.source.counts
    assert (counts.received, counts.repeated, counts.unknown, counts.broken) == (2, 1, 2, 5)
    assert [each.why.why for each in got.skipped] == [
        "broken", "unknown", "broken", "broken", "broken", "broken", "unknown",
    ]  # fmt: skip
    assert [each.offset for each in got.skipped] == list(range(7))
    assert all(each.value.isprintable() for each in got.skipped)
    assert "agent.task/9" in got.skipped[1].why.detail


async def test_messages_of_5_mb(kafka: Kafka) -> None:
    topic = kafka.topic("large", max_message_bytes=str(8 * 1024 * 1024))
    lines = RawLines(id="1", at=1.0, service="s", source="f", first=1, lines=("x" * 1000,) * 5000)
    for value in (b"y" * 5_000_000, encode(lines), encode(task(2))):
        kafka.send(topic, value)
    async with reading(kafka.settings, topic) as got:
        await got.until(lambda: len(got.received) == 2)
    assert [each.message for each in got.received] == [lines, task(2)]
    assert len(got.skipped[0].value) <= 200


class _Odd(str):
    """A header's name that is no UTF-8 on the wire: the library cannot read the batch that it is in."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


async def test_messages_that_cannot_be_read_are_passed_by_and_said(kafka: Kafka) -> None:
    topic, group = kafka.topic("odd", partitions=2), f"group.{uuid4().hex[:8]}"
    for number in range(12):
        odd = [(_Odd("h"), b"v")] if number in (0, 3, 4, 11) else []
        kafka.send(topic, encode(task(number)), partition=number % 2, headers=odd)
    async with reading(kafka.settings, topic, group=group) as got:
        await got.until(lambda: len(got.received) == 8 and len(got.skipped) >= 4)
        counts = got.source.counts
    assert sorted(got.numbers) == [1, 2, 5, 6, 7, 8, 9, 10]
    assert sorted((each.partition, each.offset) for each in got.skipped) == [(0, 0), (0, 2), (1, 1), (1, 5)]
    assert all("cannot be read" in each.why.detail for each in got.skipped)
    assert (counts.broken, counts.received) == (4, 8)
    async with BusAdmin(access_of(kafka.settings)) as admin:
        (told,) = [each for each in (await admin.look([topic])).groups if each.name == group]
    assert told.lag == 0


async def test_what_unpacks_to_too_much_is_passed_by_and_said(kafka: Kafka) -> None:
    topic = kafka.topic("bomb")
    kafka.send(topic, encode(task(0)))
    packed_too_much(kafka, topic)
    kafka.send(topic, encode(task(1)))
    async with reading(kafka.settings, topic) as got:
        await got.until(lambda: len(got.received) == 2)
    assert [each.offset for each in got.skipped] in ([1, 2], [1])  # both as one, where they lie together
    assert "unpack to more than 67,108,864 bytes" in got.skipped[0].why.detail


async def test_the_membership_outlives_work_that_takes_longer_than_the_session(kafka: Kafka) -> None:
    topic, group = kafka.topic("long"), f"group.{uuid4().hex[:8]}"
    await all_sent(kafka.settings, topic, range(2))
    async with reading(kafka.settings, topic, group=group) as worker:
        batch = await first_batch(worker, most=1)
        async with reading(kafka.settings, topic, group=group) as other:  # joins while the first one works
            async with asyncio.timeout(PATIENCE_S):
                while await members(kafka, group) != ("Stable", 2):
                    await other.take(wait=0.2)
            until_s = asyncio.get_running_loop().time() + 12  # the session is 10 s
            while asyncio.get_running_loop().time() < until_s:
                assert not (await other.take()).received
            assert await members(kafka, group) == ("Stable", 2)
            assert await worker.source.commit(batch)
            await worker.until(lambda: worker.numbers == [0, 1])
        assert worker.source.counts.repeated == 0


async def first_batch(got: Reading, **options: int) -> Batch:
    async with asyncio.timeout(PATIENCE_S):
        while not (batch := await got.take(**options)).end:
            pass
    return batch


async def members(kafka: Kafka, group: str) -> tuple[str, int]:
    told = (await asyncio.to_thread(kafka.admin.describe_groups, [group]))[group]
    return told["group_state"], len(told["members"])


READS = """
import asyncio, sys
from agent_core.config import Settings
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.ports import Batch
from agent_core.streaming.source import KafkaSource

async def main():
    server, group, topic = sys.argv[1:]
    source = KafkaSource(access_of(Settings(kafka_bootstrap=server)), group=group, topics=[topic])
    while True:
        batch = await source.take(most=1)
        for each in batch.received:
            print(each.message.id, flush=True)
            await asyncio.sleep(3600)

asyncio.run(main())
"""


async def test_what_a_killed_member_had_goes_to_another(kafka: Kafka) -> None:
    topic, group = kafka.topic("killed"), f"group.{uuid4().hex[:8]}"
    await all_sent(kafka.settings, topic, range(3))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READS, kafka.server, group, topic, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"0\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with reading(kafka.settings, topic, group=group) as other:
        await other.until(lambda: other.numbers == [0, 1, 2])


async def test_a_batch_of_partitions_that_went_to_another_is_not_committed(kafka: Kafka) -> None:
    topic, group = kafka.topic("went"), f"group.{uuid4().hex[:8]}"
    await all_sent(kafka.settings, topic, range(3))
    async with reading(kafka.settings, topic, group=group) as slow:
        batch = await first_batch(slow, most=2)
        consumer = slow.source._member._consumer
        consumer._coordinator._disable_heartbeat()  # as of a computer that slept
        slow.source._called = float("inf")  # and nobody sees to the membership
        async with reading(kafka.settings, topic, group=group) as other:
            await other.until(lambda: other.numbers == [0, 1, 2])
            slow.source._called = 0.0
            assert not await slow.source.commit(batch)
            assert not (await slow.take(wait=2.0)).received
    async with reading(kafka.settings, topic, group=group) as later:
        assert not (await later.take(wait=4.0)).received


async def test_a_member_with_a_name_goes_on_at_once_after_a_restart(kafka: Kafka) -> None:
    topic, group = kafka.topic("named"), f"group.{uuid4().hex[:8]}"
    await all_sent(kafka.settings, topic, range(4))
    for number in range(4):
        async with reading(kafka.settings, topic, group=group, member="trainer") as got:
            await got.until(lambda got=got: got.received, most=1)
            assert got.numbers == [number]


async def test_two_of_one_name_are_told_apart(kafka: Kafka) -> None:
    topic, group = kafka.topic("named"), f"group.{uuid4().hex[:8]}"
    await all_sent(kafka.settings, topic, range(4))
    async with reading(kafka.settings, topic, group=group, member="me") as one:
        batch = await first_batch(one, most=1)
        async with reading(kafka.settings, topic, group=group, member="me") as two:
            await first_batch(two, most=1)
            assert not await one.source.commit(batch)
            assert one.source.fault is not None
            assert "under the name of this one" in one.source.fault.message


async def until_owned(got: Reading) -> None:
    await got.until(lambda: got.source._member._owned.any, wait=0.2)


async def test_a_call_that_is_cancelled_takes_nothing_away(kafka: Kafka) -> None:
    topic = kafka.topic("cancelled")
    async with reading(kafka.settings, topic) as got:
        await until_owned(got)
        sent = 0
        async with asyncio.timeout(PATIENCE_S):
            while sent < 40:
                taking = asyncio.create_task(got.take(wait=5.0))
                await asyncio.sleep(0.01 * (sent % 5))
                await asyncio.to_thread(kafka.send, topic, encode(task(sent)))
                sent += 1
                taking.cancel()
                await asyncio.wait((taking,))
        await got.until(lambda: len(got.received) == sent)
    assert got.numbers == list(range(sent))


async def test_a_topic_that_is_not_there_yet_is_said_and_waited_for(kafka: Kafka) -> None:
    topic = f"not-yet.{uuid4().hex[:8]}"
    async with reading(kafka.settings, topic) as got:
        await got.until(lambda: got.faults)
        assert got.faults[-1].code == "no-topic" and topic in got.faults[-1].message
        await make_topics(access_of(kafka.settings), [topic], partitions=1)
        await all_sent(kafka.settings, topic, [1])
        await got.until(lambda: got.numbers == [1])
        assert got.source.fault is None


def test_what_can_be_no_topic() -> None:
    with pytest.raises(UsageError, match="can be no topic"):
        KafkaSource(access_of(Settings()), group="g", topics=["a b"])


# No broker


async def test_wrong_credentials(kafka: Kafka) -> None:
    async with reading(kafka.login(password="wrong"), "t") as got:
        await got.until(lambda: got.faults)
    assert got.faults[0].code == BusAuth.code
    assert "refuses the credentials" in got.faults[0].message
    assert "KAFKA_SASL_PLAIN_PASSWORD" in got.faults[0].hint


async def test_nobody_listens_and_then_somebody_does(kafka: Kafka) -> None:
    topic = kafka.topic("appears")
    await all_sent(kafka.settings, topic, [1])
    kafka.stop()
    try:
        async with reading(kafka.settings, topic) as got:
            await got.until(lambda: got.faults)
            assert "the connection is refused" in got.faults[0].message
            await asyncio.to_thread(kafka.start)
            await got.until(lambda: got.numbers == [1])
            assert got.source.fault is None
    finally:
        kafka.start()


async def test_no_such_host() -> None:
    async with reading(Settings(kafka_bootstrap="no-such-host.invalid:9092"), "t") as got:
        await got.until(lambda: got.faults)
    assert "has no address" in got.faults[0].message


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
async def test_what_listens_is_no_kafka(answer: bytes | None) -> None:
    async with listening(answer) as settings, reading(settings, "t") as got:
        assert not (await got.take(wait=0.1)).end
        await got.until(lambda: got.faults)
        assert settings.kafka_bootstrap in got.faults[0].message and got.faults[0].hint


async def test_the_controller_s_port_is_none_for_clients(kafka: Kafka) -> None:
    async with reading(Settings(kafka_bootstrap=f"127.0.0.1:{kafka.port + 1}"), "t") as got:
        await got.until(lambda: got.faults)
    assert "does not answer as a Kafka broker" in got.faults[0].message


async def test_a_broker_that_hangs_and_goes_on(kafka: Kafka) -> None:
    topic = kafka.topic("hangs")
    async with reading(kafka.settings, topic) as got:
        await until_owned(got)
        kafka.hang(on=True)
        try:
            await got.until(lambda: got.faults)
            assert kafka.server in got.faults[0].message
        finally:
            kafka.hang(on=False)
        await all_sent(kafka.settings, topic, [1])
        await got.until(lambda: got.numbers == [1])


async def test_a_broker_that_hangs_is_seen_while_messages_are_worked_on(kafka: Kafka) -> None:
    topic = kafka.topic("hangs")
    await all_sent(kafka.settings, topic, [1])
    async with reading(kafka.settings, topic) as got:
        batch = await first_batch(got)
        kafka.hang(on=True)
        try:
            await until(lambda: got.source.fault is not None)
            assert got.source.fault is not None and kafka.server in got.source.fault.message
        finally:
            kafka.hang(on=False)
        await until(lambda: got.source.fault is None)
        await got.source.commit(batch)
        await all_sent(kafka.settings, topic, [2])
        await got.until(lambda: 2 in got.numbers)


async def test_what_the_library_does_not_expect_ends_no_membership_for_good(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = kafka.topic("odd")
    await all_sent(kafka.settings, topic, [1])
    met: list[object] = []

    def broken(*_: object, **__: object) -> None:
        met.append(1)
        raise TypeError("what nobody thought of")

    async with reading(kafka.settings, topic) as got:
        await first_batch(got)
        with monkeypatch.context() as patch:
            patch.setattr("agent_core.streaming.grouping.exchanged", broken)
            await until(lambda: met)
        await got.until(lambda: len(got.received) == 2)  # as it was not committed
    assert got.numbers == [1]


async def test_the_end_comes_soon_where_a_broker_hangs(kafka: Kafka) -> None:
    topic = kafka.topic("hangs")
    async with reading(kafka.settings, topic) as got:
        await until_owned(got)
        kafka.hang(on=True)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await got.source.aclose()
        finally:
            kafka.hang(on=False)


async def test_nothing_is_missed_of_a_topic_that_is_removed_and_made_again(kafka: Kafka) -> None:
    topic = kafka.topic("anew")
    kafka.send(topic, *(encode(task(number)) for number in range(3)))
    async with reading(kafka.settings, topic) as got:
        await got.until(lambda: len(got.received) == 3)
        kafka.admin.delete_topics([topic])
        async with asyncio.timeout(PATIENCE_S):
            while not await make_topics(access_of(kafka.settings), (topic,), partitions=1):
                await asyncio.sleep(0.05)  # its removal was not told to all yet
        await all_sent(kafka.settings, topic, range(10, 60))
        await got.until(lambda: len(set(got.numbers)) >= 53)
        assert got.source.fault is None
    assert sorted(got.numbers) == [0, 1, 2, *range(10, 60)]
