"""The clipboard: which way a text takes, what is said of it, and programs that fail or hang."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from pathlib import Path

import psutil
import pytest

from tui.clipboard import SAFE, osc52, put
from tui.copying import what
from tui.passing import passed_on

TEXT = "def f():\n\treturn '日本 🎉 \x1b]0;x\x07'\n"
CASES: dict[str, tuple[dict[str, str], str]] = {
    "over SSH": ({"SSH_TTY": "/dev/pts/1", "DISPLAY": ":0"}, "terminal"),
    "a bare terminal": ({}, "terminal"),
    "X11": ({"DISPLAY": ":0"}, "xsel"),
    "Wayland first": ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "wl-copy"),
    "WSL": ({"WSL_DISTRO_NAME": "Ubuntu"}, "clip.exe"),
    "tmux": ({"TMUX": "/tmp/x,1,0", "SSH_CONNECTION": "a b c d"}, "tmux"),
    "tmux on a desktop": ({"TMUX": "/tmp/x,1,0", "DISPLAY": ":0"}, "tmux, xsel"),
}


def program(folder: Path, name: str, script: str = 'cat > "$0.got"') -> Path:
    """A program of this name that does what the script says."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": f"{folder}:/usr/bin:/bin", **more}


def decoded(sequence: str) -> str:
    start, end = "\x1b]52;c;", "\x07"
    assert sequence.startswith(start) and sequence.endswith(end)
    return base64.b64decode(sequence[len(start) : -len(end)], validate=True).decode()


@pytest.mark.parametrize("case", CASES)
async def test_the_way_that_fits(tmp_path: Path, case: str) -> None:
    env, how = CASES[case]
    for name in ("xsel", "wl-copy", "clip.exe", "tmux"):
        program(tmp_path, name)
    (tmp_path / "xclip").write_text("not a program")
    written: list[str] = []
    told = await put(TEXT, write=written.append, env=environment(tmp_path, **env))
    assert told.how == how and told.remark == ""
    assert [decoded(each) for each in written] == ([TEXT] if how == "terminal" else [])
    for name in how.split(", "):
        if name != "terminal":
            got = (tmp_path / f"{name}.got").read_bytes()
            assert got.decode("utf-16-le" if name == "clip.exe" else "utf-8") == TEXT


@pytest.mark.parametrize("script", ["exit 1", "sleep 60"], ids=["fails", "hangs"])
async def test_a_tool_that_fails_or_hangs_gives_way_to_the_terminal(tmp_path: Path, script: str) -> None:
    program(tmp_path, "xsel", f"exec {script}" if "sleep" in script else script)
    written: list[str] = []
    began = time.monotonic()
    told = await put(
        TEXT * 5000, write=written.append, env=environment(tmp_path, DISPLAY=":0"), timeout_s=0.3
    )
    assert told.how == "terminal" and decoded(written[0]) == TEXT * 5000
    assert time.monotonic() - began < 10
    assert not [each for each in psutil.Process().children() if "sleep" in each.name()]


async def test_a_copy_that_is_overtaken_leaves_no_process(tmp_path: Path) -> None:
    program(tmp_path, "xsel", "exec sleep 60")
    task = asyncio.create_task(put(TEXT, write=print, env=environment(tmp_path, DISPLAY=":0")))
    while not [each for each in psutil.Process().children() if "sleep" in each.name()]:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [each for each in psutil.Process().children() if "sleep" in each.name()]


async def test_an_old_tmux_or_none_hands_the_sequence_on(tmp_path: Path) -> None:
    program(tmp_path, "tmux", "exit 1")
    written: list[str] = []
    told = await put(TEXT, write=written.append, env=environment(tmp_path, TMUX="x", SSH_TTY="y"))
    assert told.how == "terminal" and "allow-passthrough" in told.remark
    assert written == [passed_on(osc52(TEXT), "tmux")]
    assert written[0].startswith("\x1bPtmux;\x1b\x1b]52;c;") and written[0].endswith("\x07\x1b\\")


async def test_what_terminals_may_cut_is_said_and_what_tmux_keeps(tmp_path: Path) -> None:
    program(tmp_path, "tmux", "cat > /dev/null; echo off")
    written: list[str] = []
    long = "x" * SAFE
    told = await put(long, write=written.append, env=environment(tmp_path, SSH_TTY="y"))
    assert told.how == "terminal" and "56 KB" in told.remark and decoded(written[0]) == long
    told = await put(TEXT, write=written.append, env=environment(tmp_path, SSH_TTY="y", TMUX="x"))
    assert told.how == "tmux" and "set-clipboard external" in told.remark
    program(tmp_path, "xsel", "cat > /dev/null")
    told = await put(long, write=written.append, env=environment(tmp_path, DISPLAY=":0"))
    assert told == ("xsel", "")


async def test_the_setting(tmp_path: Path) -> None:
    program(tmp_path, "xsel")
    written: list[str] = []
    env = environment(tmp_path, DISPLAY=":0")
    assert (await put(TEXT, write=written.append, env=env, mode="osc52")).how == "terminal" and written
    written.clear()
    told = await put(TEXT, write=written.append, env=env, mode="off")
    assert told.how == "" and 'copy = "auto"' in told.remark and not written
    assert os.listdir(tmp_path) == ["xsel"]


def test_what_is_said_to_be_copied() -> None:
    assert what("src/app.py:12\n") == "src/app.py:12"
    assert what("a\nb\nc") == "3 lines" and what("\n") == "1 line"
    assert what("x" * 100) == "x" * 39 + "…" and "\x1b" not in what("\x1b[31mred")


async def test_screen_takes_it_in_pieces_and_hands_on_what_is_in_them(tmp_path: Path) -> None:
    written: list[str] = []
    told = await put(TEXT * 100, write=written.append, env=environment(tmp_path, STY="1.x", SSH_TTY="y"))
    assert told.how == "terminal" and written[0].startswith("\x1bP\x1b]52;c;")
    pieces = written[0].removeprefix("\x1bP").removesuffix("\x1b\\").split("\x1b\\\x1bP")
    assert all(len(piece) < 256 for piece in pieces), "more than that screen drops"
    assert decoded("".join(pieces)) == TEXT * 100
