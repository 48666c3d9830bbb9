"""`dispatch` on the command line where there is no bus; with one it is tested in tests/stack/bus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Run, environment

AWAY = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "DSPY_TUI_PROVIDER": "none", "DSPY_TUI_EMBEDDER": "none"}


def test_without_a_bus_it_is_done_here_and_says_so_once(run: Run) -> None:
    done = run("dispatch", "grep", "parse_header", env=environment(**AWAY))
    assert done.returncode == 0 and b"parser.py" in done.stdout
    assert done.stderr.count(b"No Kafka answers") == 1 and b"the task is done here" in done.stderr


def test_as_json(run: Run, repo: Path) -> None:
    done = run("dispatch", "--format", "json", "--to", "backend", "!touch made", env=environment(**AWAY))
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["schema"], said["outcome"]) == ("dspy-tui.dispatch/1", "refused")
    assert (said["service"], said["worker"], done.returncode) == ("backend", "here", 3)
    assert said["error"]["code"] == "permission" and not (repo / "made").exists()


def test_a_secret_that_is_typed_is_masked_and_that_is_said_once(run: Run) -> None:
    done = run("dispatch", "why does login fail with password=hunter2xyz", env=environment(**AWAY))
    assert done.stderr.count(b"what looks like a secret in the task was masked") == 1
    assert done.returncode == 0 and b"hunter2" not in done.stdout + done.stderr


def test_from_standard_input(run: Run) -> None:
    assert b"parser.py" in run("dispatch", "-", env=environment(**AWAY), input=b"grep parse_header").stdout


@pytest.mark.parametrize(
    ("words", "env", "code", "said"),
    [
        (("--no-wait", "grep", "x"), {}, 1, b"No Kafka answers at 127.0.0.1:1"),
        ((), {}, 2, b"The task says nothing"),
        (("--timeout", "soon", "x"), {}, 2, b"number of seconds"),
        (("x",), {"KAFKA_BOOTSTRAP": "nowhere"}, 2, b"HOST:PORT"),
        (("x",), {"DSPY_TUI_SERVICES": "{"}, 2, b"DSPY_TUI_SERVICES"),
        (("--set", "deny=network", "x"), {}, 3, b"A rule denies network"),
    ],
)
def test_what_goes_wrong_is_told(
    run: Run, words: tuple[str, ...], env: dict[str, str], code: int, said: bytes
) -> None:
    done = run("dispatch", *words, env=environment(**{**AWAY, **env}))
    assert done.returncode == code and said in done.stderr and not done.stdout
