from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.config import MASK
from agent_core.log import KEPT, OwnLog, log_files, open_log
from agent_core.masking import mask_secrets
from agent_core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def opened(workspace: Workspace) -> Iterator[Callable[..., OwnLog]]:
    """Open logs that are closed again, whatever the test does."""
    with ExitStack() as stack:

        def make(**options: Any) -> OwnLog:
            log = open_log(workspace, **({"mask": mask_secrets} | options))
            stack.callback(log.close)
            return log

        yield make


def lines(log: OwnLog) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in log.path.read_bytes().splitlines()]


def test_nothing_is_written_before_something_is_logged(
    opened: Callable[..., OwnLog], workspace: Workspace
) -> None:
    opened()
    assert list(workspace.root.iterdir()) == []
    assert log_files(workspace) == []


def test_lines_are_structured_and_masked(opened: Callable[..., OwnLog], workspace: Workspace) -> None:
    log = opened()
    key = "sk-" + "a1b2" * 8
    logging.getLogger("agent_core.x").info(
        "key %s\nnext \x1b[31m", key, extra={"turn": 7, "url": "http://u:secret1@h"}
    )
    try:
        raise ValueError(f"password='{key}'")
    except ValueError:
        logging.getLogger("tui").exception("failed")
    first, second = lines(log)
    assert first["message"] == f"key {MASK}\nnext "
    assert (first["level"], first["logger"], first["turn"]) == ("info", "agent_core.x", 7)
    assert first["url"] == f"http://u:{MASK}@h"
    assert first["time"].endswith("Z")
    assert first["pid"] == os.getpid()
    assert "ValueError" in second["traceback"]
    assert key not in log.path.read_text()
    assert log_files(workspace) == [log.path]
    assert log.path.stat().st_mode & 0o077 == 0


def test_debug_messages_only_on_demand(opened: Callable[..., OwnLog]) -> None:
    log = opened()
    logging.getLogger("agent_core").debug("hidden")
    logging.getLogger("agent_core").info("shown")
    assert [line["message"] for line in lines(log)] == ["shown"]
    log.close()
    log = opened(debug=True)
    logging.getLogger("agent_core").debug("now shown")
    logging.getLogger("somebody.else").info("never")
    logging.getLogger("somebody.else").warning("always")
    assert [line["message"] for line in lines(log)][1:] == ["now shown", "always"]


def test_what_libraries_say_lands_in_the_log_and_not_on_the_screen(
    opened: Callable[..., OwnLog], capfd: pytest.CaptureFixture[str]
) -> None:
    log = opened()
    logging.getLogger("library").error("oops")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    logging.getLogger("agent_core").info("broken %d", "arguments")
    assert capfd.readouterr() == ("", "")
    assert "oops" in log.path.read_text()
    assert "DeprecationWarning: old" in log.path.read_text()


def test_closing_puts_everything_back(opened: Callable[..., OwnLog]) -> None:
    before = (logging.getLogger().level, list(logging.getLogger().handlers), logging.getLogger("tui").level)
    log = opened(debug=True)
    log.close()
    assert before == (
        logging.getLogger().level,
        list(logging.getLogger().handlers),
        logging.getLogger("tui").level,
    )


def test_rotation_keeps_some_files(opened: Callable[..., OwnLog], workspace: Workspace) -> None:
    opened(max_bytes=2000)
    for number in range(100):
        logging.getLogger("agent_core").info("line %d %s", number, "x" * 100)
    files = log_files(workspace)
    assert len(files) == KEPT + 1
    assert all(path.stat().st_size <= 2000 for path in files)
    assert b"line 99 " in files[0].read_bytes()
    assert {path.name for path in files[0].parent.iterdir()} == {
        *(path.name for path in files),
        "dspy-tui.jsonl.lock",
    }


def test_an_enormous_message_is_cut(opened: Callable[..., OwnLog]) -> None:
    log = opened()
    logging.getLogger("agent_core").info("x" * 10_000_000)
    assert log.path.stat().st_size < 100_000


@pytest.mark.parametrize("place", [".dspy_tui", ".dspy_tui/logs", ".dspy_tui/logs/dspy-tui.jsonl"])
def test_a_log_that_cannot_be_written_is_given_up(
    opened: Callable[..., OwnLog], workspace: Workspace, tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "target"
    link = workspace.root / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    opened()
    logging.getLogger("agent_core").error("into nowhere")
    logging.getLogger("agent_core").error("again")
    assert not elsewhere.exists()


def test_a_pipe_in_the_place_of_the_log_does_not_block(
    opened: Callable[..., OwnLog], workspace: Workspace
) -> None:
    os.mkfifo(workspace.ensure_state_dir("logs") / "dspy-tui.jsonl")
    opened()
    logging.getLogger("agent_core").error("into nowhere")


WRITE = """
import logging, sys
from agent_core.log import open_log
from agent_core.workspace import Workspace
log = open_log(Workspace.open(sys.argv[1]), mask=str, max_bytes=20_000)
for number in range(150):
    logging.getLogger("agent_core").info("%s-%d %s", sys.argv[2], number, "x" * 200)
"""


def test_two_processes_share_a_log(workspace: Workspace) -> None:
    argv = [sys.executable, "-c", WRITE, str(workspace.root)]
    writers = [subprocess.Popen([*argv, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    seen = [
        msgspec.json.decode(line) for path in log_files(workspace) for line in path.read_bytes().splitlines()
    ]
    names = [line["message"].split(" ")[0] for line in seen]
    assert len(names) == len(set(names))
    assert len(names) > 100
