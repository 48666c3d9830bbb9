"""Which messages a batch of our own data source has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from agent_core.logs.stream.mining import RawMessage, mine
from agent_core.streaming.access import access_of
from stack.services.spark.options import source_options
from tests.fixtures_kafka import Kafka
from tests.fixtures_spark import eventually

pytestmark = pytest.mark.spark


@pytest.fixture
def limited() -> Any:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    from stack.services.spark.data_source import _limited  # pyright: ignore[reportPrivateUsage]

    return _limited


def test_a_batch_takes_of_each_partition_its_share(limited: Any) -> None:
    begin = {"a": {"0": 10, "1": 0}, "b": {"0": 5}}
    end = {"a": {"0": 110, "1": 300}, "b": {"0": 6}}
    assert limited(begin, end, SimpleNamespace(max_rows=1000)) == end
    some = limited(begin, end, SimpleNamespace(max_rows=40))
    taken = {
        (topic, place): offset - begin[topic][place]
        for topic in some
        for place, offset in some[topic].items()
    }
    assert sum(taken.values()) <= 40 and taken["b", "0"] == 1 and taken["a", "1"] > taken["a", "0"] > 0


def test_nothing_is_passed_over_by_many_small_batches(limited: Any) -> None:
    begin = {"a": {str(place): 0 for place in range(7)}}
    end = {"a": {str(place): place * 3 for place in range(7)}}
    for _ in range(40):
        before, begin = begin, limited(begin, end, SimpleNamespace(max_rows=5))
        assert begin == end or sum(begin["a"].values()) > sum(before["a"].values())
    assert begin == end


MakeReader = Callable[[str], Any]


@pytest.fixture
def reader(kafka: Kafka) -> Iterator[MakeReader]:
    """Makes readers of a topic, as Spark does in its processes."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    from stack.services.spark import data_source

    def make(topic: str) -> Any:
        return data_source.Reader(
            {**source_options(access_of(kafka.settings)), "subscribePattern": re.escape(topic)}
        )

    yield make
    clients = data_source._CLIENTS  # pyright: ignore[reportPrivateUsage]
    while clients:
        clients.popitem()[1].close()


def delete(kafka: Kafka, topic: str) -> None:
    kafka.admin.delete_topics([topic])
    eventually(lambda: topic not in kafka.admin.list_topics())


def make_anew(kafka: Kafka, topic: str, messages: int) -> None:
    delete(kafka, topic)
    kafka.admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    kafka.close()  # its producer knows the other topic of the name
    kafka.send(topic, *(b"new %d" % number for number in range(messages)))


def read(reader: Any, start: Any, end: Any) -> list[bytes]:
    """What a batch has."""
    batches = [batch for task in reader.partitions(start, end) for batch in reader.read(task)]
    return [value for batch in batches for value in batch.column("value").to_pylist()]


@pytest.mark.kafka
def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    kafka: Kafka, reader: MakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    topic = kafka.topic("logs.raw.anew")
    kafka.send(topic, *(b"old" for _ in range(20)))
    ours = reader(topic)
    start = ours.latestOffset({topic: {"0": 0}})
    assert start == {topic: {"0": 20}}
    make_anew(kafka, topic, 5)
    end = ours.latestOffset(start, ours.getDefaultReadLimit())
    assert read(ours, start, end) == [b"new %d" % number for number in range(5)]
    assert "made anew" in caplog.text
    caplog.clear()
    kafka.send(topic, b"later")
    assert read(ours, end, ours.latestOffset(end)) == [b"later"] and not caplog.text


@pytest.mark.kafka
def test_small_batches_of_a_topic_that_was_made_anew_have_all_of_it(kafka: Kafka, reader: MakeReader) -> None:
    from pyspark.sql.streaming.datasource import ReadMaxRows

    topic = kafka.topic("logs.raw.anew")
    kafka.send(topic, *(b"old" for _ in range(20)))
    ours = reader(topic)
    at = ours.latestOffset({topic: {"0": 0}})
    make_anew(kafka, topic, 5)
    seen: list[bytes] = []
    for _ in range(3):
        before, at = at, ours.latestOffset(at, ReadMaxRows(2))
        seen += read(ours, before, at)
    assert seen == [b"new %d" % number for number in range(5)]


@pytest.mark.kafka
def test_a_topic_that_is_gone_is_forgotten(
    kafka: Kafka, reader: MakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    topic = kafka.topic("logs.raw.gone")
    kafka.send(topic, b"old")
    ours = reader(topic)
    delete(kafka, topic)
    assert ours.latestOffset({topic: {"0": 1}}) == {}
    assert f"{topic}/0 is gone" in caplog.text


@pytest.mark.kafka
@pytest.mark.parametrize("known", [{"0": 1}, {}], ids=["read before", "new"])
def test_a_batch_ends_where_its_topic_is_gone_since_it_was_planned(
    kafka: Kafka, reader: MakeReader, caplog: pytest.LogCaptureFixture, known: dict[str, int]
) -> None:
    topic = kafka.topic("logs.raw.planned")
    kafka.send(topic, *(b"old" for _ in range(3)))
    ours = reader(topic)
    planned = ours.partitions({topic: known}, {topic: {"0": 3}})
    delete(kafka, topic)
    assert [batch for task in planned for batch in ours.read(task)] == []
    assert read(ours, {topic: known}, {topic: {"0": 3}}) == []  # as when it is planned again
    assert f"{topic}/0 is gone" in caplog.text


@pytest.mark.kafka
@pytest.mark.parametrize(("start", "left"), [(1, [b"new 1", b"new 2"]), (7, [])])
def test_a_batch_ends_where_its_topic_was_made_anew_since_it_was_planned(
    kafka: Kafka, reader: MakeReader, caplog: pytest.LogCaptureFixture, start: int, left: list[bytes]
) -> None:
    topic = kafka.topic("logs.raw.planned")
    kafka.send(topic, *(b"old" for _ in range(9)))
    ours = reader(topic)
    (task,) = ours.partitions({topic: {"0": start}}, {topic: {"0": 9}})
    make_anew(kafka, topic, 3)
    assert [value for batch in ours.read(task) for value in batch.column("value").to_pylist()] == left
    assert f"{topic}/0 ends at 3, before 9" in caplog.text


class NoText(str):
    """A header's name that is no UTF-8."""

    def encode(self, encoding: str = "", errors: str = "") -> bytes:
        return b"\xff\xfe"


@pytest.mark.kafka
def test_what_cannot_be_read_is_passed_by_and_counted(
    kafka: Kafka, reader: MakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    topic = kafka.topic("logs.raw.unread", partitions=1)
    kafka.send(topic, b"one", b"two")
    for number in (1, 2):
        kafka.producer.send(topic, b"bad %d" % number, headers=[(NoText("k"), b"v")]).get(20)
    kafka.send(topic, b"three")
    kafka.producer.send(topic, b"bad 3", headers=[(NoText("k"), b"v")]).get(20)
    ours = reader(topic)
    values = read(ours, {topic: {"0": 0}}, {topic: {"0": 6}})
    assert [value if b"schema" not in value else None for value in values] == [
        b"one", b"two", None, None, b"three", None,
    ]  # fmt: skip
    mined = mine(None, [RawMessage(0, at, 1.0, value) for at, value in enumerate(values)], service="a")
    assert (mined.lines, mined.broken) == (3, 3)
    assert f"{topic}/0 cannot be read from 2 to 3" in caplog.text
    assert read(ours, {topic: {"0": 4}}, {topic: {"0": 5}}) == [b"three"]


@pytest.mark.parametrize("milliseconds", [-(2**62), -1, 2**62])
def test_a_time_that_no_clock_has_is_one_that_spark_takes(milliseconds: int) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from stack.services.spark.rows import batch_of

    message = SimpleNamespace(key=None, value=b"", topic="a", partition=0, offset=0, timestamp=milliseconds)
    (at,) = batch_of([message]).column("timestamp").to_pylist()
    assert 1 <= at.year <= 9999
