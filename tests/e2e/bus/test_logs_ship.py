"""`dspy-tui logs ship` in a process of its own, against a genuine broker, and where there is none."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_core.streaming.messages import RawLines, decode
from tests.e2e.conftest import PROGRAM, environment
from tests.fixtures_kafka import Kafka, free_ports

PATIENCE_S = 240


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work" / "logs").mkdir(parents=True)
    return tmp_path / "work"


def ship(work: Path, server: str, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    env = environment(KAFKA_BOOTSTRAP=server)
    return subprocess.run(
        [*PROGRAM, "logs", "ship", *words], cwd=work, env=env, capture_output=True, text=True,
        timeout=PATIENCE_S, check=False, **({"stdin": subprocess.DEVNULL} | more),
    )  # fmt: skip


def begin(work: Path, server: str, *words: str) -> subprocess.Popen[bytes]:
    env = environment(KAFKA_BOOTSTRAP=server)
    return subprocess.Popen(
        [*PROGRAM, "logs", "ship", *words], cwd=work, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def sent(kafka: Kafka, service: str) -> list[RawLines]:
    """All messages of a service, in the order of its one log."""
    topic = f"logs.raw.{service}"
    consumer = kafka.consumer(None, consumer_timeout_ms=3000)
    try:
        partitions = consumer.partitions_for_topic(topic) or ()
        from kafka import TopicPartition

        parts = [TopicPartition(topic, number) for number in partitions]
        consumer.assign(parts)
        for part in parts:
            consumer.seek(part, 0)
        ends = sum(consumer.end_offsets(parts).values()) if parts else 0
        found: list[RawLines] = []
        while len(found) < ends:
            for records in consumer.poll(timeout_ms=1000).values():
                messages = [decode(record.value) for record in records]
                found += [message for message in messages if isinstance(message, RawLines)]
        return found
    finally:
        consumer.close()


def lines(messages: list[RawLines]) -> list[str]:
    """What a reader has who drops what it knows by its id."""
    once = {message.id: message for message in messages}
    return [line for message in once.values() for line in message.lines]


def noted(work: Path) -> int:
    """How many lines the program knows to be delivered; the broker has them a moment earlier."""
    kept = [json.loads(path.read_text()) for path in (work / ".dspy_tui/logs/shipped").glob("*/*.json")]
    return sum(part["done"] for log in kept for part in log["parts"])


@pytest.mark.kafka
def test_lines_are_sent_once_and_masked_and_told_as_json(kafka: Kafka, work: Path, tag: str) -> None:
    log = work / "logs" / f"shop{tag}.log"
    log.write_text("2026-11-28 10:00:00 INFO up\nlogin with password=hunter22x9\n")
    done = ship(work, kafka.server)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Sent 2 lines")
    assert f"logs.raw.shop{tag}: logs/shop{tag}.log" in done.stdout
    log.write_text(log.read_text() + "third\n")
    told = json.loads(ship(work, kafka.server, "--format", "json", f"logs/shop{tag}.log").stdout)
    assert told["schema"] == "dspy-tui.logs-ship/1"
    assert (told["lines"], told["messages"], told["faults"]) == (1, 1, [])
    assert told["logs"] == [{"log": f"logs/shop{tag}.log", "service": f"shop{tag}"}]
    assert "Nothing new in 1 log" in ship(work, kafka.server).stdout
    assert lines(sent(kafka, f"shop{tag}")) == [
        "2026-11-28 10:00:00 INFO up", "login with password=••••••", "third"
    ]  # fmt: skip
    piped = ship(work, kafka.server, "-", "--service", f"piped{tag}", input="from a pipe\n", stdin=None)
    assert piped.returncode == 0, piped.stderr
    assert lines(sent(kafka, f"piped{tag}")) == ["from a pipe"]


@pytest.mark.kafka
def test_in_a_batch_it_goes_on_where_the_command_line_ended(kafka: Kafka, work: Path, tag: str) -> None:
    def batch(*words: str) -> dict[str, Any]:
        done = subprocess.run(
            [*PROGRAM, "--batch", "-c", "logs ship", "--format", "json", *words],
            cwd=work, env=environment(KAFKA_BOOTSTRAP=kafka.server), capture_output=True,
            timeout=PATIENCE_S, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return json.loads(done.stdout)["results"][0]

    log = work / "logs" / f"batch{tag}.log"
    log.write_text("one\n")
    assert ship(work, kafka.server).returncode == 0
    log.write_text("one\ntwo with password=hunter22x9\n")
    refused = batch()
    assert (refused["exit"], refused["error"]["code"]) == (3, "permission")
    came_to = batch("--allow", f"network:{kafka.server}")
    assert (came_to["exit"], came_to["data"]["lines"]) == (0, 1)
    assert came_to["data"]["logs"] == [{"log": f"logs/batch{tag}.log", "service": f"batch{tag}"}]
    assert lines(sent(kafka, f"batch{tag}")) == ["one", "two with password=••••••"]


@pytest.mark.kafka
def test_what_is_no_log_is_said_once_and_fails_only_where_it_is_named(
    kafka: Kafka, work: Path, tag: str
) -> None:
    (work / "logs" / "bad.log").write_bytes(b"\x7fELF\0\1\2\3" * 1000)
    (work / "logs" / f"good{tag}.log").write_text("one\n")
    done = ship(work, kafka.server, "--set", "log_files=bus")
    said = "dspy-tui: logs/bad.log is left out: it is binary\n"
    assert (done.returncode, done.stderr) == (0, said)
    assert lines(sent(kafka, f"good{tag}")) == ["one"]
    done = ship(work, kafka.server, "logs/bad.log", f"logs/good{tag}.log")
    assert done.returncode == 1 and done.stderr.startswith(said) and "logs ship -" in done.stderr


def test_a_rule_that_denies_the_bus_holds(work: Path) -> None:
    (work / "logs" / "app.log").write_text("one\n")
    done = ship(work, "127.0.0.1:1", "--set", "deny=network")
    assert (done.returncode, done.stdout) == (3, "")
    assert "denies network" in done.stderr


@pytest.mark.kafka
def test_killed_in_the_middle_nothing_is_lost_and_repeats_are_known(
    kafka: Kafka, work: Path, tag: str
) -> None:
    written = [f"2026-11-28 10:00:00 INFO order {n} of {'x' * 200}" for n in range(60_000)]
    (work / "logs" / f"killed{tag}.log").write_text("\n".join(written) + "\n")
    for _ in range(2):
        before = len(sent(kafka, f"killed{tag}"))
        running = begin(work, kafka.server)
        until(
            lambda before=before, running=running: (
                len(sent(kafka, f"killed{tag}")) > before
                or running.poll() is not None  # it was too fast for us
            )
        )
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    done = ship(work, kafka.server)
    assert done.returncode == 0, done.stderr
    messages = sent(kafka, f"killed{tag}")
    assert lines(messages) == written
    once = {message.id: message for message in messages}
    assert sum(len(message.lines) for message in once.values()) == len(written)


@pytest.mark.kafka
def test_followed_over_a_broker_that_goes_and_comes_back(kafka: Kafka, work: Path, tag: str) -> None:
    service = f"steady{tag}"
    log = work / "logs" / f"{service}.log"
    log.write_text("one\n")
    running = begin(work, kafka.server, "--follow")
    try:
        until(lambda: lines(sent(kafka, service)) == ["one"])
        kafka.stop()
        try:
            with log.open("a") as file:
                file.write("two\n")
            time.sleep(2)
        finally:
            kafka.start()
        until(lambda: lines(sent(kafka, service)) == ["one", "two"])
        until(lambda: noted(work) == 2)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE_S)
    finally:
        running.kill()
    assert running.returncode == 0, err
    assert b"Sent 2 lines" in out
    assert "Nothing new" in ship(work, kafka.server).stdout


@pytest.mark.kafka
def test_followed_from_a_start_at_which_the_broker_hangs(kafka: Kafka, work: Path, tag: str) -> None:
    service = f"patient{tag}"
    (work / "logs" / f"{service}.log").write_text("one\ntwo\n")
    kafka.hang(on=True)
    try:
        running = begin(work, kafka.server, "--follow")
        try:
            said = told(running)
            kafka.hang(on=False)
            until(lambda: noted(work) == 2)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()
    finally:
        kafka.hang(on=False)
    assert (running.returncode, err) == (0, b""), "it was said once"
    assert "does not answer as a Kafka broker" in said
    assert b"Sent 2 lines" in out
    assert lines(sent(kafka, service)) == ["one", "two"]


async def test_what_takes_connections_and_hangs_is_waited_for_only_where_it_is_followed(work: Path) -> None:
    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    (work / "logs" / "app.log").write_text("one\ntwo\n")
    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done = await asyncio.to_thread(ship, work, where)
        running = begin(work, where, "--follow")
        try:
            said = await asyncio.to_thread(told, running)
            running.send_signal(signal.SIGINT)
            out, err = await asyncio.to_thread(running.communicate, timeout=PATIENCE_S)
        finally:
            running.kill()
    assert done.returncode == 1 and "waited for" not in done.stderr
    assert all(f"{where} takes the connection, but does not answer" in text for text in (done.stderr, said))
    assert (running.returncode, err) == (0, b"")
    assert out.startswith(b"Nothing new") and noted(work) == 0


def told(running: subprocess.Popen[bytes]) -> str:
    """What it said until it waits."""
    assert running.stderr is not None
    said = b""
    while b"waited for" not in said:
        line = running.stderr.readline()
        assert line, said
        said += line
    return said.decode()


def test_without_a_broker_it_says_how_to_get_one(work: Path) -> None:
    (work / "logs" / "app.log").write_text("one\n")
    done = ship(work, f"127.0.0.1:{free_ports(1)}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the connection is refused" in done.stderr
    assert "stack up kafka" in done.stderr
    assert "Traceback" not in done.stderr
    told = json.loads(ship(work, "127.0.0.1:1", "--format", "json").stdout)
    assert told["error"]["code"] == "bus-unreachable"
    assert not list(work.rglob("*.json")), "nothing was noted"


async def test_what_is_no_kafka_is_said(work: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        writer.close()

    (work / "logs" / "app.log").write_text("one\n")
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        done = await asyncio.to_thread(ship, work, f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere.log",), 1, "There is no log 'nowhere.log'"),
        (("--since", "never"), 2, "never"),
        (("--service", "a/b"), 2, "no name of a service"),
        (("../outside.log",), 3, "outside the workspace"),
        (("-",), 2, "Whose log is standard input?"),
        (("bus:api",), 2, "has no lines to be shipped"),
        ((), 1, "No logs were found"),
    ],
)
def test_what_is_off_is_said_before_anything_is_sent(
    work: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    if "--service" in words or "--since" in words:
        (work / "logs" / "app.log").write_text("one\n")
    done = ship(work, "127.0.0.1:1", *words)
    assert done.returncode == code
    assert said in done.stderr
