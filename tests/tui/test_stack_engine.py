"""The Stack screen over a real engine: started, scaled, hurt, read, cancelled, taken down."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from stack.running import open_stack
from stack.state import ServiceState
from tests.fakes.screen import FakeRuntime
from tests.stack.conftest import compose_env, engine_env, engine_folder
from tests.tui.conftest import app_of, screen_text, settled
from tui.app import DspyApp
from tui.screens.stack import StackScreen
from tui.screens.stack_ask import StackAsk
from tui.screens.stack_job import Job
from tui.widgets.streamlines import StreamLines

__all__ = ["compose_env", "engine_env", "engine_folder"]
pytestmark = pytest.mark.engine
FOLDER = "docker/lightweight"
FILE = """\
services:
  talks:
    image: bb:1
    command: ["sh", "-c", "i=0; while true; do i=$$((i+1)); echo step $$i of [bold]it[/bold]; sleep .2; done"]
    init: true
    stop_grace_period: 1s
    healthcheck: {test: ["CMD", "true"], interval: 1s, retries: 3}
  quiet:
    image: bb:1
    command: ["sh", "-c", "echo ready; exec sleep 1000"]
    init: true
    stop_grace_period: 1s
    healthcheck: {test: ["CMD", "true"], interval: 1s, retries: 3}
  slow:
    image: bb:1
    command: ["sleep", "1000"]
    init: true
    stop_grace_period: 1s
    healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 1000}
    profiles: [slow]
"""


@pytest.fixture
def env(engine_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The engine is that of the environment."""
    for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, engine_env[name])
    yield engine_env


@pytest.fixture
async def stack(repository: Path, env: dict[str, str]) -> AsyncIterator[str]:
    """The name of a project in the repository; taken down behind the test."""
    folder = repository / FOLDER
    folder.mkdir(parents=True)
    name = f"s{abs(hash(repository)) % 10**8}"
    (folder / "docker-compose.yml").write_text(f"name: {name}\n{FILE}")
    yield name
    running = await open_stack(repository, stack_dir=FOLDER)
    await (await running.down(volumes=True)).run(lambda _: None)


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Let the app go on until it holds, for as long as a real engine may take."""
    for _ in range(3000):
        if holds():
            return
        await pilot.pause(0.1)
    assert isinstance(pilot.app, DspyApp)
    raise AssertionError(f"it never came to that:\n{screen_text(pilot.app)}")


def state(screen: StackScreen, name: str) -> ServiceState | None:
    return next((one for one in screen.reading.services if one.name == name), None)


async def run(pilot: Pilot[None], screen: StackScreen, *keys: str) -> Job:
    """Press keys until a command shows, run it, and wait for its end."""
    app = pilot.app
    assert isinstance(app, DspyApp)
    before = screen.desk.jobs.job
    await pilot.press(*keys)
    await until(pilot, lambda: isinstance(app.screen, StackAsk) and "$ docker compose" in screen_text(app))
    await pilot.press("enter")
    await until(pilot, lambda: screen.desk.jobs.job is not before and not screen.desk.jobs.busy)
    job = screen.desk.jobs.job
    assert job is not None
    return job


async def test_a_stack_from_start_to_end(stack: str, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app = await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: "All services" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, StackScreen)
        assert "3 off" in screen_text(app) and stack in screen_text(app)

        job = await run(pilot, screen, "u")
        assert (job.outcome, job.operation.command) == ("done", "docker compose up --detach --wait")
        assert f"Container {stack}-talks-1" in job.steps
        await until(pilot, lambda: "2/2" in screen_text(app) and "2 healthy" in screen_text(app))
        await until(pilot, lambda: all(one.memory for one in screen.reading.services if one.running))

        screen.choose("quiet")
        job = await run(pilot, screen, "n", "3")
        assert (job.outcome, job.operation.what) == ("done", "scale")
        await until(pilot, lambda: (found := state(screen, "quiet")) and found.running == 3)
        await until(pilot, lambda: "3/3" in screen_text(app))

        subprocess.run(["docker", "kill", f"{stack}-quiet-2"], check=True, capture_output=True)
        await until(pilot, lambda: "2/3" in screen_text(app) and "exit code 137" in screen_text(app))
        assert (found := state(screen, "quiet")) is not None and found.standing == "failed"

        screen.choose("talks")
        await pilot.press("l")
        await until(pilot, lambda: re.search(r"step \d+ of \[bold\]it\[/bold\]", screen_text(app)))
        await pilot.press("slash", *"step 1", "enter")
        await until(pilot, lambda: "matches in" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: "lines below" in screen_text(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is screen)

        job = await run(pilot, screen, "r")
        assert (job.outcome, job.operation.services) == ("done", ("talks",))
        await until(pilot, lambda: (found := state(screen, "talks")) and found.standing == "healthy")

        await _cancelled(pilot, screen)
        job = await run(pilot, screen, "d")
        assert job.outcome == "done"
        await until(pilot, lambda: "3 off" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)
    assert not _running("docker compose")


async def _cancelled(pilot: Pilot[None], screen: StackScreen) -> None:
    """Cancel in the middle of `up`, and see the offer, the rest, and that it can be left."""
    app = pilot.app
    assert isinstance(app, DspyApp)
    screen.choose("slow")
    await pilot.press("u")
    await until(pilot, lambda: "--wait slow" in screen_text(app))
    await pilot.press("enter")
    await until(pilot, lambda: (found := state(screen, "slow")) and found.containers)
    assert screen.desk.jobs.busy
    await pilot.press("x")
    await until(pilot, lambda: isinstance(app.screen, StackAsk) and "was cancelled" in screen_text(app))
    assert screen.desk.jobs.job is not None and screen.desk.jobs.job.outcome == "cancelled"
    assert "down --remove-orphans" in screen_text(app)
    await pilot.pause(0.5)
    await pilot.press("escape")
    await until(pilot, lambda: app.screen is screen)
    assert (found := state(screen, "slow")) is not None and found.containers


async def test_containers_that_come_and_go_are_read_on(stack: str, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app = await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: "All services" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, StackScreen)
        screen.choose("talks")
        await pilot.press("l")
        await until(pilot, lambda: "Nothing was said yet" in screen_text(app))
        await (await (await screen.desk.open()).up(("talks",))).run(lambda _: None)
        lines = app.screen.query_one(StreamLines)

        def times(step: int) -> int:
            return [line.text for line in lines.kept].count(f"step {step} of [bold]it[/bold]")

        await until(pilot, lambda: times(2) == 1)
        await (await (await screen.desk.open()).stop(("talks",))).run(lambda _: None)
        await (await (await screen.desk.open()).up(("talks",))).run(lambda _: None)
        await until(pilot, lambda: times(2) > 1)
        assert (times(1), times(2)) == (2, 2), "nothing is read twice"


def _running(words: str) -> list[str]:
    said = subprocess.run(["ps", "-eo", "ppid,args"], check=True, capture_output=True, text=True).stdout
    return [line for line in said.splitlines() if line.split()[0] == str(os.getpid()) and words in line]
