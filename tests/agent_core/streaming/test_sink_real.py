"""What becomes of messages where a broker is absent, lost, hangs, or is none at all."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from agent_core.config import Settings
from agent_core.errors import BusAuth, BusFault, NoTopic
from agent_core.streaming.access import access_of
from agent_core.streaming.making import make_topics
from agent_core.streaming.messages import MOST_BYTES
from tests.agent_core.streaming.between import Between
from tests.agent_core.streaming.messaging import PATIENCE_S, listening, reading, sink, task, until
from tests.fixtures_kafka import USER, Kafka, free_ports, kafka_server

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("nothing_is_left")]


def nobody() -> Settings:
    """An address where nobody listens."""
    return Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)}")


async def numbers_in(settings: Settings, topic: str, count: int) -> list[int]:
    """Of the tasks that are in a topic, with repeats, once there are so many different ones."""
    async with reading(settings, topic) as got:
        await got.until(lambda: len(set(got.numbers)) >= count)
        while (await got.take(wait=1.0)).end:
            pass
    return [int(each.message.id) for each in got.received]


async def test_what_no_broker_took_is_sent_by_a_later_program(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("later")
    async with sink(nobody(), tmp_path) as first:
        for number in range(100):
            first.send(topic, task(number))
        await until(lambda: first.standing.fault)
        standing = first.standing
    assert standing.waiting == 100 and standing.waiting_bytes > 0 and standing.sent == 0
    assert standing.fault is not None and standing.fault.code == "bus-unreachable"
    assert "the connection is refused" in standing.fault.message
    async with sink(kafka.settings, tmp_path) as second:
        await until(lambda: second.standing.sent == 100)
        second.send(topic, task(100))
        await second.delivered()
    assert await numbers_in(kafka.settings, topic, 101) == list(range(101))
    assert list(tmp_path.iterdir()) == []


async def test_in_memory_the_bound_holds_and_what_was_dropped_is_said(kafka: Kafka) -> None:
    topic, port = kafka.topic("bound"), free_ports(1)
    async with sink(Settings(kafka_bootstrap=f"127.0.0.1:{port}"), most_bytes=20_000) as sending:
        for number in range(1000):
            sending.send(topic, task(number, "x" * 100))
        standing = sending.standing
        assert standing.waiting_bytes <= 20_000
        assert standing.waiting + standing.dropped == 1000
        with Between(port, kafka.port):  # the client only begins there
            with pytest.raises(BusFault, match="dropped: there was no more room") as caught:
                await sending.delivered()
            assert f"{standing.dropped:,}" in caught.value.message
            await sending.delivered()  # it is said once
    kept = await numbers_in(kafka.settings, topic, standing.waiting)
    assert kept == list(range(standing.dropped, 1000))


async def test_on_disk_the_bound_holds(tmp_path: Path) -> None:
    async with sink(nobody(), tmp_path, most_bytes=50_000) as sending:
        for number in range(2000):
            sending.send("t", task(number, "x" * 100))
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        await until(lambda: sending.standing.fault)
    standing = sending.standing
    assert standing.waiting + standing.dropped == 2000 and standing.dropped > 1500
    assert 0 < sum(file.stat().st_size for file in tmp_path.rglob("*.messages")) < 100_000


async def test_a_topic_that_is_not_there_is_said_and_nothing_waits_for_it(kafka: Kafka) -> None:
    topic = kafka.topic("behind")
    async with sink(kafka.settings) as sending:
        sending.send("no.such.topic", task(1))
        sending.send(topic, task(2))
        await until(lambda: sending.standing.sent == 1)
        with pytest.raises(NoTopic, match=r"no\.such\.topic") as caught:
            await sending.delivered()
        assert "stack topics" in caught.value.hint
        sending.send(topic, task(3))
        await sending.delivered()
        assert (sending.standing.refused, sending.standing.sent, sending.standing.fault) == (1, 2, None)


async def test_a_topic_that_is_made_meanwhile_gets_its_messages(kafka: Kafka) -> None:
    topic = f"meanwhile.{uuid4().hex[:8]}"
    async with sink(kafka.settings) as sending:
        for number in range(3):
            sending.send(topic, task(number))
        await until(lambda: sending._pump._way.any_held)
        await make_topics(access_of(kafka.settings), [topic], partitions=1)
        await sending.delivered()
    assert await numbers_in(kafka.settings, topic, 3) == [0, 1, 2]


async def test_a_message_that_is_too_long_for_the_broker_is_said_and_those_beside_it_go(kafka: Kafka) -> None:
    topic = kafka.topic("small", max_message_bytes="20000")
    async with sink(kafka.settings) as sending:
        for number in range(50):
            sending.send(topic, task(number, "x" * (50_000 if number == 25 else 1000)))
        with pytest.raises(BusFault, match="too long for Kafka") as caught:
            await sending.delivered()
        assert "max.message.bytes" in caught.value.hint
        assert (sending.standing.sent, sending.standing.refused) == (49, 1)
    assert sorted(await numbers_in(kafka.settings, topic, 49)) == [*range(25), *range(26, 50)]


async def test_a_message_of_5_mb_is_not_taken_at_all() -> None:
    async with sink(nobody()) as sending:
        with pytest.raises(BusFault, match=f"{MOST_BYTES:,} is the most"):
            sending.send("t", task(1, "x" * 5_000_000))
        assert sending.standing.waiting == 0


async def test_a_broker_that_hangs(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("hang")
    async with sink(kafka.settings, tmp_path) as sending:
        sending.send(topic, task(0))
        await sending.delivered()
        kafka.hang(on=True)
        try:
            for number in range(1, 50):
                sending.send(topic, task(number))
            await until(lambda: sending.standing.fault)
            fault = sending.standing.fault
            assert fault is not None and kafka.server in fault.message
            async with asyncio.timeout(PATIENCE_S):
                await sending.aclose()
        finally:
            kafka.hang(on=False)
    async with sink(kafka.settings, tmp_path) as later:
        await later.delivered()
        await until(lambda: not later.standing.waiting)
    assert list(dict.fromkeys(await numbers_in(kafka.settings, topic, 50))) == list(range(50))


async def test_wrong_credentials_are_said_and_what_waits_is_kept(kafka: Kafka, tmp_path: Path) -> None:
    topic = kafka.topic("login")
    async with sink(kafka.login(password="wrong"), tmp_path) as sending:
        sending.send(topic, task(0))
        await until(lambda: sending.standing.fault)
        fault = sending.standing.fault
    assert fault is not None and fault.code == BusAuth.code and "refuses the credentials" in fault.message
    assert "wrong" not in fault.message + fault.hint
    async with sink(kafka.login(), tmp_path) as later:
        await until(lambda: later.standing.sent == 1)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
async def test_what_listens_is_no_kafka(answer: bytes | None, tmp_path: Path) -> None:
    async with listening(answer) as settings, sink(settings, tmp_path) as sending:
        sending.send("t", task(0))
        await until(lambda: sending.standing.fault)
        fault = sending.standing.fault
        assert fault is not None and settings.kafka_bootstrap in fault.message and fault.hint


async def test_the_end_comes_soon_where_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with sink(
            Settings(kafka_bootstrap=f"127.0.0.1:{silent.getsockname()[1]}"), tmp_path
        ) as sending:
            sending.send("t", task(0))
            await asyncio.sleep(0.3)
            async with asyncio.timeout(PATIENCE_S):
                await sending.aclose()
    assert len(list(tmp_path.rglob("*.messages"))) == 1


RIGHTS = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


async def test_a_right_that_is_missing_is_said_and_those_beside_it_go(kit: Path, tmp_path: Path) -> None:
    with kafka_server(kit, tmp_path, extra=RIGHTS) as kafka:
        seen, mine = kafka.topic("seen"), kafka.topic("mine")
        hidden = kafka.topic("hidden")
        kafka.admin.create_acls(
            [allowed(seen, ACLOperation.DESCRIBE), allowed(mine, ACLOperation.ALL), allowed("*", None)]
        )
        async with sink(kafka.login()) as sending:
            for number in range(300):
                sending.send((seen, mine, hidden)[number % 3], task(number))
            with pytest.raises(BusFault) as caught:
                await sending.delivered()
            assert (sending.standing.sent, sending.standing.refused) == (100, 200)
            faults = {fault.message for _, fault in sending._given_up}
        assert caught.value.message in faults
        assert f"There is no topic {hidden}" in faults
        assert any("does not allow this" in fault for fault in faults)
        assert sorted(await numbers_in(kafka.settings, mine, 100)) == list(range(1, 300, 3))


def allowed(name: str, operation: Any) -> Any:
    """A right of the user of the listeners with a login; None for that on the cluster to send at all."""
    kind = ResourceType.TOPIC
    if operation is None:
        kind, name, operation = ResourceType.CLUSTER, "kafka-cluster", ACLOperation.IDEMPOTENT_WRITE
    return ACL(f"User:{USER}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name))


SENDS = """
import asyncio, sys
from pathlib import Path
from agent_core.config import Settings
from agent_core.streaming.access import access_of
from agent_core.streaming.messages import Task
from agent_core.streaming.sink import KafkaSink

async def main():
    server, folder, topic = sys.argv[1:]
    sink = KafkaSink(access_of(Settings(kafka_bootstrap=server)), folder=Path(folder))
    for number in range(1_000_000):
        sink.send(topic, Task(id=str(number), at=1.0, text="x"), key="k")
        print(number, flush=True)
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


@pytest.mark.parametrize("there", [False, True])
async def test_nothing_is_lost_of_a_program_that_is_killed(kafka: Kafka, tmp_path: Path, there: bool) -> None:
    topic = kafka.topic("killed")
    settings = kafka.settings if there else nobody()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDS, settings.kafka_bootstrap, str(tmp_path), topic,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(1000):
        await process.stdout.readline()
    if there:
        async with reading(settings, topic) as got:
            await got.until(lambda: len(set(got.numbers)) >= 1000)
    else:
        await until(lambda: any(b'"999"' in file.read_bytes() for file in tmp_path.rglob("*.messages")))
    process.send_signal(signal.SIGKILL)
    await process.stdout.read()
    await process.wait()
    async with sink(kafka.settings, tmp_path) as later:
        await until(lambda: not any(tmp_path.rglob("*.messages")) and not later.standing.waiting)
        later.send(topic, task(5_000_000), key="k")
        await later.delivered()
    async with reading(kafka.settings, topic) as got:
        await got.until(lambda: 5_000_000 in got.numbers)
    found = list(dict.fromkeys(got.numbers))
    assert found[-1] == 5_000_000
    assert found[:-1] == list(range(len(found) - 1))
    assert len(found) - 1 >= 1000  # what was written; those of the last moment may not be
