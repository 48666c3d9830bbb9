"""Topics, offsets, rates and groups of a genuine Kafka, and what is said where there is none."""

from __future__ import annotations

import asyncio
import socket
from contextlib import aclosing
from pathlib import Path

import pytest
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from agent_core.config import Settings
from agent_core.errors import BusAuth, BusFault, BusUnreachable, NoTopic
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.names import reader_of, tasks, workers
from agent_core.streaming.tail import tail
from agent_core.streaming.values import BusNotice, BusReading, TailQuery, waiting_for
from tests.agent_core.streaming.messaging import PATIENCE_S, listening
from tests.fixtures_kafka import USER, Kafka, free_ports, kafka_server

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("nothing_is_left")]


async def look(settings: Settings, *topics: str) -> BusReading:
    async with BusAdmin(access_of(settings)) as admin:
        return await admin.look(topics)


async def test_topics_with_partitions_and_offsets(kafka: Kafka) -> None:
    one, two = kafka.topic("look.a", partitions=3), kafka.topic("look.b")
    kafka.send(one, b"1", b"2", partition=0)
    kafka.send(one, b"3", partition=2)
    reading = await look(kafka.settings, "look.*")
    topics = {topic.name: topic for topic in reading.topics}
    assert [(each.begin, each.end, each.leader) for each in topics[one].partitions] == [
        (0, 2, 1),
        (0, 0, 1),
        (0, 1, 1),
    ]
    assert (topics[one].messages, topics[two].messages) == (3, 0)


async def test_the_bus_s_own_topics_are_shown_when_they_are_named(kafka: Kafka) -> None:
    topic = kafka.topic()
    with_group(kafka, topic, "own", read=0)
    assert not any(topic.internal for topic in (await look(kafka.settings)).topics)
    reading = await look(kafka.settings, "__consumer_offsets")
    assert [(each.name, each.internal) for each in reading.topics] == [("__consumer_offsets", True)]


async def test_messages_per_second(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, pause = kafka.topic("rate", partitions=2), asyncio.sleep

    async def meanwhile(seconds: float) -> None:
        for partition in (0, 1):
            await asyncio.to_thread(kafka.send, topic, *([b"x"] * 50), partition=partition)
        await pause(seconds)

    async with BusAdmin(access_of(kafka.settings)) as admin:
        monkeypatch.setattr("agent_core.streaming.admin.asyncio.sleep", meanwhile)
        rate = (await admin.measure([topic], seconds=1)).topics[0].rate
    assert rate is not None and 0 < rate <= 100


def with_group(kafka: Kafka, topic: str, group: str, *, read: int) -> None:
    """A group that has read so many messages of the topic, and went."""
    consumer = kafka.consumer(group)
    consumer.subscribe([topic])
    count = 0
    while not consumer.assignment() or count < read:
        count += sum(map(len, consumer.poll(500, max_records=max(1, read - count)).values()))
    consumer.commit()
    consumer.close()


async def test_how_far_a_group_is_behind(kafka: Kafka) -> None:
    topic, other = kafka.topic("lag", partitions=2), kafka.topic("lag")
    kafka.send(topic, *(b"%d" % number for number in range(10)), partition=0)
    kafka.send(topic, *(b"%d" % number for number in range(10)), partition=1)
    with_group(kafka, topic, f"group-{topic}", read=13)
    with_group(kafka, other, f"group-{other}", read=0)
    reading = await look(kafka.settings, topic)
    assert [(group.name, group.state, group.members) for group in reading.groups] == [
        (f"group-{topic}", "Empty", 0)
    ]
    assert reading.groups[0].lag == 7


RIGHTS = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


async def allow(kafka: Kafka, *rights: tuple[ResourceType, str]) -> None:
    """Let the user of the listeners with a login see this."""
    who, may = f"User:{USER}", ACLPermissionType.ALLOW
    kafka.admin.create_acls(
        [ACL(who, "*", ACLOperation.DESCRIBE, may, ResourcePattern(kind, name)) for kind, name in rights]
    )
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    any_of = ACLFilter(who, "*", ACLOperation.ANY, ACLPermissionType.ANY, anything)
    async with asyncio.timeout(PATIENCE_S):
        while len(kafka.admin.describe_acls(any_of)[0]) < len(rights):
            await asyncio.sleep(0.1)


async def test_a_group_that_one_may_not_see_is_none_that_has_read_nothing(kit: Path, tmp_path: Path) -> None:
    queues = [tasks(name) for name in ("seen", "hidden", "new")]
    with kafka_server(kit, tmp_path, extra=RIGHTS) as kafka:
        kafka.admin.create_topics(
            {name: {"num_partitions": 1, "replication_factor": 1} for name in queues}, wait_for_metadata=True
        )
        for name in queues:
            kafka.send(name, b"1", b"2", b"3")
        reading = await look(kafka.settings, *queues)
        assert not reading.groups and not reading.untold
        assert [topic for topic in kafka.admin.list_topics() if topic not in queues] == [], "none was made"
        for name in queues[:2]:
            with_group(kafka, name, reader_of(name), read=2)
        group, seen = ResourceType.GROUP, (workers("seen"), workers("new"))
        await allow(kafka, *((group, name) for name in seen), (ResourceType.TOPIC, "*"))
        reading = await look(kafka.login(), *queues)
        assert [(group.name, group.lag) for group in reading.groups] == [(workers("seen"), 1)]
        assert reading.untold.keys() == {workers("hidden")} and "does not allow" in reading.note
        waiting = [waiting_for(reading, reader_of(name), name) for name in queues]
        assert waiting == [1, None, 3]

        await allow(
            kafka, (ResourceType.CLUSTER, "kafka-cluster")
        )  # the list has it; what it read is not told
        reading = await look(kafka.login(), *queues)
        assert [(group.name, group.lag) for group in reading.groups] == [(workers("seen"), 1)]
        assert reading.untold.keys() == {workers("hidden")}


async def test_a_topic_that_is_not_there(kafka: Kafka) -> None:
    kafka.topic("here")
    with pytest.raises(NoTopic, match=r"no\.such") as caught:
        await look(kafka.settings, "no.such")
    assert "here" in caught.value.hint


async def test_one_admin_survives_the_broker(kafka: Kafka) -> None:
    topic = kafka.topic()
    async with BusAdmin(access_of(kafka.settings)) as admin:
        await admin.look([topic])
        kafka.stop(hard=True)
        try:
            with pytest.raises(BusUnreachable):
                await admin.look([topic])
        finally:
            kafka.start()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    reading = await admin.look([topic])
                    break
                except BusFault:
                    await asyncio.sleep(0.25)
        assert [each.name for each in reading.topics] == [topic]


# Security


async def test_with_a_login(kafka: Kafka) -> None:
    topic = kafka.topic()
    assert [each.name for each in (await look(kafka.login(), topic)).topics] == [topic]


async def test_with_tls(kafka: Kafka) -> None:
    topic = kafka.topic()
    assert [each.name for each in (await look(kafka.tls(), topic)).topics] == [topic]


async def test_wrong_credentials_are_no_broker_that_is_absent(kafka: Kafka) -> None:
    for _ in range(8):
        with pytest.raises(BusAuth, match="refuses the credentials") as caught:
            await look(kafka.login(password="wrong-password"))
    assert "KAFKA_SASL_PLAIN_PASSWORD" in caught.value.hint
    assert "wrong-password" not in caught.value.message + caught.value.hint


async def test_a_certificate_that_nobody_vouches_for(kafka: Kafka) -> None:
    with pytest.raises(BusAuth, match="not trusted"):
        await look(kafka.tls(trusted=False))


async def test_a_login_where_none_is_taken(kafka: Kafka) -> None:
    security = dict(kafka.login().kafka_security)
    settings = Settings(kafka_bootstrap=kafka.server, kafka_security=security, kafka_sasl_plain_password="x")
    with pytest.raises(BusAuth, match="logging in"):
        await look(settings)


# No broker


async def test_nobody_listens() -> None:
    settings = Settings(kafka_bootstrap=f"127.0.0.1:{free_ports(1)}")
    with pytest.raises(BusUnreachable, match="refused") as caught:
        await look(settings)
    assert "KAFKA_BOOTSTRAP" in caught.value.hint


async def test_no_such_host() -> None:
    with pytest.raises(BusUnreachable, match="no address"):
        await look(Settings(kafka_bootstrap="no-such-host.invalid:9092"))


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
async def test_what_listens_is_no_kafka(answer: bytes | None) -> None:
    async with listening(answer) as settings:
        with pytest.raises(BusUnreachable, match=settings.kafka_bootstrap):
            await look(settings)


async def test_the_controller_s_port_is_none_for_clients(kafka: Kafka) -> None:
    with pytest.raises(BusUnreachable, match="does not answer as a Kafka broker") as raised:
        await look(Settings(kafka_bootstrap=f"127.0.0.1:{kafka.port + 1}"))
    assert "something else has this port" in raised.value.hint, "starting another one would not help"


async def test_a_broker_that_names_an_address_where_it_is_not(kit: Path, tmp_path: Path) -> None:
    elsewhere = "advertised.listeners=PLAINTEXT://kafka.invalid:29092\n"
    with kafka_server(kit, tmp_path, extra=elsewhere) as kafka:
        with pytest.raises(BusUnreachable, match=r"kafka\.invalid:29092 has no address") as caught:
            await look(kafka.settings)
        query = TailQuery(topics=("t*",), follow=True)
        async with aclosing(tail(access_of(kafka.settings), query)) as batches:
            (lost,) = await anext(batches)
    assert isinstance(lost, BusNotice) and lost.error is not None
    assert "kafka.invalid:29092" in lost.error.message
    assert kafka.server in caught.value.hint and "advertised.listeners" in caught.value.hint


async def test_closing_while_it_waits_takes_no_time(kafka: Kafka) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings = Settings(kafka_bootstrap=f"127.0.0.1:{silent.getsockname()[1]}")
        admin = BusAdmin(access_of(settings))
        looking = asyncio.create_task(admin.look())
        await asyncio.sleep(0.5)
        await admin.aclose()
        with pytest.raises(BusFault):
            await looking
