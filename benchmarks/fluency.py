"""Keys on the screen while everything goes on at once; and what a day of it takes.

All in a real pseudo-terminal of 120x36. Busy: the index of five source trees is built, an answer of 20,000
tokens streams at 200 a second, 5,000 lines a second are written to a log that the log pane follows, 200
messages a second come in on a genuine Kafka, of which the log pane tails key events, and, between early and
late, the Messages screen a topic, in whose filter keys are typed as well. `key_to_paint_p50_ms` and
`key_to_paint_p99_ms` are of all these keys, `late_over_early` compares the prompt's last fifty with its
first. `longest_stall_ms` is the most that the app's event loop was late meanwhile, `bare_stall_ms` the same
of a loop that does nothing beside it: what the machine makes any program wait; `computed_ms` the longest that
the app's thread computed without a turn.

`bytes_per_token`: written to the terminal while only the answer streams. `idle_cpu`: percent of a core at
rest, all processes. `memory_ratio`: what they hold after a conversation of 10,000 messages in 8 simulated
hours, over the same after 100.

    make bench-fluency                                               # about twenty minutes
    make bench-fluency ARGS='--tokens 4000 --messages 1000'          # a quick look
    make bench-fluency ARGS='--only busy'                            # or alone, or memory

Model server and Kafka come from the test kit (`DSPY_TUI_KIT`), the source trees from `DSPY_TUI_CORPORA`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import stream
from benchmarks._fluency_feed import CONTEXTS, TAILED
from benchmarks._fluency_memory import FIRST
from benchmarks.common import ROOT, corpora, kit, report
from benchmarks.startup import harness
from tests.fixtures_kafka import kafka_server

LIMITS = (
    ("key_to_paint_p50_ms", "<=", 20),
    ("key_to_paint_p99_ms", "<=", 60),
    ("late_over_early", "<=", 1.3),
    ("longest_stall_ms", "<=", 60),
    ("bytes_per_token", "<=", 400),
    ("idle_cpu", "<=", 1),
    ("memory_ratio", "<=", 1.5),
)
_PARTS = ("busy", "alone", "memory")
_LINES, _MESSAGES = 5_000, 200
_KEYS = 50
_PATIENCE_S = 60.0
_TAIL_KEYS = b"\x1bm"
_MODEL = {"OPENAI_BASE_URL": "http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": "x", "MODEL_NAME": "m1"}


@contextmanager
def feeding(log: Path, bootstrap: str) -> Generator[None]:
    """Lines and messages while the block runs."""
    words = (str(log), str(_LINES), bootstrap, str(_MESSAGES))
    command = [sys.executable, "-m", "benchmarks._fluency_feed", *words]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield
        finally:
            said, _ = process.communicate(b"")
            print("fed", said.decode().strip())


@contextmanager
def beside() -> Generator[dict[str, float]]:
    """A loop that does nothing, while the block runs; its figures are there afterwards."""
    figures: dict[str, float] = {}
    command = [sys.executable, "-m", "benchmarks._beat"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield figures
        finally:
            said, _ = process.communicate(b"")
            figures.update(json.loads(said))


def wait(session: Any, holds: Callable[[], object], what: str) -> None:
    """Read what is drawn until it holds; ends the program, with the screen, where it never does.

    The screen is not looked at meanwhile: to make it of all that was written takes seconds in which nothing
    is read, and the app would wait for that.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > _PATIENCE_S or not session.alive:
            sys.exit(f"fluency: {what} never came\n{session.text()}")
        session.pump(0.1)


def press(session: Any, keys: bytes, shows: str) -> None:
    """Press keys, and wait until something is drawn that has the text."""
    before = len(session.log)
    session.write(keys)
    wait(session, lambda: shows.encode() in b"".join(data for _, data in session.log[before:]), shows)
    session.pump(0.5)


class Busy:
    """The app while everything goes on.

    Args:
        measure: The kit's harness.
        server: Its model server.
        tokens: Of the answer.
    """

    def __init__(self, measure: Any, server: Any, *, tokens: int) -> None:
        self._measure, self._server = measure, server
        self._unit = tokens / 200 / 100
        self._tokens = tokens
        self._parts: dict[str, tuple[int, int]] = {}

    def run(self, tmp: str, bootstrap: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """All of it; the figures, and what else is worth knowing."""
        result = Path(tmp) / "beat.json"
        env = {**_MODEL, "PYTHONPATH": str(ROOT), "KAFKA_BOOTSTRAP": bootstrap}
        row = {
            "cmd": f"{sys.executable} -m benchmarks._fluency_probe {result}", "ready": "Ask", "env": env,
        }  # fmt: skip
        peer = self._measure.Peer("fluency", row, self._server.port, tmp)
        peer.fresh_home()
        work = Path(peer.places["work"])
        for tree in sorted(corpora().glob("*__*")):
            shutil.copytree(tree, work / tree.name, symlinks=True)
        (work / "logs").mkdir()
        (work / "logs" / "app.log").write_text("00:00:00 INFO begin\n")
        session = peer.run_until_ready()
        try:
            session.pump(3.0)
            with feeding(work / "logs" / "app.log", bootstrap), beside() as bare:
                self._stream(session)
                os.kill(session.pid, signal.SIGUSR2)
                wait(session, result.exists, "the probe's result")
            index = index_of(work)
            latency, shots, _ = self._measure.analyse(session)
        finally:
            session.close()
        figures, detail = self._figures(latency, json.loads(result.read_text()), bare)
        return figures, {**detail, "index": index, "screens": list(shots)}

    def _stream(self, session: Any) -> None:
        self._server.set(tokens=self._tokens, rate=200.0, long_without_tools=True)
        for letter in "LONGSTREAM write the report":
            session.write(letter.encode())
            session.pump(0.03)
        session.write(b"\r")
        wait(session, self._asked, "the question")
        began = self._asked()["t_first"]

        def at(second: float) -> None:
            session.pump(max(0.0, began + second * self._unit - time.monotonic()))

        at(4)
        os.kill(session.pid, signal.SIGUSR1)
        self._type(session, "early", 2)
        at(40)
        press(session, _TAIL_KEYS, "Bus: ")
        press(session, f"{TAILED}\r".encode(), "record")
        session.write(b"/")
        session.pump(0.5)
        self._type(session, "tail", 5)
        press(session, b"\x1b", "record")  # the filter ends
        press(session, b"\x1b", "Bus: ")
        press(session, b"\x1b", "Files")
        at(72)
        self._type(session, "late", 3)

    def _asked(self) -> dict[str, Any]:
        requests: list[dict[str, Any]] = self._server.call("/_stats")["requests"]
        begun = [each for each in requests if each["long"] and each["t_first"]]
        return begun[0] if begun else {}

    def _type(self, session: Any, name: str, seed: int) -> None:
        first = len(session.sent)
        self._measure.type_batch(session, _KEYS, 0.28 * self._unit, 0.52 * self._unit, seed)
        self._parts[name] = (first, len(session.sent))

    def _figures(
        self, latency: list[float | None], beat: dict[str, float], bare: dict[str, float]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        parts = {name: latency[first:end] for name, (first, end) in self._parts.items()}
        summary = {name: self._summary(keys) for name, keys in parts.items()}
        everything = self._summary([ms for keys in parts.values() for ms in keys])
        early, late = summary["early"]["p50"], summary["late"]["p50"]
        figures = {
            "key_to_paint_p50_ms": everything["p50"],
            "key_to_paint_p99_ms": None if everything["lost"] else everything["p99"],
            "late_over_early": late / early if early and late else None,
            "longest_stall_ms": 1000 * beat["longest"],
            "bare_stall_ms": 1000 * bare["longest"],
            "computed_ms": 1000 * beat["computed"],
        }
        return figures, {"keys": summary, "stalls_over_25_ms": beat["over"], "longest_at_s": beat["at"]}

    def _summary(self, keys: list[float | None]) -> dict[str, Any]:
        seen = [ms for ms in keys if ms is not None]
        return {**self._measure.summary(seen), "lost": len(keys) - len(seen)}


def index_of(work: Path) -> str:
    """What the index of the workspace took by now: it must not have been done before."""
    folder = work / ".dspy_tui" / "index"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / (1 << 20):.1f} MiB"


def busy(measure: Any, server: Any, *, tokens: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything at once."""
    with tempfile.TemporaryDirectory(prefix="bench-fluency-") as tmp:
        measure.template(tmp)
        with kafka_server(kit(), Path(tmp) / "kafka") as kafka:
            for topic in (TAILED, CONTEXTS):
                kafka.run(
                    "run-class", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", kafka.server,
                    "--create", "--topic", topic, "--partitions", "1",
                )  # fmt: skip
            return Busy(measure, server, tokens=tokens).run(tmp, kafka.server)


def alone(*, tokens: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer and nothing else; the app at rest."""
    program = Path(sys.executable).parent / "dspy-tui"
    with tempfile.TemporaryDirectory(prefix="bench-fluency-") as folder:
        out, table = Path(folder), Path(folder) / "peers.toml"
        table.write_text(stream.PEERS.format(program=program), encoding="utf-8")
        streamed = stream.measure(out, table, "dspy-tui", "stream", "--tokens", str(tokens), "--rate", "200")
        idle = stream.measure(out, table, "idle", "idle")
    figures = {
        "bytes_per_token": stream.figures_of(streamed)["bytes_per_token"],
        "idle_cpu": idle["idle_cpu_pct"],
    }
    return figures, {"stream": streamed, "idle": idle}


def memory(measure: Any, server: Any, *, messages: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A long conversation."""
    server.set(tokens=200, rate=1e6, long_without_tools=True)
    model = {key: value.format(port=server.port) for key, value in _MODEL.items()}
    with tempfile.TemporaryDirectory(prefix="bench-fluency-") as tmp:
        measure.template(tmp)
        command = [sys.executable, "-m", "benchmarks._fluency_memory", f"{tmp}/template", str(messages)]
        env = {**os.environ, **model, "HOME": tmp}
        said = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True).stdout
    held: dict[str, dict[str, float]] = json.loads(said)
    first, last = (sum(held[str(number)].values()) for number in (FIRST, messages))
    figures = {"memory_ratio": last / first, "memory_first_mib": first, "memory_last_mib": last}
    return figures, {"held_mib": held, "messages": messages}


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--tokens", type=int, default=20_000, help="of the answer")
    parser.add_argument("--messages", type=int, default=10_000, help="of the long conversation")
    parser.add_argument("--only", choices=_PARTS, help="one part alone")
    args = parser.parse_args()
    measure = harness()
    server = measure.Server()
    figures: dict[str, Any] = {}
    detail: dict[str, Any] = {}
    try:
        for part in (args.only,) if args.only else _PARTS:
            match part:
                case "busy":
                    found, more = busy(measure, server, tokens=args.tokens)
                case "alone":
                    found, more = alone(tokens=args.tokens)
                case _:
                    found, more = memory(measure, server, messages=args.messages)
            figures |= found
            detail[part] = more
    finally:
        server.stop()
    limits = [limit for limit in LIMITS if limit[0] in figures]
    met = report("fluency", figures, limits, tokens=args.tokens, **detail)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
