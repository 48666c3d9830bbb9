"""Programs of ours as processes, over one broker and one workspace, for tests of what they come to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from agent_core.config import Settings
from agent_core.streaming.access import access_of
from agent_core.streaming.messages import DeadLetter, Result
from agent_core.streaming.names import ERRORS, results
from agent_core.streaming.source import KafkaSource
from tests.fixtures_kafka import variables
from tests.ports import free_ports

WAIT_S = 240
_STOPPED_S = 60
"""Containers are killed 20 to 30 seconds after they were told to stop; this machine may be busy."""


class Fleet:
    """Programs of ours as processes, over one broker and one workspace."""

    def __init__(self, settings: Settings, root: Path, model: str) -> None:
        self._root = root
        self._env = {
            **os.environ,
            **variables(settings),
            "DSPY_TUI_WORKSPACE": str(root / "shop"),
            "DSPY_TUI_STATE": str(root / "state"),
            "DSPY_TUI_EMBEDDER": "none",
            "OPENAI_BASE_URL": f"{model}/v1",
            "MODEL_NAME": "big",
        }
        self._ending = ExitStack()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def start(self, module: str, name: str, **env: str) -> Program:
        """Start one; its log is a file."""
        port = free_ports(1)
        log = self._ending.enter_context((self._root / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", f"stack.services.{module}"],
            env={**self._env, "DSPY_TUI_PORT": str(port), **env},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        program = Program(process, port, self._root / f"{name}.log")
        self._ending.callback(program.end)
        return program


class Program:
    """One of them."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self._port, self._log = process, port, log

    def end(self) -> int:
        """As a container is stopped; returns the exit code. It ends by itself, with all that it began.

        Raises:
            AssertionError: It has to be killed, or leaves processes behind.
        """
        if self.process.poll() is None:
            begun = psutil.Process(self.process.pid).children(recursive=True)
            self.process.terminate()
            try:
                self.process.wait(_STOPPED_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self._log.name}: it does not end by itself") from None
            _, left = psutil.wait_procs(begun, timeout=_STOPPED_S)
            assert not left, f"{self._log.name}: it leaves {left}"
        return self.process.returncode

    def kill(self) -> None:
        """As by the kernel."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def said(self) -> list[dict[str, Any]]:
        """Its log."""
        found: list[dict[str, Any]] = []
        for line in self._log.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # it is being written
        return found

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def figure(self, name: str) -> float:
        """One of its /metrics; 0 where there is none, or no page yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=30) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return 0.0
        return next((float(line.split()[-1]) for line in lines if line.startswith(f"dspy_tui_{name}{{")), 0.0)

    def works(self) -> bool:
        """Whether it says that it is at work."""
        return self.health()["state"] == "working"

    def begun(self) -> set[str]:
        """The tasks that it began."""
        return self._ids("works on a task")

    def in_hand(self) -> set[str]:
        """Those that it did not end."""
        return self.begun() - self._ids("a task has its result")

    def _ids(self, words: str) -> set[str]:
        return {line["correlation_id"] for line in self.said if line["message"].startswith(words)}


async def until(condition: Callable[[], Any], what: str) -> None:
    try:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"it never came to this: {what}") from None


async def read(settings: Settings, ids: set[str], *, most: int, until: int = 0) -> tuple[list[Any], int]:
    """What was said of so many of these tasks, and how many of it were repeats; at least `until` messages."""
    source = KafkaSource(
        access_of(settings), group=f"test.{os.urandom(4).hex()}", topics=(results("*"), ERRORS)
    )
    found: list[Any] = []
    repeated = 0
    try:
        async with asyncio.timeout(WAIT_S):
            while len({each.task for each in found}) < most or len(found) + repeated < until:
                for received in (await source.take(wait=1.0)).received:
                    message = received.message
                    if isinstance(message, Result | DeadLetter) and message.task in ids:
                        repeated += received.repeated
                        if not received.repeated:
                            found.append(message)
    finally:
        await source.aclose()
    return found, repeated
