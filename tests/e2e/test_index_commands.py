"""The commands over the index as a process of their own, with a real index behind them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent_core.events import IndexChanged, from_json
from tests.agent_core.test_gitstate import git
from tests.e2e.conftest import Run
from tests.e2e.test_batch import document

FILES = {
    "src/retry.py": '"""Trying again."""\n\nfrom src.clock import now\n\n\n'
    "class Retry:\n    def backoff(self, attempt):\n        return now() + 2**attempt\n",
    "src/clock.py": '"""The time."""\n\n\ndef now():\n    return 0.0\n',
    "src/main.py": "from src.retry import Retry\n\n\ndef main():\n    Retry().backoff(1)\n",
    "tests/test_retry.py": "from src.retry import Retry\n\n\ndef test_it():\n    Retry().backoff(1)\n",
}


@pytest.fixture
def project(repo: Path) -> Path:
    for name, text in FILES.items():
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(text)
    git(repo, "init", "-q")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "begin")
    return repo


def results(done: subprocess.CompletedProcess[bytes]) -> list[Any]:
    assert done.returncode == 0, done.stderr.decode()
    return document(done)["results"]


def batch(run: Run, *commands: str, options: tuple[str, ...] = ("--set", "embedder=none")) -> list[Any]:
    words = [word for command in commands for word in ("-c", command)]
    return results(run("--batch", *options, *words, "--format", "json"))


def test_searching_builds_the_index_and_fits_the_schema(run: Run, project: Path) -> None:
    found, connected, status = batch(
        run, "esearch how long is the backoff of a retry", "intel retry --limit 1", "index --status"
    )
    data = found["data"]
    assert (data["hits"][0]["path"], data["mode"]) == ("src/retry.py", "hybrid")
    assert set(data["hits"][0]) == {"path", "start", "end", "score", "why", "text"} and data["hits"][0]["why"]
    assert len(connected["data"]["hits"]) == 1 and connected["data"]["mode"] == "graph"
    stands = status["data"]["index"]
    assert (stands["phase"], stands["files"], stands["behind"]) == ("ready", 6, 0)


def test_vectors(run: Run, project: Path) -> None:
    made, found = batch(
        run, "emb-index", "vretr --query 'wait before trying once more' --limit 2", options=()
    )
    stands = made["data"]["index"]
    assert made["data"]["made"] > 0 and stands["embedded"] == stands["chunks"]
    assert found["data"]["hits"][0]["path"] == "src/retry.py"
    assert found["data"]["mode"] == "vector"


def test_what_the_project_is(run: Run, project: Path) -> None:
    whole, one = batch(run, "codectx", "codectx src/retry.py")
    assert whole["data"]["says"] == "It parses headers." and whole["data"]["kind"] == "folder"
    assert whole["data"]["sections"]["entry_points"][0]["path"] == "src/main.py"
    assert {row["path"] for row in whole["data"]["sections"]["layout"]} == {"src/", "tests/"}
    assert one["data"]["sections"]["tests"][0]["path"] == "tests/test_retry.py"
    assert one["data"]["answer"] == "", "there is no model"


def test_risks_come_from_the_index(run: Run, project: Path) -> None:
    (project / "src" / "huge.py").write_text("x = 1\n" * 900)
    (project / "src" / "broken.py").write_text("def f(:\n    pass\n")
    (whole,) = batch(run, "codectx")
    risks = {row["path"]: row["text"] for row in whole["data"]["sections"]["risks"]}
    assert risks["src/huge.py"] == "large: 900 lines" and "broken" in risks["src/broken.py"]


def test_text_is_for_people(run: Run, project: Path) -> None:
    done = run("--batch", "--set", "embedder=none", "-c", "esearch retry backoff --limit 1")
    assert done.stdout.decode().startswith("1. src/retry.py:")
    done = run("--batch", "--set", "embedder=none", "-c", "index --status")
    assert done.stdout.decode().splitlines()[0] == "state    fresh"


def test_events_tell_how_the_index_stands(run: Run, project: Path) -> None:
    done = run("--batch", "--set", "embedder=none", "-c", "index", "--format", "jsonl")
    events = [from_json(line) for line in done.stdout.splitlines()]
    phases = [event.status.phase for event in events if isinstance(event, IndexChanged)]
    assert phases and phases[-1] == "ready"


def test_cooldowns_bind_no_typed_command_and_survive(run: Run, project: Path) -> None:
    assert len(batch(run, "index", "index")) == 2
    kept = json.loads((project / ".dspy_tui" / "cooldowns.json").read_text())
    assert set(kept["ran"]) == {"index"}
    assert batch(run, "index")[0]["outcome"] == "answered"


@pytest.mark.parametrize("line", ["esearch", "/vretr", "/esearch --limit 0", "/intel --limit x y"])
def test_wrong_words_are_a_usage_error(run: Run, project: Path, line: str) -> None:
    done = run("--batch", "-c", line)
    assert done.returncode == 2 and b"Usage:" in done.stderr


def test_nothing_is_left_running(run: Run, project: Path) -> None:
    batch(run, "esearch retry")
    until = time.monotonic() + 60  # what was killed may take a moment to be gone
    while (mine := running_in(project)) and time.monotonic() < until:
        time.sleep(0.05)
    assert mine == []


def running_in(folder: Path) -> list[int]:
    found = psutil.process_iter(["pid", "cwd"])
    return [process.info["pid"] for process in found if process.info["cwd"] == os.fspath(folder)]
