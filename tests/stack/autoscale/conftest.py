"""A genuine broker, and a stack of small services on a real engine: two workers, and one that is none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_kafka import Kafka, kafka
from tests.stack.commands.program import PROGRAM, ROOT, Say

__all__ = ["kafka"]

FILE = """\
x-base: &base {image: 'bb:1', command: [sleep, '1000'], init: true, stop_grace_period: 1s}
services:
  worker: {<<: *base, environment: {DSPY_TUI_SERVICE: backend}}
  front: {<<: *base, environment: {DSPY_TUI_SERVICE: frontend}}
  other: *base
"""


@pytest.fixture
def env(engine_env: dict[str, str], kafka: Kafka) -> dict[str, str]:
    """The environment in which the program finds engine and broker."""
    home = os.environ["HOME"]
    return {**engine_env, "HOME": home, "PYTHONPATH": str(ROOT), "KAFKA_BOOTSTRAP": kafka.server}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with a stack."""
    at = tmp_path / "docker" / "lightweight"
    at.mkdir(parents=True)
    (at / "docker-compose.yml").write_text(f"name: a{abs(hash(tmp_path)) % 10**8}\n{FILE}")
    return tmp_path


@pytest.fixture
def say(folder: Path, env: dict[str, str]) -> Iterator[Say]:
    """Runs a command of the stack there; all is taken down at the end."""

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, "stack", *words], cwd=folder, env={**env, **more}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    yield run
    run("down", "--volumes", "--allow", "run")
