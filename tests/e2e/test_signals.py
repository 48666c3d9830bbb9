"""Interrupting a headless run: the turn ends, the output is whole, nothing is left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from agent_core.events import TurnFinished, from_json
from tests.e2e.conftest import PROGRAM, environment
from tests.fakes.processes import gone


def start(repo: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start the program with a shell command that writes its process id into a pipe and waits."""
    os.mkfifo(repo / "running")
    command = "!echo $$ > running; exec sleep 300"
    return subprocess.Popen(
        [*PROGRAM, "--batch", "--allow", "shell", "-c", command, "-c", "ls", *arguments],
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # the suite may run under nohup
    )


def wait_until_running(repo: Path) -> int:
    """The process id of the command, once it runs."""
    return int((repo / "running").read_text())


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_whole_document(repo: Path, number: signal.Signals) -> None:
    with start(repo, "--format", "json", "--keep-going") as process:
        pid = wait_until_running(repo)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    (result,) = json.loads(out)["results"]
    assert process.returncode == 130
    assert (result["outcome"], result["exit"], result["error"]["code"]) == ("stopped", 130, "interrupted")
    assert b"Traceback" not in err
    assert is_gone(pid)


def test_nohup_keeps_its_meaning(repo: Path) -> None:
    """A hang-up that is ignored when the program starts does not end it."""
    os.mkfifo(repo / "running")
    with subprocess.Popen(
        [*PROGRAM, "--batch", "--allow", "shell", "-c", "!echo $$ > running; read -r _ < running; echo on"],
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    ) as process:
        wait_until_running(repo)
        process.send_signal(signal.SIGHUP)
        (repo / "running").write_text("go\n")
        out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, b"on\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_commands_are_read(repo: Path, number: signal.Signals) -> None:
    os.mkfifo(repo / "commands")
    with (
        subprocess.Popen(
            [*PROGRAM, "--batch", "--format", "json", "--file", "commands"],
            cwd=repo,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        ) as process,
        (repo / "commands").open("wb"),
    ):  # opened once the program reads
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and b"Traceback" not in err
    assert json.loads(out)["results"] == []


def test_a_signal_ends_the_event_stream_properly(repo: Path) -> None:
    with start(repo, "--format", "jsonl") as process:
        pid = wait_until_running(repo)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    last = from_json(out.splitlines()[-1])
    assert isinstance(last, TurnFinished) and last.exit == 130
    assert process.returncode == 130
    assert is_gone(pid)


def test_a_reader_that_stalls_does_not_stop_an_interruption(repo: Path) -> None:
    """It ends although nobody reads."""
    os.mkfifo(repo / "running")
    command = "!echo $$ > running; exec yes"
    with subprocess.Popen(
        [*PROGRAM, "--batch", "--allow", "shell", "-c", command],
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        pid = wait_until_running(repo)
        assert process.stderr is not None and process.stdout is not None
        process.stdout.read(10)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
    assert process.returncode == 130
    assert is_gone(pid)


@pytest.mark.terminal
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(repo: Path, number: signal.Signals) -> None:
    screen: Any = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], str(repo)],
        env=environment(TERM="xterm-256color"),
        dimensions=(36, 120),
        timeout=120,
    )
    try:
        screen.expect_exact("\x1b[?1049h")
        screen.expect_exact("README.md")
        screen.kill(number)
        screen.expect_exact("\x1b[?1049l")
        screen.expect(pexpect.EOF)
    finally:
        screen.close(force=True)
    assert screen.exitstatus == 130


@pytest.mark.terminal
async def test_a_terminal_that_is_closed_ends_the_program(repo: Path) -> None:
    """Its system says "hang up" and "go on", and nothing can be written any more."""
    screen: Any = pexpect.spawn(
        "/bin/sh",  # the leader whose end hangs up; the program is one of its children
        ["-c", '"$@"; exit 0', "sh", *PROGRAM, str(repo)],
        env=environment(TERM="xterm-256color"),
        dimensions=(36, 120),
        timeout=120,
    )
    screen.expect_exact("README.md")
    (program,) = psutil.Process(screen.pid).children()
    screen.close(force=True)
    await gone(program.pid)


@pytest.mark.terminal
def test_to_go_on_without_having_been_suspended_changes_nothing(repo: Path) -> None:
    screen: Any = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], str(repo)],
        env=environment(TERM="xterm-256color"),
        dimensions=(36, 120),
        timeout=120,
    )
    try:
        screen.expect_exact("README.md")
        for _ in range(10):  # each would start two threads more
            screen.kill(signal.SIGCONT)
        screen.send("\x11")
        screen.expect(pexpect.EOF)
    finally:
        screen.close(force=True)
    assert screen.exitstatus == 0
