"""The screen in a pseudo-terminal: what it leaves behind, and what it does when it comes back."""

from __future__ import annotations

import json
import signal
import termios
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import psutil
import pytest

from tests.e2e.conftest import PROGRAM, environment

pytestmark = pytest.mark.terminal
ENTERS, LEAVES = "\x1b[?1049h", "\x1b[?1049l"


@contextmanager
def opened(repo: Path, *, first: str = "", **env: str) -> Generator[pexpect.spawn[bytes]]:
    """The program on the repository, once its files show; `first` is run before it."""
    code = f"{first}\n{PROGRAM[2]}"
    screen = pexpect.spawn(
        PROGRAM[0],
        [PROGRAM[1], code, str(repo)],
        env=environment(**{"TERM": "xterm-256color", **env}),
        dimensions=(36, 120),
        timeout=120,
    )
    try:
        screen.expect_exact(ENTERS)
        screen.expect_exact("README.md")
        yield screen
    finally:
        screen.close(force=True)


def until_stopped(screen: pexpect.spawn[bytes]) -> None:
    """A shell does not let it go on before it has stopped either; it leaves the screen a moment earlier."""
    end = time.monotonic() + 120
    while psutil.Process(screen.pid).status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_after_a_stop_that_cannot_be_caught_the_terminal_is_taken_again(repo: Path) -> None:
    """A shell that shows its prompt meanwhile has the keys echoed, line by line."""
    with opened(repo) as screen:
        screen.kill(signal.SIGSTOP)
        until_stopped(screen)
        modes = termios.tcgetattr(screen.child_fd)
        modes[3] |= termios.ECHO | termios.ICANON
        termios.tcsetattr(screen.child_fd, termios.TCSANOW, modes)
        screen.kill(signal.SIGCONT)
        screen.expect_exact(ENTERS)
        screen.expect_exact("sk about this repository")
        assert not termios.tcgetattr(screen.child_fd)[3] & (termios.ECHO | termios.ICANON)
        screen.send("\x11")
        screen.expect_exact(LEAVES)
        screen.expect(pexpect.EOF)
    assert screen.exitstatus == 0


def test_after_a_suspension_everything_is_drawn_again(repo: Path) -> None:
    with opened(repo) as screen:
        screen.kill(signal.SIGTSTP)
        screen.expect_exact(LEAVES)
        until_stopped(screen)
        screen.kill(signal.SIGCONT)
        screen.expect_exact(ENTERS)
        screen.expect_exact("sk about this repository")
        screen.send("\x11")
        screen.expect_exact(LEAVES)
        screen.expect(pexpect.EOF)
    assert screen.exitstatus == 0


def test_an_error_of_its_own_ends_it_without_a_traceback(repo: Path) -> None:
    broken = "import tui.app; secret = 'hunter2'; tui.app.DspyApp.action_toggle_theme = lambda self: [][1]"
    with opened(repo, first=broken) as screen:
        screen.send("\x14")
        screen.expect_exact(LEAVES)
        screen.expect_exact("Something went wrong inside dspy-tui")
        screen.expect(pexpect.EOF)
        rest = bytes(screen.before or b"")
    assert screen.exitstatus == 1
    assert b"Traceback" not in rest and b"hunter2" not in rest
    logged = [json.loads(line) for line in (repo / ".dspy_tui/logs/dspy-tui.jsonl").read_text().splitlines()]
    assert any("IndexError" in json.dumps(entry) for entry in logged)
