"""What the Stack screen costs, on a real engine with a stack of twelve services.

The real app runs without a terminal. `refresh_cpu` is what the screen takes of one core: the processor time
of the app and of the commands that it starts, while the screen is open, less the same with the work screen;
the engine's own is not counted. `first_state_ms` is from the key until the states of all services are drawn,
in the median over `--openings`, each by an app that was just started; `again_ms` the same when it is opened
again. `key_p50_ms` and `key_p99_ms` are from a cursor key until the row it moves to is drawn, while
containers are restarted.

    make bench-stack
    make bench-stack ARGS='--seconds 60 --openings 9'

The engine comes from the test kit (`DSPY_TUI_KIT`); `ENG_DIR` names a folder where it is installed already.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, cast

from textual.events import Key

from agent_core.runtime import open_runtime
from benchmarks.common import kit, report
from stack.running import open_stack
from tui.app import DspyApp
from tui.screens.stack import StackScreen
from tui.widgets.rows import Rows

LIMITS = (("refresh_cpu", "<=", 0.05), ("first_state_ms", "<=", 500))
SERVICES = 12
FOLDER = "docker/lightweight"
_SETTLE_S = 8.0
_KEYS = 150
_PATIENCE_S = 60.0
_SERVICE = """\
  service-{number:02}:
    image: bb:1
    command: ["sh", "-c", "echo ready; exec sleep 100000"]
    init: true
    stop_grace_period: 1s
    healthcheck: {{test: ["CMD", "true"], interval: 10s, start_period: 1s, retries: 3}}
"""


def engine(folder: Path, *words: str) -> str:
    """Run the kit's engine script; ends the program where it fails."""
    env = {**os.environ, "ENG_DIR": str(folder), "ENG_NS": f"b{os.getpid()}"}
    script = kit() / "engine" / "engine.sh"
    said = subprocess.run(["bash", script, *words], env=env, capture_output=True, text=True, timeout=300)
    if said.returncode != 0:
        sys.exit(f"benchmark: the engine does not {words[0]}: {said.stderr[-500:]}")
    return said.stdout


@contextmanager
def running_engine(folder: Path) -> Generator[None]:
    """An engine with a small image in it, named by the environment."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit("benchmark: a real engine is installed by root with apt-get only")
    if not (folder / "dcfg" / "cli-plugins" / "docker-compose").exists() or shutil.which("docker") is None:
        engine(folder, "install")
    os.environ |= dict(re.findall(r"(DOCKER_HOST|DOCKER_CONFIG)=([^\s;]+)", engine(folder, "env")))
    engine(folder, "start")
    try:
        engine(folder, "image")
        yield
    finally:
        engine(folder, "stop")


def workspace(root: Path) -> None:
    """A workspace with a stack of twelve services."""
    (root / FOLDER).mkdir(parents=True)
    (root / "README.md").write_text("# Sample\n")
    services = "".join(_SERVICE.format(number=number + 1) for number in range(SERVICES))
    (root / FOLDER / "docker-compose.yml").write_text(f"name: bench{os.getpid()}\nservices:\n{services}")


async def until(holds: Callable[[], object], step: float = 0.002) -> None:
    """Wait until it holds; ends the program where it never does."""
    began = perf_counter()
    while not holds():
        if perf_counter() - began > _PATIENCE_S:
            sys.exit("benchmark: the screen never came to what was waited for")
        await asyncio.sleep(step)


def drawn(app: DspyApp) -> bool:
    """Whether the states of all services are drawn, and nothing waits to be."""
    screen = app.screen
    if not isinstance(screen, StackScreen) or not (lists := screen.query(Rows)):
        return False
    rows = lists.first()
    shown = sum("1/1" in row.line.text for row in rows.rows)
    waits = rows._repaint_required or screen._dirty_widgets or screen._layout_required  # pyright: ignore
    return shown >= SERVICES and not waits


def used() -> float:
    """Seconds of processor time of this process and of those it started that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def living() -> float:
    """The same of those that still run, the log and index processes left out as nothing of the screen."""
    total = 0.0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and b"docker" in command:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


async def share(seconds: float) -> float:
    """What of a core is used from now on for so long."""
    began, before = perf_counter(), used() + living()
    await asyncio.sleep(seconds)
    return (used() + living() - before) / (perf_counter() - began)


class Opened(NamedTuple):
    """From the key to the states, the first time in an app and the second."""

    first_ms: float
    again_ms: float


async def opening(root: Path) -> Opened:
    """Open the screen in a new app, twice."""
    app = DspyApp(open_runtime(root, interactive=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: app.work.transcript.page.units)
        await asyncio.sleep(1.0)
        first = await _open(app)
        await pilot.press("escape")
        await until(lambda: app.screen is app.work)
        again = await _open(app)
    return Opened(first, again)


async def _open(app: DspyApp) -> float:
    began = perf_counter()
    app.post_message(Key("alt+k", None))
    await until(lambda: drawn(app))
    return 1000 * (perf_counter() - began)


async def watching(root: Path, seconds: float) -> dict[str, float]:
    """What the work screen uses, then the Stack screen; then keys while an operation runs."""
    app = DspyApp(open_runtime(root, interactive=True))
    async with app.run_test(size=(120, 40)):
        await until(lambda: app.work.transcript.page.units)
        await asyncio.sleep(_SETTLE_S)
        work = await share(seconds)
        await _open(app)
        await asyncio.sleep(_SETTLE_S)
        stack = await share(seconds)
        keys = await _keys(app, cast(StackScreen, app.screen))
    keys.sort()
    return {
        "work_cpu": work,
        "stack_cpu": stack,
        "key_p50_ms": statistics.median(keys),
        "key_p99_ms": keys[min(len(keys) - 1, round(0.99 * len(keys)))],
    }


async def _keys(app: DspyApp, screen: StackScreen) -> list[float]:
    """Milliseconds from each cursor key to the row that it moves to, while all is restarted."""
    stack = await screen.desk.open()
    rows = screen.query_one(Rows)
    times: list[float] = []
    for number in range(_KEYS):
        if not screen.desk.jobs.busy:
            screen.desk.jobs.start(await stack.restart())
        down = number % (2 * SERVICES) < SERVICES
        before = rows.cursor
        began = perf_counter()
        app.post_message(Key("down" if down else "up", None))
        await until(partial(_moved, rows, before), 0.0005)
        times.append(1000 * (perf_counter() - began))
        await asyncio.sleep(0.05)
    await until(lambda: not screen.desk.jobs.busy)
    return times


def _moved(rows: Rows, before: int) -> bool:
    """Whether the cursor is on another row, and that is drawn."""
    waits = rows._repaint_required or rows.screen._dirty_widgets  # pyright: ignore
    return rows.cursor != before and not waits


async def measure(root: Path, *, seconds: float, openings: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Start the stack, measure, take it down."""
    stack = await open_stack(root, stack_dir=FOLDER)
    await (await stack.up()).run(lambda _: None)
    try:
        opened = [await opening(root) for _ in range(openings)]
        seen = await watching(root, seconds)
    finally:
        await (await stack.down(volumes=True)).run(lambda _: None)
    figures = {
        "refresh_cpu": max(0.0, seen["stack_cpu"] - seen["work_cpu"]),
        "first_state_ms": statistics.median(each.first_ms for each in opened),
        "again_ms": statistics.median(each.again_ms for each in opened),
        "key_p50_ms": seen["key_p50_ms"],
        "key_p99_ms": seen["key_p99_ms"],
    }
    detail = {"openings": [each._asdict() for each in opened], "services": SERVICES, **seen}
    return figures, detail


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each of the two screens")
    parser.add_argument("--openings", type=int, default=5, help="apps in which the screen is opened")
    args = parser.parse_args()
    kit()
    with tempfile.TemporaryDirectory() as tmp:
        os.environ["HOME"] = tmp
        root = Path(tmp) / "workspace"
        workspace(root)
        folder = Path(os.environ.get("ENG_DIR") or Path(tmp) / "engine")
        with running_engine(folder):
            figures, detail = asyncio.run(measure(root, seconds=args.seconds, openings=args.openings))
    sys.exit(0 if report("stack", figures, LIMITS, seconds=args.seconds, **detail) else 1)


if __name__ == "__main__":
    main()
