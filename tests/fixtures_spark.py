"""The Spark job as a program of its own, with what the kit has for it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psutil
import pytest

from agent_core.config import Settings
from agent_core.streaming.messages import LogContext, decode
from stack.services.spark.config import JARS, MASTER, NO_JARS, PARTITIONS, STATE
from tests.conftest import ROOT
from tests.fixtures_kafka import Kafka, free_ports, variables

PATIENCE_S = 400.0
T = TypeVar("T")


def eventually(check: Callable[[], T], *, every: float = 0.5) -> T:
    """What the check gives once that is something."""
    until = time.monotonic() + PATIENCE_S
    while not (found := check()):
        assert time.monotonic() < until, "it never came"
        time.sleep(every)
    return found


@pytest.fixture(scope="session")
def connector(kit: Path) -> Path:
    """The folder with the jars of Spark's connector; skips the test where something of Spark is missing."""
    missing = [name for name in ("pyspark", "pandas") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: pip install -e '.[spark]'")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java: apt-get install openjdk-17-jre-headless")
    folder = kit / "kafka" / "spark-connector"
    if not any(folder.glob("*.jar")):
        pytest.skip("the kit has no connector for Spark")
    return folder


class Job:
    """`python -m stack.services.spark_job`, for some settings."""

    def __init__(
        self, settings: Settings, state: Path, *, jars: Path | None, more: Mapping[str, str]
    ) -> None:
        self.port = free_ports(1)
        self.env = {
            **os.environ,
            **variables(settings),
            "DSPY_TUI_PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            MASTER: "local[2]",
            PARTITIONS: "2",
            STATE: str(state),
            JARS: str(jars) if jars else NO_JARS,
            # Java gets by with half of the processor time, and is not there for long.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            **more,
        }
        state.mkdir(exist_ok=True)
        self.log = state / f"{self.port}.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stack.services.spark_job"],
            env=self.env,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def page(self, path: str) -> str:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.read().decode()
        return ""

    def health(self) -> dict[str, Any]:
        said = self.page("/health")
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return json.loads(said) if said else {}

    def until(self, state: str) -> str:
        """Wait until it stands like this; the reason."""
        return eventually(lambda: (now := self.health()).get("state") == state and now["reason"])

    def figure(self, name: str) -> float:
        lines = self.page("/metrics").splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(f"dspy_tui_{name}{{")), 0.0)

    def all(self) -> list[psutil.Process]:
        """It and what it started, Java and Spark's Python among them."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def kill(self) -> None:
        """As for want of memory; nothing of it stays."""
        family = self.all()
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(family[1:], timeout=60)
        assert not alive, alive

    def stop(self) -> int:
        """End it as a container is ended; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def job(settings: Settings, state: Path, *, jars: Path | None, **more: str) -> Iterator[Job]:
    """A job that is gone when the block ends; without jars it uses our own data source."""
    running = Job(settings, state, jars=jars, more=more)
    try:
        yield running
    finally:
        running.close()


class Told:
    """What is on topics of key events, as a reader has it: repeats are known by their ids."""

    def __init__(self, kafka: Kafka, *services: str) -> None:
        self._services = services
        self._consumer = kafka.consumer(f"told-{uuid4().hex}")
        self._subscribed = False
        self.contexts: dict[str, list[LogContext]] = {service: [] for service in services}
        self.repeated = 0
        self._ids: set[str] = set()

    def read(self) -> None:
        names = [f"logs.ctx.{service}" for service in self._services]
        if not self._subscribed:
            if not set(names) <= set(self._consumer.topics()):
                return
            self._consumer.subscribe(names)
            self._subscribed = True
        for messages in self._consumer.poll(timeout_ms=1000).values():
            for message in messages:
                context = decode(message.value)
                assert isinstance(context, LogContext), message.value
                if context.id in self._ids:
                    self.repeated += 1
                else:
                    self._ids.add(context.id)
                    self.contexts[context.service].append(context)

    def lines(self, service: str) -> int:
        """Up to where the last message was."""
        self.read()
        return max((context.lines for context in self.contexts[service]), default=0)

    def until(self, service: str, lines: int) -> None:
        eventually(lambda: self.lines(service) >= lines)

    def text(self, service: str) -> str:
        return "\n".join(text for context in self.contexts[service] for text in context.ctx)

    def close(self) -> None:
        self._consumer.close(autocommit=False)
