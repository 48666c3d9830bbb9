"""The task with the stack, on a real engine with a genuine broker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.record.stack import there_is
from scripts.record.tasks import STACK
from tests.e2e.test_tasks import SMALL, done
from tests.stack.conftest import _engine, compose_env, engine_env, engine_folder

__all__ = ["compose_env", "engine_env", "engine_folder"]
pytestmark = [pytest.mark.terminal, pytest.mark.engine, pytest.mark.kafka]


def test_a_newcomer_starts_the_stack_and_tails_a_topic(
    kit: Path, engine_folder: Path, engine_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, engine_env[name])
    monkeypatch.setenv("ENG_NS", f"t{os.getpid()}")
    if not there_is():  # another test may have made one that can do more
        _engine(kit, engine_folder, "genuine", "kafka")
    done(STACK, SMALL)
