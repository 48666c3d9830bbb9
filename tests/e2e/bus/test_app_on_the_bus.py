"""The app on a genuine broker: lines are shipped, key events made of them, and both the log pane and what
suggestions go by have them; the broker goes and comes back while the app is open."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from agent_core.logs.stream.mining import RawMessage, mine
from agent_core.rl.features import extract
from agent_core.runtime import Runtime, open_runtime
from agent_core.streaming.access import access_of
from agent_core.streaming.making import make_topics
from agent_core.streaming.messages import encode
from agent_core.streaming.names import log_context
from tests.e2e.bus.test_logs_ship import PATIENCE_S, sent, ship
from tests.e2e.conftest import PROGRAM, environment
from tests.fixtures_kafka import Kafka
from tests.fixtures_spark import job
from tui.app import DspyApp

pytestmark = pytest.mark.kafka

FAILED = """2026-11-28 10:00:00 INFO orders up
2026-11-28 10:00:05 ERROR orders could not charge order 17
Traceback (most recent call last):
  File "/srv/shop/src/orders.py", line 3, in charge
    raise ConnectionError("payments are gone")
ConnectionError: payments are gone
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The machine that runs the service: its logs are not in the workspace."""
    (tmp_path / "shop" / "logs").mkdir(parents=True)
    (tmp_path / "shop" / "logs" / "orders.log").write_text(FAILED)
    return tmp_path / "shop"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The workspace, without logs of its own."""
    (tmp_path / "work" / "src").mkdir(parents=True)
    (tmp_path / "work" / "src" / "orders.py").write_text(
        "def charge():\n    # pays\n    raise ConnectionError\n"
    )
    return tmp_path / "work"


def shipped_and_mined(kafka: Kafka, shop: Path, service: str) -> None:
    """What `logs ship` and the stack's Spark job do."""
    done = ship(shop, kafka.server, "--service", service)
    assert done.returncode == 0, done.stderr
    raw = [RawMessage(0, number, 0.0, encode(one)) for number, one in enumerate(sent(kafka, service))]
    context = mine(None, raw, service=service).context
    assert context is not None
    topic = log_context(service)
    asyncio.run(make_topics(access_of(kafka.settings), (topic,)))
    kafka.send(topic, encode(context))


async def until(pilot: Pilot[Any], true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await pilot.pause(0.1)


def test_ctx_reads_the_bus_without_a_screen(kafka: Kafka, shop: Path, work: Path) -> None:
    shipped_and_mined(kafka, shop, "asked")
    done = subprocess.run(
        [*PROGRAM, "--batch", "-c", "ctx --source bus:asked", "--format", "json"],
        cwd=work, env=environment(KAFKA_BOOTSTRAP=kafka.server), capture_output=True, timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (event, *_) = json.loads(done.stdout)["results"][0]["data"]["events"]
    assert event["source"] == "bus:asked:logs/orders.log"
    assert "payments are gone" in event["text"]
    assert event["places"][0]["path"] == "src/orders.py", "a place of this workspace"


def pane(app: DspyApp) -> str:
    """What the log pane shows."""
    return "\n".join(item.text for item in app.work.logs.items)


def seen(runtime: Runtime) -> dict[str, float]:
    """What suggestions go by."""
    surroundings = runtime.learning._surroundings  # pyright: ignore[reportPrivateUsage]
    return extract(surroundings.situation(runtime.index.status, acting=False))


@pytest.mark.spark
async def test_from_a_file_through_the_job_to_the_pane_and_what_suggestions_go_by(
    kafka: Kafka, connector: Path, shop: Path, work: Path, tmp_path: Path
) -> None:
    runtime = open_runtime(
        work, flags={"provider": "none", "index_in_background": "false"},
        env={"KAFKA_BOOTSTRAP": kafka.server}, interactive=True,
    )  # fmt: skip
    with job(kafka.settings, tmp_path / "job", jars=connector) as running:
        await asyncio.to_thread(running.until, "working")
        app = DspyApp(runtime)
        async with app.run_test(size=(160, 48)) as pilot:
            await until(pilot, lambda: app.work.status.status.bus_mark == "●")
            done = await asyncio.to_thread(ship, shop, kafka.server, "--service", "spark")
            assert done.returncode == 0, done.stderr
            await until(pilot, lambda: "payments are gone" in pane(app))
            await until(pilot, lambda: seen(runtime).get("log_errors"))
        assert running.stop() == 0


async def test_the_log_pane_has_them_also_while_the_broker_goes_and_comes_back(
    kafka: Kafka, shop: Path, work: Path
) -> None:
    await asyncio.to_thread(shipped_and_mined, kafka, shop, "pane")
    runtime = open_runtime(
        work, flags={"provider": "none", "index_in_background": "false"},
        env={"KAFKA_BOOTSTRAP": kafka.server}, interactive=True,
    )  # fmt: skip
    app = DspyApp(runtime)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: app.work.status.status.bus_mark == "●")
        await until(pilot, lambda: "payments are gone" in pane(app))
        await until(pilot, lambda: seen(runtime).get("log_errors"))
        await asyncio.to_thread(kafka.stop)
        try:
            await until(pilot, lambda: app.work.status.status.bus == "bus lost")
            assert "payments are gone" in pane(app)
        finally:
            await asyncio.to_thread(kafka.start)
        await until(pilot, lambda: app.work.status.status.bus == "bus")
        log = shop / "logs" / "orders.log"
        log.write_text(log.read_text() + "2026-11-28 10:09:00 FATAL stock no space left on device\n")
        await asyncio.to_thread(shipped_and_mined, kafka, shop, "pane")
        await until(pilot, lambda: "no space left" in pane(app))
