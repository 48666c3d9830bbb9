"""Lines per second of processor time of the Spark job, beside plain Python, and whether a crash loses any.

`lines_per_core_s`: lines of a log, in messages of 500 as `logs ship` sends them, over the processor seconds
of everything that the job is made of (the driver, Java, Spark's Python, the executors of the two workers),
once it is warm, in a flow of half a minute. The figure is the least over 1, 2 and 4 partitions, on `local[2]`
and on two workers of a standalone cluster; `cases` in the file has each, with foreign lines (a message each),
too.
`plain_python_lines_s`: the same function over the same messages in one process, per processor second, before
and after the job's cases.
`lost` and `repeated_unrecognised`: of 60,000 lines, during which the job was killed (SIGKILL) twice
and more, those that are missing at the end, and lines or messages that came twice and no reader could tell:
by the number of lines, and by how often eleven errors came that are strewn over all of them. Without a batch
that came twice (`repeated_recognised`) it would prove nothing, and fails.

    make bench-spark
    make bench-spark ARGS='--lines 100000 --partitions 2 --no-cluster'
    make bench-spark ARGS='--crash-only'

The broker and the connector come from the test kit (`DSPY_TUI_KIT`); it needs Java and the extra `spark`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import psutil

from agent_core.logs.stream.mining import RawMessage, mine
from agent_core.streaming.messages import LogContext, RawLines, encode
from benchmarks.common import ROOT, kit, report
from stack.services.spark.query import MOST_MESSAGES
from tests.fixtures_kafka import Kafka, free_ports, kafka_server
from tests.fixtures_spark import Job, Told, eventually, job

LIMITS = (
    ("of_plain", ">=", 0.5),
    ("lost", "<=", 0),
    ("repeated_unrecognised", "<=", 0),
    ("repeated_recognised", ">=", 1),
)
BLOCK = 500
CRASH_LINES = 60_000
_THINGS = ("disk", "lamp", "gate", "wheel", "cable", "mirror", "valve", "rope", "engine", "ladder", "hinge")
MARKS = tuple(" ".join([thing] * (number + 3)) for number, thing in enumerate(_THINGS))
"""Errors, none of which has as many words as another."""
_EVERY = 25
_MOST_KILLS = 8
_QUIET, _MORE = "2026-11-28T12:00:00Z INFO bench: all is quiet", 5
_FOREIGN_OF = 30
"""One of so many lines is sent as a message of its own: the library sends 10,000 a second, Spark waits."""
_NOW = 1_790_000_000.0
_LAST = "2026-11-28T11:00:00Z ERROR bench: all was sent"


def lines_of_kit(count: int) -> list[str]:
    """So many lines of the kit's log, the last of which is an error, so that it is told."""
    with tempfile.TemporaryDirectory(prefix="bench-spark-") as folder:
        make = [sys.executable, str(kit() / "bench" / "gen_needle.py"), str(count), "1", f"{folder}/log"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        text = Path(folder, "log.log").read_text(encoding="utf-8", errors="replace")
    return [*text.split("\n")[: count - 1], _LAST]


def messages(
    service: str, lines: Sequence[str], partitions: int, *, foreign: bool
) -> Iterator[tuple[int, bytes]]:
    """The messages of the lines, shared out to partitions, with the partition of each."""
    for partition in range(partitions):
        own = lines[partition::partitions]
        if foreign:
            yield from ((partition, line.encode()) for line in own)
            continue
        for begin in range(0, len(own), BLOCK):
            block = RawLines(
                id=f"{service}:{partition}:{begin}",
                at=_NOW,
                service=service,
                source=f"log-{partition}",
                first=begin + 1,
                lines=tuple(own[begin : begin + BLOCK]),
            )
            yield partition, encode(block)


def plain(lines: Sequence[str], *, foreign: bool) -> float:
    """Lines per processor second of the function alone, in batches as Spark makes them."""
    raw = [
        RawMessage(partition, offset, _NOW, value)
        for offset, (partition, value) in enumerate(messages("plain", lines, 1, foreign=foreign))
    ]
    mine(None, raw[:20], service="warm")
    began = time.process_time()
    state: bytes | None = None
    read = 0
    for begin in range(0, len(raw), MOST_MESSAGES):
        mined = mine(state, raw[begin : begin + MOST_MESSAGES], service="plain")
        state, read = mined.state, read + mined.lines
    assert read == len(lines), read
    return read / (time.process_time() - began)


def spent(processes: Sequence[psutil.Process]) -> float:
    """Processor seconds of these, of those that they started and of those that these had."""
    total = 0.0
    for process in processes:
        for each in (process, *process.children(recursive=True)):
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def send(kafka: Kafka, service: str, ready: Sequence[tuple[int, bytes]], partitions: int) -> None:
    """Send messages as fast as they go: what takes time is to be the job."""
    topic = f"logs.raw.{service}"
    wanted = {"num_partitions": partitions, "replication_factor": 1}
    kafka.admin.create_topics({topic: wanted}, wait_for_metadata=True)
    for partition, value in ready:
        kafka.producer.send(topic, value=value, partition=partition)
    kafka.producer.flush()


def measured(kafka: Kafka, running: Job, processes: Sequence[psutil.Process], service: str,
             lines: Sequence[str], partitions: int, *, foreign: bool) -> dict[str, Any]:  # fmt: skip
    """What the job takes for lines of a service that is new to it."""
    ready = [*messages(service, lines, partitions, foreign=foreign)]
    before, began = spent(processes), time.monotonic()
    read = running.figure("spark_lines_total")
    send(kafka, service, ready, partitions)
    eventually(lambda: running.figure("spark_lines_total") >= read + len(lines), every=0.1)
    cpu, wall = spent(processes) - before, time.monotonic() - began
    return {
        "partitions": partitions,
        "messages": "foreign lines" if foreign else f"blocks of {BLOCK}",
        "lines_per_core_s": round(len(lines) / cpu),
        "lines_s": round(len(lines) / wall),
        "cpu_s": round(cpu, 2),
        "wall_s": round(wall, 2),
    }


@contextmanager
def broker() -> Generator[tuple[Kafka, Path]]:
    """A broker with nothing on it, and a folder."""
    with tempfile.TemporaryDirectory(prefix="bench-spark-") as name, kafka_server(kit(), Path(name)) as kafka:
        yield kafka, Path(name)


@contextmanager
def cluster(folder: Path) -> Generator[tuple[str, list[psutil.Process]]]:
    """A master and two workers of a core each: their address, and the processes of the workers."""
    import importlib

    home = importlib.import_module("pyspark.find_spark_home")._find_spark_home()
    port, ui = free_ports(1), free_ports(1)
    master = f"spark://127.0.0.1:{port}"
    start = [f"{home}/bin/spark-class"]
    package = "org.apache.spark.deploy"
    where = ("--host", "127.0.0.1", "--webui-port")
    room = ("--cores", "1", "--memory", "1g", "--work-dir")
    commands = [
        [*start, f"{package}.master.Master", *where, str(ui), "--port", str(port)],
        *(
            [*start, f"{package}.worker.Worker", master, *where, "0", *room, str(folder / f"worker-{number}")]
            for number in (1, 2)
        ),
    ]
    env = {**os.environ, "SPARK_DAEMON_MEMORY": "256m", "PYTHONPATH": str(ROOT)}
    with ExitStack() as ending, (folder / "cluster.log").open("wb") as log:
        made: list[psutil.Process] = []
        for command in commands:
            process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
            ending.callback(_end, process)
            made.append(psutil.Process(process.pid))

        def workers() -> bool:
            try:
                with urlopen(f"http://127.0.0.1:{ui}/json/") as answer:
                    return b'"aliveworkers" : 2' in answer.read()
            except OSError:
                return False

        eventually(workers)
        yield master, made[1:]


def _end(process: subprocess.Popen[bytes]) -> None:
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait()
    for each in psutil.wait_procs(family, timeout=10)[1]:
        each.kill()


def speeds(connector: Path, lines: Sequence[str], args: argparse.Namespace) -> list[dict[str, Any]]:
    """All cases, each of a job that is warm; a job reads all that a broker has, so each job has its own."""
    found: list[dict[str, Any]] = []
    for where in ("local", "workers") if args.cluster else ("local",):
        with ExitStack() as ending:
            kafka, folder = ending.enter_context(broker())
            master, more = "local[2]", list[psutil.Process]()
            if where == "workers":
                master, more = ending.enter_context(cluster(folder))
            # Java as it is for users: with a compiler that takes its time, and earns it
            running = ending.enter_context(
                job(kafka.settings, folder / "job", jars=connector, SPARK_MASTER=master, JAVA_TOOL_OPTIONS="",
                    SPARK_PARTITIONS="4", SPARK_LOCAL_IP="127.0.0.1")
            )  # fmt: skip
            running.until("working")
            processes = [psutil.Process(running.process.pid), *more]
            few = lines[-len(lines) // _FOREIGN_OF :]
            for number in range(args.warm):
                foreign = number % 2 == 1
                measured(kafka, running, processes, f"warm-{number}", few, 2, foreign=foreign)
            for partitions in args.partitions:
                for foreign in (False, True):
                    service = f"{partitions}-{'foreign' if foreign else 'blocks'}"
                    some = few if foreign else lines
                    case = measured(kafka, running, processes, service, some, partitions, foreign=foreign)
                    found.append({"where": where, **case})
                    print(found[-1], flush=True)
            running.stop()
    return found


def marked(count: int) -> list[str]:
    """Lines of the kit's log, over which errors are strewn that no miner takes for one another."""
    lines = lines_of_kit(count)
    for number, at in enumerate(range(0, count, _EVERY)):
        lines[at] = f"2026-11-28T10:00:00Z CRITICAL bench: {MARKS[number % len(MARKS)]}"
    return lines


def crashed(kafka: Kafka, connector: Path, folder: Path, *, count: int = CRASH_LINES) -> dict[str, Any]:
    """The job is killed while it is at so many lines: twice, and then until it has worked on a batch again
    that it had told before, as only that shows whether a reader knows a repeat.

    Each kill is at the moment at which a batch is on the topic: its end may not be noted yet.
    """
    lines, service, state = [*marked(count), *[_QUIET] * _MORE], f"crash-{uuid4().hex[:8]}", folder / "crash"
    told = Told(kafka, service)
    part = count // (_MOST_KILLS + 1)
    send(kafka, service, [(len(line) % 2, line.encode()) for line in lines[:part]], 2)
    sent, kills = part, 0
    while kills < 2 or (told.repeated == 0 and kills < _MOST_KILLS):
        with job(kafka.settings, state, jars=connector) as running:
            before = told.lines(service)
            _send_on(kafka, service, lines[sent : sent + part])
            sent += part
            eventually(lambda before=before: told.lines(service) > before, every=0.0)
            running.kill()
        kills += 1
    _send_on(kafka, service, lines[sent:count])
    with job(kafka.settings, state, jars=connector) as running:
        told.until(service, count)
        eventually(lambda: running.figure("spark_lag") == 0)  # of whatever else is on the broker
        for more in lines[count:]:  # at each it tells what it had no room for before
            read = running.figure("spark_lines_total")
            _send_on(kafka, service, [more])
            eventually(lambda read=read: running.figure("spark_lines_total") > read)
        running.stop()
    told.read()
    contexts = told.contexts[service]
    told.close()
    return {"kills": kills, "repeated_recognised": told.repeated, **_compared(contexts, lines)}


def _send_on(kafka: Kafka, service: str, lines: Sequence[str]) -> None:
    """Send lines as messages of their own; a mark is on the same partition each time."""
    for line in lines:
        kafka.producer.send(f"logs.raw.{service}", value=line.encode(), partition=len(line) % 2)
    kafka.producer.flush()


def _compared(contexts: Sequence[LogContext], lines: Sequence[str]) -> dict[str, int]:
    """What a reader of the topic has in the end, beside the lines that were sent."""
    read = max(context.lines for context in contexts)
    last = {event.id: event for context in contexts for event in context.events}
    counts = {event.text: event.count for event in last.values() if event.text in MARKS}
    sent = Counter(line.rpartition("bench: ")[2] for line in lines)
    # Of the quiet lines at the end nothing may be told, so that nobody knows whether they were read.
    beyond = read - min(len(lines), max(read, len(lines) - _MORE))
    off = [beyond, *(counts.get(mark, 0) - sent[mark] for mark in MARKS)]
    said = [(context.lines, context.ctx) for context in contexts]
    return {
        "lost": sum(max(0, -each) for each in off),
        "repeated_unrecognised": sum(max(0, each) for each in off) + len(said) - len(set(said)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=3_000_000, help="of each case")
    parser.add_argument("--partitions", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--warm", type=int, default=4, help="cases before those that are measured")
    parser.add_argument("--no-cluster", dest="cluster", action="store_false")
    parser.add_argument("--crash-only", action="store_true")
    parser.add_argument("--no-crash", dest="crash", action="store_false")
    args = parser.parse_args()
    connector = kit() / "kafka" / "spark-connector"
    figures: dict[str, Any] = {}
    cases: list[dict[str, Any]] = []
    if not args.crash_only:
        lines = lines_of_kit(args.lines)
        few = lines[-len(lines) // _FOREIGN_OF :]
        # before and after: a machine that others use as well is not as fast all the time
        before = plain(lines, foreign=False), plain(few, foreign=True)
        cases = speeds(connector, lines, args)
        after = plain(lines, foreign=False), plain(few, foreign=True)
        figures["plain_python_lines_s"] = round(mean((before[0], after[0])))
        figures["plain_python_foreign_lines_s"] = round(mean((before[1], after[1])))
        blocks, foreign = (
            min(case["lines_per_core_s"] for case in cases if ("foreign" in case["messages"]) is which)
            for which in (False, True)
        )
        figures |= {
            "lines_per_core_s": blocks,
            "of_plain": blocks / figures["plain_python_lines_s"],
            "foreign_lines_per_core_s": foreign,
            "foreign_of_plain": foreign / figures["plain_python_foreign_lines_s"],
        }
    if args.crash:
        with broker() as (kafka, folder):
            figures |= crashed(kafka, connector, folder)
    return 0 if report("spark", figures, LIMITS, cases=cases) else 1


if __name__ == "__main__":
    sys.exit(main())
