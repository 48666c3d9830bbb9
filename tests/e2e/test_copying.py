"""Copying in a real terminal: the sequence that a terminal gets, and tmux's buffer."""

from __future__ import annotations

import base64
import re
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import PROGRAM, environment
from tests.e2e.test_terminal import opened

pytestmark = pytest.mark.terminal
BARE = dict.fromkeys(
    ("TMUX", "DISPLAY", "WAYLAND_DISPLAY", "SSH_TTY", "SSH_CONNECTION", "WSL_DISTRO_NAME"), ""
)
TYPED = "copy 日本 🎉 'me'"
SELECT_ALL, COPY = b"\x1b[1;2H", b"\x03"


def test_a_terminal_gets_the_text_whole(repo: Path) -> None:
    with opened(repo, **BARE) as screen:
        screen.send(f"\x1b[200~{TYPED}\x1b[201~".encode())
        screen.expect_exact(TYPED[-4:])
        screen.send(SELECT_ALL)
        screen.expect_exact(TYPED[-4:])  # drawn again: it is selected
        screen.send(COPY)
        screen.expect(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
        assert isinstance(screen.match, re.Match)
        assert base64.b64decode(screen.match[1], validate=True).decode() == TYPED
        screen.expect_exact("· terminal".encode())


@contextmanager
def in_tmux(repo: Path, tmp_path: Path, **env: str) -> Generator[Callable[..., str]]:
    """The program in a tmux of its own, and what asks that tmux."""
    sock = tmp_path / "tmux.sock"

    def tmux(*words: str) -> str:
        command = ("tmux", "-S", str(sock), "-f", "/dev/null", *words)
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(**env), timeout=60
        ).stdout

    program = (*PROGRAM[:1], "-c", PROGRAM[2], str(repo))
    tmux("new-session", "-d", "-x", "120", "-y", "36", "--", *program)
    try:
        yield tmux
    finally:
        tmux("kill-server")


def until(said: Callable[[], str], wanted: str) -> str:
    end = time.monotonic() + 120
    while not re.search(wanted, got := said()):
        assert time.monotonic() < end, got
        time.sleep(0.05)
    return got


def test_tmux_has_it_in_its_buffer(repo: Path, tmp_path: Path) -> None:
    with in_tmux(repo, tmp_path, **BARE) as tmux:

        def shown() -> str:
            return tmux("capture-pane", "-p")

        def coloured() -> str:
            return next(row for row in tmux("capture-pane", "-pe").splitlines() if "copy" in row)

        until(shown, r"README\.md")
        tmux("send-keys", "-l", TYPED)
        until(shown, re.escape(TYPED))
        plain = coloured()
        tmux("send-keys", "C-a", "S-End")
        while coloured() == plain:  # until it is selected
            time.sleep(0.05)
        tmux("send-keys", "C-c")
        until(shown, "· tmux")
        assert tmux("show-buffer") == TYPED
