"""Headless runs: how long an endpoint that fails is waited for, exit codes, and how quickly a command starts.

    python -m benchmarks.headless [--runs N]

The endpoint is the kit's scripted server. `batch_start_ms` is the median of whole processes (`--batch` with a
grep that finds something in a small folder), `python_start_ms` that of `python -c pass`, run in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.common import kit, report

PROGRAM = Path(sys.executable).with_name("dspy-tui")
_OWN = ("USE_OLLAMA", "OLLAMA_HOST", "OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL_NAME", "DSPY_TUI_PROVIDER")
QUESTION = "what does main do?"
CHANGE = "create a file hello.txt that says hello"


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment without the developer's settings."""
    kept = {name: value for name, value in os.environ.items() if name not in _OWN}
    folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
    return {**kept, "HOME": str(home), **folders, **more}


@contextmanager
def small_repository() -> Generator[tuple[Path, Path]]:
    """A folder with a few files, and a home."""
    with tempfile.TemporaryDirectory(prefix="dspy-tui-bench-") as name:
        folder, home = Path(name) / "repo", Path(name) / "home"
        (folder / "src").mkdir(parents=True)
        home.mkdir()
        for number in range(20):
            (folder / "src" / f"part_{number}.py").write_text(
                f"def main_{number}():\n    return {number}\n" * 20
            )
        yield folder, home


def start_times(runs: int) -> tuple[float, float]:
    """Median wall milliseconds of a headless grep and of `python -c pass`, whole processes, run in turns."""
    with small_repository() as (folder, home):
        env = environment(home)
        batch = [PROGRAM, "--batch", "-c", "grep 'def main_7' ."]
        plain = [sys.executable, "-c", "pass"]
        times: dict[str, list[float]] = {"batch": [], "plain": []}
        for number in range(runs + 1):
            for name, command in (("plain", plain), ("batch", batch)):
                began = time.perf_counter()
                done = subprocess.run(
                    command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True
                )
                took = (time.perf_counter() - began) * 1000
                if done.returncode or (name == "batch" and b"def main_7" not in done.stdout):
                    sys.exit(f"benchmark: {command} failed: {done.stderr.decode()}")
                if number:  # the first run fills the caches
                    times[name].append(took)
        return median(times["batch"]), median(times["plain"])


@contextmanager
def fake_server() -> Generator[str]:
    """The kit's scripted endpoint; its address."""
    program = kit() / "bench" / "terminal" / "fake_server.py"
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def control(url: str, **state: Any) -> None:
    """Set the scripted endpoint's state."""
    request = urllib.request.Request(f"{url}/_control", data=json.dumps(state).encode(), method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Runner:
    """Runs cases in one folder and keeps what they came to."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._folder, self._home = folder, home
        self.codes: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.reasons: dict[str, str] = {}

    def case(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        """One run with JSON output, which has to be one valid document."""
        began = time.perf_counter()
        done = subprocess.run(
            [PROGRAM, "--batch", "--format", "json", *arguments],
            cwd=self._folder,
            env=environment(self._home, **(env or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        self.seconds[name] = time.perf_counter() - began
        self.codes[name] = done.returncode
        document = json.loads(done.stdout)
        errors = [result["error"] for result in document["results"] if result["error"]]
        self.reasons[name] = errors[0]["message"] if errors else ""


EXPECTED = {
    "grep": 0,
    "question without a model": 0,
    "change without a model": 4,
    "refused": 4,
    "status 500": 1,
    "answer": 0,
    "answers, changes nothing": 6,
    "answers nothing": 6,
    "usage": 2,
    "permission": 3,
    "workspace": 7,
    "remote, not allowed": 3,
}


def run_cases(runner: Runner) -> None:
    """Every case of `EXPECTED`."""
    runner.case("grep", "-c", "grep 'def main_7' .")
    runner.case("question without a model", "-c", QUESTION)
    runner.case("change without a model", "-c", CHANGE)
    runner.case("refused", "-c", QUESTION, env={"OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port()}/v1"})
    runner.case("usage", "-c", "/grep")
    runner.case("permission", "-c", "!ls")
    runner.case("workspace", "--workspace", "/nothing/here", "-c", "ls")
    runner.case("remote, not allowed", "-c", QUESTION, env={"OPENAI_BASE_URL": "http://192.0.2.1/v1"})
    with fake_server() as url:
        env = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "x", "MODEL_NAME": "m1"}
        runner.case("answer", "-c", QUESTION, env=env)
        runner.case("answers, changes nothing", "--allow", "write", "-c", CHANGE, env=env)
        control(url, mode="500")
        runner.case("status 500", "-c", QUESTION, env=env)
        control(url, mode="empty")
        runner.case("answers nothing", "--allow", "write", "-c", CHANGE, env=env)


def main() -> int:
    parser = argparse.ArgumentParser(description="Headless runs: failures, exit codes, start.")
    parser.add_argument("--runs", type=int, default=15, help="whole processes timed for the start")
    runs = parser.parse_args().runs
    with small_repository() as (folder, home):
        runner = Runner(folder, home)
        run_cases(runner)
    batch_ms, python_ms = start_times(runs)
    allowed_ms = 3 * python_ms + 150
    wrong = {name: code for name, code in runner.codes.items() if code != EXPECTED[name]}
    figures = {
        "refused_s": runner.seconds["refused"],
        "status500_s": runner.seconds["status 500"],
        "batch_start_ms": batch_ms,
        "python_start_ms": python_ms,
        "wrong_codes": len(wrong),
        "codes": runner.codes,
    }
    limits = [
        ("refused_s", "<=", 5.0),
        ("status500_s", "<=", 10.0),
        ("batch_start_ms", "<=", allowed_ms),
        ("wrong_codes", "<=", 0.0),
    ]
    met = report("headless", figures, limits, seconds=runner.seconds, reasons=runner.reasons)
    for name, code in wrong.items():
        print(f"WRONG: {name}: exit {code}, expected {EXPECTED[name]}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
