"""What Spark's connector does not read, or passes by: our own data source does, where the other was."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.streaming.values import PartitionInfo, TopicInfo
from stack.services.spark.detour import known, made_anew
from stack.services.spark.query import caught_up
from tests.fixtures_kafka import Kafka
from tests.fixtures_spark import Told, eventually, job


def lines(error: str, *, count: int = 50) -> list[bytes]:
    """Lines of a program, the last one an error."""
    usual = (f"INFO web: served request {number} in 3 ms".encode() for number in range(count - 1))
    return [*usual, f"ERROR web: {error}".encode()]


def test_what_ends_before_it_was_read_to_was_made_anew(tmp_path: Path) -> None:
    notes = tmp_path / "checkpoint" / "offsets"
    assert known(tmp_path) == {}
    notes.mkdir(parents=True)
    (notes / "9").write_text('v1\n{"batchWatermarkMs":0}\n{"logs.raw.a":{"0":9}}')
    (notes / "10").write_text(
        'v1\n{"batchWatermarkMs":0}\n{"logs.raw.a":{"0":20,"1":4},"logs.raw.gone":{"0":3}}'
    )
    (notes / ".10.crc").write_bytes(b"\xff")
    (tmp_path / "checkpoint" / "commits").mkdir()
    (tmp_path / "checkpoint" / "commits" / "10").write_text("v1")
    before = known(tmp_path)
    assert before == {("logs.raw.a", "0"): 20, ("logs.raw.a", "1"): 4, ("logs.raw.gone", "0"): 3}

    def topic(*ends: int | None) -> TopicInfo:
        parts = (PartitionInfo(number=number, begin=0, end=end) for number, end in enumerate(ends))
        return TopicInfo(name="logs.raw.a", partitions=tuple(parts))

    new = TopicInfo(name="logs.raw.new", partitions=(PartitionInfo(number=0, begin=0, end=0),))
    assert made_anew(before, [topic(20, 4, 0), new]) == []
    assert made_anew(before, [topic(5, None), new]) == [("logs.raw.a", "0")]


def test_a_batch_that_comes_again_begins_where_the_one_before_ended(tmp_path: Path) -> None:
    notes, done = tmp_path / "checkpoint" / "offsets", tmp_path / "checkpoint" / "commits"
    for folder in (notes, done):
        folder.mkdir(parents=True)
    for number, end in enumerate((500, 101, 50)):
        (notes / f"{number}").write_text(f'v1\n{{}}\n{{"a":{{"0":{end}}}}}')
    (done / "1").write_text("v1")
    assert known(tmp_path) == {("a", "0"): 101}
    (done / "2").write_text("v1")
    assert known(tmp_path) == {("a", "0"): 50}


def test_a_batch_that_ends_behind_what_is_there_has_not_caught_up() -> None:
    def told(end: str, latest: str) -> dict[str, object]:
        return {"sources": [{"endOffset": end, "latestOffset": latest}]}

    assert caught_up(told('{"a":{"0":50}}', '{"a": {"0": 50}}'))
    assert not caught_up(told('{"a":{"0":101}}', '{"a":{"0":50}}'))
    assert not caught_up(told('{"a":{"0":50}}', '{"a":{"0":51}}')) and not caught_up({})


@pytest.mark.parametrize("note", [b"", b"\xff", b"v1\n[]\nnonsense"])
def test_a_note_that_cannot_be_read_says_nothing(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "checkpoint" / "offsets").mkdir(parents=True)
    (tmp_path / "checkpoint" / "offsets" / "0").write_bytes(note)
    assert known(tmp_path) == {}


@pytest.mark.kafka
@pytest.mark.spark
def test_neither_a_hostile_time_nor_a_topic_made_anew_stops_the_job_or_loses_a_line(
    kafka: Kafka, connector: Path, tmp_path: Path
) -> None:
    topic = kafka.topic("logs.raw.hostile")
    service = topic.removeprefix("logs.raw.")
    kafka.send(topic, *lines("the disk is full"))
    told = Told(kafka, service)
    with job(kafka.settings, tmp_path / "job", jars=connector) as first:
        assert "Kafka connector" in first.until("working")
        told.until(service, 50)
        # whatever else is on the broker is read, too
        eventually(lambda: first.figure("spark_lines_total") >= 50 and first.figure("spark_lag") == 0)
        counted = first.figure("spark_lines_total")
        kafka.send(topic, b"ERROR web: no clock has this time", timestamp_ms=-(2**62))
        kafka.send(topic, *lines("out of memory"))
        told.until(service, 101)
        assert "our own data source, as a message has a time" in first.health()["reason"]
        eventually(lambda: first.figure("spark_lines_total") >= counted + 51)
        assert first.figure("spark_lines_total") == counted + 51
        assert first.stop() == 0
    assert "no clock has this time" in told.text(service) and "out of memory" in told.text(service)

    kafka.admin.delete_topics([topic])
    eventually(lambda: topic not in kafka.admin.list_topics())
    kafka.admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    kafka.close()  # its producer knows the other topic of the name
    kafka.send(topic, *lines("no route to host"))
    with job(kafka.settings, tmp_path / "job", jars=connector) as second:
        told.until(service, 151)
        assert "no route to host" in told.text(service)
        eventually(lambda: "Kafka connector" in second.health()["reason"])
        kafka.send(topic, *lines("it is dark"))
        told.until(service, 201)
        eventually(lambda: second.figure("spark_lines_total") >= 100)
        assert second.figure("spark_lines_total") == 100
        assert second.stop() == 0
        log = second.log.read_text()
    assert f"{topic}/0 was made anew: it ends at 50, before 101, and is read from 0 on" in log
    assert told.repeated == 0
    told.close()
