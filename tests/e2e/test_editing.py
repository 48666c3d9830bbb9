"""The prompt in an editor of the person's, in a pseudo-terminal."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.e2e.test_terminal import ENTERS, LEAVES, opened

pytestmark = pytest.mark.terminal
EDIT = b"\x1be"
SCRIPT = """#!/usr/bin/env python3
import os, signal, sys, time
path, folder = sys.argv[-1], os.environ["RECORD"]
with open(path, "rb") as file:
    text = file.read()
with open(folder + "/saw", "w") as file:
    print(sys.argv[1:-1], oct(os.stat(path).st_mode)[-3:], path, text.decode(), sep="\\n", file=file)
%s
"""


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = tmp_path / "record"
    folder.mkdir()
    return folder


@pytest.fixture
def editor(tmp_path: Path, record: Path) -> Callable[[str], dict[str, str]]:
    """The environment with an editor that does what the lines of Python say."""

    def make(lines: str, *arguments: str) -> dict[str, str]:
        path = tmp_path / "my editor"
        path.write_text(SCRIPT % lines)
        path.chmod(0o755)
        (tmp_path / "tmp").mkdir(exist_ok=True)
        command = " ".join((f"'{path}'", *arguments))
        return {"VISUAL": command, "RECORD": str(record), "TMPDIR": str(tmp_path / "tmp"), "TMUX": ""}

    return make


def typed(screen: pexpect.spawn[bytes], text: str) -> None:
    screen.send(text.encode())
    screen.expect_exact(text[-3:].encode())


def edited(screen: pexpect.spawn[bytes]) -> None:
    screen.send(EDIT)
    screen.expect_exact(LEAVES)
    screen.expect_exact(ENTERS)


def left(tmp_path: Path) -> list[str]:
    return os.listdir(tmp_path / "tmp")


def test_it_comes_back_as_it_was_edited(
    repo: Path, tmp_path: Path, record: Path, editor: Callable[..., dict[str, str]]
) -> None:
    lines = (
        'open(path, "wb").write(text + b" and \\xe6\\x97\\xa5 \\x1b[31mred\\x1b]0;x\\x07 \\xff\\nsecond\\n")'
    )
    with opened(repo, **editor(lines, "--wait")) as screen:
        typed(screen, "hello abc")
        edited(screen)
        screen.expect_exact("second")
        drawn = bytes(screen.before or b"")
        screen.send("\x11")
        screen.expect(pexpect.EOF)
    saw = (record / "saw").read_text().splitlines()
    assert saw[0] == "['--wait']" and saw[1] == "600" and saw[3] == "hello abc"
    folder = Path(saw[2]).parent
    assert folder.parent == tmp_path / "tmp" and left(tmp_path) == []
    assert "日".encode() in drawn and b"\x1b]0;x" not in drawn and "␛[31mred".encode() in drawn


@pytest.mark.parametrize(
    ("lines", "said"),
    [('open(path, "w").write("lost"); sys.exit(3)', "ended with 3"), ("os.unlink(path)", "is gone")],
    ids=["fails", "removes"],
)
def test_an_editor_that_fails_changes_nothing(
    repo: Path, tmp_path: Path, editor: Callable[..., dict[str, str]], lines: str, said: str
) -> None:
    with opened(repo, **editor(lines)) as screen:
        typed(screen, "keep this")
        edited(screen)
        screen.expect_exact("keep this")
        screen.expect_exact(said)
        assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"VISUAL": "", "EDITOR": "/no/such/editor -x"}, "cannot be run"),
        ({"VISUAL": "'vi"}, "VISUAL is no command"),
    ],
)
def test_an_editor_that_is_not_there_is_told_with_the_next_step(
    repo: Path, env: dict[str, str], said: str
) -> None:
    with opened(repo, **env) as screen:
        edited(screen)
        screen.expect_exact(said)


def test_the_keyboards_signals_are_the_editors(
    repo: Path, record: Path, editor: Callable[..., dict[str, str]]
) -> None:
    lines = """
got = []
for number in (signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, lambda *at: got.append(at[0]))
print("ready", flush=True)
while len(got) < 2:
    time.sleep(0.01)
open(path, "w").write("both came")
"""
    with opened(repo, **editor(lines)) as screen:
        screen.send(EDIT)
        screen.expect_exact("ready")
        screen.send("\x03")
        time.sleep(0.2)
        screen.send("\x1c")
        screen.expect_exact(ENTERS)
        screen.expect_exact("both came")
        assert screen.isalive()


def test_what_runs_goes_on_and_shows_afterwards(
    repo: Path, record: Path, editor: Callable[..., dict[str, str]]
) -> None:
    """What a command writes while the editor has the terminal is not lost, and nothing is drawn."""
    lines = """
open(folder + "/go", "w").close()
while not os.path.exists(folder + "/done"):
    time.sleep(0.01)
time.sleep(0.3)
"""
    wait = f"while [ ! -e {record}/go ]; do sleep 0.1; done"
    say = "for i in $(seq 1 400); do echo line-$i; done"
    with opened(repo, **editor(lines)) as screen:
        screen.send(f"!{wait}; {say}; touch {record}/done\r".encode())
        screen.expect_exact("Run a shell command?")
        time.sleep(0.6)  # the question takes no answer before it can have been read
        screen.send("y")
        screen.expect_exact("stops")
        screen.send(EDIT)
        screen.expect_exact(LEAVES)
        screen.expect_exact(ENTERS)
        assert b"line-" not in bytes(screen.before or b"")
        screen.expect_exact("340 more lines")


@pytest.mark.skipif(not shutil.which("vim"), reason="vim is not installed")
def test_vim(repo: Path, tmp_path: Path, editor: Callable[..., dict[str, str]]) -> None:
    env = editor("") | {"VISUAL": "vim -u NONE -N"}
    with opened(repo, **env) as screen:
        typed(screen, "some words")
        screen.send(EDIT)
        screen.expect_exact("prompt.md")
        screen.send("A of mine\x1b:wq\r")
        screen.expect_exact(ENTERS)
        screen.expect_exact("some words of mine")
        screen.send(EDIT)
        screen.expect_exact("prompt.md")
        screen.send("ddithrown away\x1b:w|cq\r")
        screen.expect_exact(ENTERS)
        screen.expect_exact("some words of mine")
        assert left(tmp_path) == []


def test_a_signal_that_ends_the_program_ends_the_editor(
    repo: Path, tmp_path: Path, record: Path, editor: Callable[..., dict[str, str]]
) -> None:
    lines = 'open(folder + "/pid", "w").write(str(os.getpid())); print("ready", flush=True); time.sleep(100)'
    with opened(repo, **editor(lines)) as screen:
        screen.send(EDIT)
        screen.expect_exact("ready")
        screen.kill(15)
        screen.expect(pexpect.EOF)
    assert left(tmp_path) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((record / "pid").read_text()), 0)
