"""Raw lines in, key events out: the job as it runs in the stack, killed, and with a broker that goes away."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import signal
import time
from pathlib import Path
from uuid import uuid4

import pytest

from agent_core.streaming.messages import RawLines, encode
from stack.services.spark.config import JARS
from tests.fixtures_kafka import PASSWORD, Kafka
from tests.fixtures_spark import Told, eventually, job

pytestmark = [pytest.mark.kafka, pytest.mark.spark]


def lines(begin: int, count: int, error: str) -> tuple[str, ...]:
    """Lines of a program; the last is an error of its own."""
    usual = [
        f"2026-11-28T10:{number // 60 % 60:02}:{number % 60:02}Z INFO web: served request {number} in 3 ms"
        for number in range(begin, begin + count - 1)
    ]
    return (*usual, f"2026-11-28T11:00:00Z ERROR web: {error}")


def send(kafka: Kafka, topic: str, first: int, written: tuple[str, ...], *, at: int = 100) -> list[bytes]:
    """Send lines of a source in blocks; what was sent."""
    blocks = [
        RawLines(
            id=f"{topic}:{first + begin}",
            at=time.time(),
            service=topic.rpartition(".")[2],
            source="web.log",
            first=first + begin,
            lines=written[begin : begin + at],
        )
        for begin in range(0, len(written), at)
    ]
    values = [encode(block) for block in blocks]
    kafka.send(topic, *values, key=b"web.log")
    return values


def put_into_maven(connector: Path, home: Path) -> None:
    """Put the connector into a repository as Maven has it under a home, under the version of Spark itself."""
    groups = {"spark-": "org.apache.spark", "kafka-": "org.apache.kafka", "commons-": "org.apache.commons"}
    named: dict[Path, str] = {}
    for jar in sorted(connector.glob("*.jar")):
        name, _, version = jar.stem.rpartition("-")
        begin, group = next(each for each in groups.items() if name.startswith(each[0]))
        version = importlib.metadata.version("pyspark") if begin == "spark-" else version
        folder = home / ".m2" / "repository" / group.replace(".", "/") / name / version
        folder.mkdir(parents=True)
        shutil.copyfile(jar, folder / f"{name}-{version}.jar")
        own = f"<groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
        named[folder / f"{name}-{version}.pom"] = own
    for pom, own in named.items():
        others = [each for each in named.values() if each != own] if "sql-kafka" in pom.name else []
        needs = "".join(f"<dependency>{each}</dependency>" for each in others)
        needed = f"<dependencies>{needs}</dependencies>"
        pom.write_text(f"<project><modelVersion>4.0.0</modelVersion>{own}{needed}</project>")


def test_without_jars_the_connector_is_fetched_by_its_name(
    kafka: Kafka, connector: Path, tmp_path: Path
) -> None:
    put_into_maven(connector, tmp_path)
    topic = kafka.topic("logs.raw.fetched", partitions=1)
    service = topic.removeprefix("logs.raw.")
    send(kafka, topic, 1, lines(1, 200, "the line is cut"))
    told = Told(kafka, service)
    java = f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.home={tmp_path}"
    with job(kafka.settings, tmp_path / "job", jars=None, **{JARS: "", "JAVA_TOOL_OPTIONS": java}) as running:
        assert "Kafka connector" in running.until("working")
        told.until(service, 200)
        assert running.stop() == 0
    told.close()
    assert any("kafka-clients" in jar.name for jar in (tmp_path / "job" / "ivy" / "jars").iterdir())


def test_lines_become_key_events_whatever_happens(kafka: Kafka, connector: Path, tmp_path: Path) -> None:
    app, other = kafka.topic("logs.raw.app", partitions=2), kafka.topic("logs.raw.other", partitions=1)
    services = app.removeprefix("logs.raw."), other.removeprefix("logs.raw.")
    told = Told(kafka, *services)
    app_, other_ = services
    sent = send(kafka, app, 1, lines(1, 1000, "the disk is full"))
    kafka.send(other, *(line.encode() for line in lines(1, 300, "no route to host")))
    kafka.send(other, b'{"schema":"logs.raw/9"}', b'{"level":"error","msg":"the pool is empty"}')

    with job(kafka.settings, tmp_path / "job", jars=connector) as first:
        assert "Kafka connector" in first.until("working")
        told.until(app_, 1000)
        told.until(other_, 301)
        assert "the disk is full" in told.text(app_)
        assert "no route to host" in told.text(other_) and "the pool is empty" in told.text(other_)
        assert told.contexts[other_][-1].broken == 1
        assert (told.lines(app_), told.lines(other_)) == (1000, 301)
        # The job reads what other tests have left on this broker, too.
        eventually(lambda: first.figure("spark_lag") == 0)
        counted, repeated = first.figure("spark_lines_total"), first.figure("spark_repeated_total")
        assert counted >= 1301
        kafka.send(app, *sent[:3], key=b"web.log")
        eventually(lambda: first.figure("spark_repeated_total") == repeated + 3)
        assert first.figure("spark_lines_total") == counted
        first.kill()

    send(kafka, app, 1001, lines(1001, 1000, "out of memory"))
    with job(kafka.tls(), tmp_path / "job", jars=connector) as second:
        told.until(app_, 2000)
        assert "out of memory" in told.text(app_)
        told.close()
        kafka.stop()
        assert "No Kafka answers" in second.until("degraded")
        kafka.start()
        second.until("working")
        send(kafka, app, 2001, lines(2001, 500, "the fan is loud"))
        told = Told(kafka, *services)
        told.until(app_, 2500)
        assert second.stop() == 0
        log = second.log.read_text()
        assert all(json.loads(line)["service"] == "spark" for line in log.splitlines())
        assert PASSWORD not in log

    send(kafka, app, 2501, lines(2501, 500, "it is dark"))
    with job(kafka.login(), tmp_path / "job", jars=None) as third:
        assert "our own data source" in third.until("working")
        told.until(app_, 3000)
        assert "it is dark" in told.text(app_)
        new = kafka.topic("logs.raw.new", partitions=3)
        kafka.send(new, *(line.encode() for line in lines(1, 200, "a new service fails")), partition=2)
        late = Told(kafka, new.removeprefix("logs.raw."))
        late.until(new.removeprefix("logs.raw."), 200)
        late.close()
    told.close()


def test_where_java_crashes_its_report_lies_with_the_state_and_the_job_goes_on(
    kafka: Kafka, connector: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, state = tmp_path / "here", tmp_path / "a state"
    here.mkdir()
    monkeypatch.chdir(here)
    # as it is where Java crashes amid noting the first batch: Spark alone would never begin again
    (state / "checkpoint" / "offsets").mkdir(parents=True)
    (state / "checkpoint" / "offsets" / f".0.{uuid4()}.tmp").touch()
    for each in (state / "checkpoint").rglob("*"):
        os.utime(each, (1, 1))
    os.utime(state / "checkpoint", (1, 1))
    topic = kafka.topic("logs.raw.app")
    told = Told(kafka, service := topic.removeprefix("logs.raw."))
    with job(kafka.settings, state, jars=connector) as running:
        running.until("working")
        send(kafka, topic, 1, lines(1, 100, "before the crash"))
        told.until(service, 100)
        (java,) = [each for each in running.all() if each.name() == "java"]
        java.send_signal(signal.SIGSEGV)
        eventually(lambda: not java.is_running())
        send(kafka, topic, 101, lines(101, 100, "after the crash"))
        told.until(service, 200)
    told.close()
    assert "SIGSEGV" in (state / "java-crash.log").read_text() and not any(here.iterdir())
