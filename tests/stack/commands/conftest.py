"""A workspace with a stack of small services, and the program that runs there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.commands.program import PROGRAM, ROOT, Say

FILE = """\
services:
  prepare: {image: 'bb:1', command: [sh, -c, 'echo prepared; exit ${CODE:-0}']}
  bus:
    image: bb:1
    command: [sh, -c, "echo the bus is here api_key=sk-abcdefghijklmnop1234567; exec sleep 1000"]
    init: true
    stop_grace_period: 1s
    depends_on: {prepare: {condition: service_completed_successfully}}
    healthcheck: {test: ["CMD", "test", "${TEST:--e}", "/bin/sh"], interval: 1s, retries: "${RETRIES:-2}"}
    ports: ["127.0.0.1:${PORT:-7417}:80"]
  worker:
    image: ${IMAGE:-bb:1}
    command: ["sh", "-c", "printf 'worker \\\\033[31mred\\\\n'; trap 'exit 3' USR1; sleep 1000 & wait"]
    stop_grace_period: 1s
    depends_on: {bus: {condition: service_healthy}}
    volumes: ["kept:/kept"]
volumes: {kept: {}}
"""


@pytest.fixture
def env(engine_env: dict[str, str]) -> dict[str, str]:
    """The environment in which the program finds the engine, without this test's terminal."""
    home = os.environ["HOME"]
    return {**engine_env, "HOME": home, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with a stack."""
    at = tmp_path / "docker" / "lightweight"
    at.mkdir(parents=True)
    (at / "docker-compose.yml").write_text(f"name: c{abs(hash(tmp_path)) % 10**8}\n{FILE}")
    return tmp_path


@pytest.fixture
def say(folder: Path, env: dict[str, str]) -> Iterator[Say]:
    """Runs a command of the stack there; all is taken down at the end."""

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, "stack", *words],
            cwd=folder,
            env={**env, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield run
    run("down", "--volumes", "--allow", "run")
