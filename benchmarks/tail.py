"""Messages on the screen while 20,000 a second come in, from a genuine Kafka.

The real app runs without a terminal, 160 by 50, with the messages of a pattern open and followed, one of them
in full beside them. `longest_stall_ms` is the longest time for which the event loop did not get to a timer of
5 ms, less these, while messages come in. `computed_ms` is the longest time that its thread computed without a
turn: of other programs only a stall knows. `bare_stall_ms` is the stall of a loop that does nothing, in a
process beside it at the same time: what the machine, with a broker and who sends on it, makes any program
wait. `floor_stall_ms` is a stall before, with the work screen alone.
`memory_growth` is by how much (MB) app and tail process grew from the first million messages to the last one.
`read_per_s` is what was read by the tail, `pages_per_s` how often it showed something else.

    make bench-tail
    make bench-tail ARGS='--messages 1500000'

The broker comes from the test kit (`DSPY_TUI_KIT`) and needs Java. Kafka's own performance tool sends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from textual.events import Key

from agent_core.runtime import open_runtime
from benchmarks._beat import Beside, beating
from benchmarks.common import kit, report
from tests.fixtures_kafka import Kafka, kafka_server
from tui.app import DspyApp
from tui.screens.tail import TailScreen

LIMITS = (("longest_stall_ms", "<=", 50.0), ("memory_growth", "<=", 32.0))
RATE = 20_000
_TOPICS, _PARTITIONS = ("bench.raw.backend", "bench.raw.frontend"), 4
_FIRST = 1_000_000
"""After so many messages everything that is bounded is full."""
_FLOOR_S = 10.0
_PATIENCE_S = 120.0


def payloads(path: Path) -> None:
    """Lines as programs log them, as JSON."""
    words = (
        "connected",
        "to",
        "database",
        "timeout",
        "while",
        "reading",
        "upstream",
        "request",
        "served",
        "user",
    )
    chosen = random.Random(7)
    with path.open("w") as out:
        for number in range(2000):
            said = " ".join(chosen.choices(words, k=12))
            level = chosen.choice(("INFO", "INFO", "INFO", "WARN", "ERROR"))
            line = {
                "at": 1.79e9 + number,
                "level": level,
                "service": "backend",
                "line": number,
                "message": said,
            }
            out.write(json.dumps(line) + "\n")


@contextmanager
def sending(
    kafka: Kafka, topic: str, folder: Path, count: int, rate: int
) -> Generator[subprocess.Popen[bytes]]:
    """Kafka's own tool, which sends so many messages at a rate."""
    script = kit() / "kafka" / "kafka.sh"
    words = (
        "run-class", "org.apache.kafka.tools.ProducerPerformance", "--topic", topic,
        "--num-records", str(count), "--throughput", str(rate),
        "--payload-file", str(folder / "payloads"), "--producer-props",
        f"bootstrap.servers={kafka.server}", "linger.ms=10", "batch.size=65536",
    )  # fmt: skip
    env = {**os.environ, "KAFKA_HEAP_OPTS": "-Xmx128m"}
    process = subprocess.Popen(
        ["bash", script, *words], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 15)
        process.wait(30)


def memory(pid: int) -> float:
    """MB that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def until(holds: Callable[[], object], patience: float = _PATIENCE_S) -> None:
    """Wait until it holds; ends the program where it does not."""
    began = perf_counter()
    while not holds():
        if perf_counter() - began > patience:
            sys.exit("benchmark: the screen never came to what was waited for")
        await asyncio.sleep(0.05)


def tail_process() -> int:
    """The one that reads for the screen."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == os.getpid() and b"streaming.live.worker" in command:
                return int(folder.name)
    sys.exit("benchmark: there is no tail process")


async def open_tail(app: DspyApp) -> TailScreen:
    """Type the pattern, as a person does."""
    app.post_message(Key("alt+m", None))
    await until(lambda: app.screen.query("#pattern") and app.screen.focused is not None)
    for letter in "bench.raw.*":
        app.post_message(Key(letter, letter))
    app.post_message(Key("enter", None))
    await until(lambda: isinstance(app.screen, TailScreen))
    screen = app.screen
    assert isinstance(screen, TailScreen)
    await until(lambda: screen.page is not None and screen.page.state == "reading")
    return screen


async def measure(
    root: Path, kafka: Kafka, *, messages: int, rate: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Open the screen, have messages sent, look at both processes."""
    app = DspyApp(open_runtime(root, interactive=True))
    async with app.run_test(size=(160, 50)):
        await until(lambda: app.work.transcript.page.units)
        await asyncio.sleep(8.0)
        async with beating() as floor:
            await asyncio.sleep(_FLOOR_S)
        screen = await open_tail(app)
        pid = tail_process()
        figures, detail = await _flood(screen, pid, root.parent, kafka, messages=messages, rate=rate)
    return {**figures, "floor_stall_ms": 1000 * floor.longest}, detail


async def _flood(
    screen: TailScreen, pid: int, folder: Path, kafka: Kafka, *, messages: int, rate: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    def came() -> int:
        return 0 if screen.page is None else screen.page.read + screen.page.passed

    def held() -> dict[str, float]:
        return {"app": memory(os.getpid()), "tail": memory(pid)}

    half = messages // 2
    with (
        sending(kafka, _TOPICS[0], folder, half, rate // 2) as one,
        sending(kafka, _TOPICS[1], folder, messages - half, rate - rate // 2) as other,
    ):
        await until(came)
        began, version = perf_counter(), screen.taken
        async with Beside() as bare, beating() as beat:
            await until(lambda: came() >= min(_FIRST, messages // 2), messages / rate * 10)
            first = held()
            await until(
                lambda: came() >= messages or (one.poll() is not None and other.poll() is not None),
                messages / rate * 10,
            )
            seconds = perf_counter() - began
    await until(lambda: came() >= messages)
    last, page = held(), screen.page
    assert page is not None
    figures = {
        "longest_stall_ms": 1000 * beat.longest,
        "bare_stall_ms": 1000 * bare.longest,
        "computed_ms": 1000 * beat.computed,
        "memory_growth": sum(last.values()) - sum(first.values()),
        "read_per_s": page.read / seconds,
        "pages_per_s": (screen.taken - version) / seconds,
    }
    return figures, {
        "messages": messages, "seconds": seconds, "passed": page.passed, "dropped": page.dropped,
        "late_over_25_ms": beat.over, "longest_at_s": beat.at, "first_mb": first, "last_mb": last,
    }  # fmt: skip


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--messages", type=int, default=5_000_000, help="how many are sent")
    parser.add_argument("--rate", type=int, default=RATE, help="how many a second")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        os.environ["HOME"] = tmp
        root = Path(tmp) / "workspace"
        root.mkdir()
        (root / "README.md").write_text("# Sample\n")
        payloads(Path(tmp) / "payloads")
        broker = Path(tmp) / "kafka"
        broker.mkdir()
        with kafka_server(
            kit(), broker, extra="log.retention.bytes=67108864\nlog.segment.bytes=16777216\n"
        ) as kafka:
            for topic in _TOPICS:
                kafka.run(
                    "run-class", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", kafka.server,
                    "--create", "--topic", topic, "--partitions", str(_PARTITIONS),
                )  # fmt: skip
            os.environ["KAFKA_BOOTSTRAP"] = kafka.server
            measured = asyncio.run(measure(root, kafka, messages=args.messages, rate=args.rate))
    figures, detail = measured
    sys.exit(0 if report("tail", figures, LIMITS, rate=args.rate, **detail) else 1)


if __name__ == "__main__":
    main()
