"""What becomes of a batch whose topics cannot all be made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_core.errors import BusAuth, BusUnreachable
from agent_core.streaming.access import access_of
from stack.services.spark.query import Topics
from tests.fixtures_kafka import Kafka
from tests.fixtures_spark import Job, Told, eventually, job


def colliding(kafka: Kafka) -> str:
    """A topic of key events that cannot be made, as there is one that Kafka takes for the same."""
    head, _, last = kafka.topic("logs.ctx.a").rpartition(".")
    return f"{head}_{last}"


def lines(error: str) -> list[bytes]:
    """Two hundred of a program, the last one an error."""
    usual = (f"INFO web: served request {number} in 3 ms".encode() for number in range(199))
    return [*usual, f"ERROR web: {error}".encode()]


def warned(running: Job, text: str) -> bool:
    """Whether the job's log has a warning with this."""
    said = [json.loads(line) for line in running.log.read_text().splitlines() if text in line]
    return any(each["level"] == "warning" for each in said)


@pytest.mark.kafka
def test_what_cannot_be_made_is_left_out_and_told_once(
    kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = colliding(kafka), kafka.topic("logs.ctx.good")
    new = f"{good}.new"
    topics = Topics(access_of(kafka.settings))
    for _ in range(2):
        assert topics.usable({bad, good, new}) == {good, new}
    (said,) = [record.getMessage() for record in caplog.records if record.name.endswith("query")]
    assert bad in said and "beside logs.ctx.a." in said and "for the same" in said
    assert new in kafka.admin.list_topics()


@pytest.mark.kafka
def test_nothing_is_left_out_where_the_whole_bus_fails(
    kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(BusAuth, match="credentials"):
        Topics(access_of(kafka.login(password="another"))).usable({"logs.ctx.a"})
    kafka.stop()
    try:
        with pytest.raises(BusUnreachable):
            Topics(access_of(kafka.settings)).usable({"logs.ctx.a"})
    finally:
        kafka.start()
    assert not [record for record in caplog.records if record.name.endswith("query")]


@pytest.mark.kafka
@pytest.mark.spark
def test_the_job_goes_on_without_a_topic_that_cannot_be_made_and_one_that_is_gone(
    kafka: Kafka, connector: object, tmp_path: Path
) -> None:
    bad = colliding(kafka)
    service = bad.removeprefix("logs.ctx.")
    other, gone = kafka.topic("logs.raw.other"), kafka.topic("logs.raw.gone")
    kafka.admin.create_topics(
        {f"logs.raw.{service}": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True
    )
    for topic in (f"logs.raw.{service}", other, gone):
        kafka.send(topic, *lines("no route to host"))
    told = Told(kafka, other.removeprefix("logs.raw."))
    with job(kafka.settings, tmp_path / "job", jars=None) as running:
        told.until(other.removeprefix("logs.raw."), 200)
        eventually(lambda: warned(running, f"{bad} cannot be made"))
        kafka.admin.delete_topics([gone])
        eventually(lambda: warned(running, f"{gone}/0 is gone"))
        kafka.send(other, *lines("the disk is full"))
        told.until(other.removeprefix("logs.raw."), 400)
        assert running.stop() == 0
    told.close()
