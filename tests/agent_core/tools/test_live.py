"""The output of a command while it comes: lines written anew, colours, and nothing else that draws."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.config import Settings
from agent_core.masking import mask_secrets
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.live import Live, plain, styled
from agent_core.tools.shell import ShellArgs, ShellTool
from agent_core.workspace import Workspace


def shown(*chunks: bytes) -> str:
    """What stands there in the end, with colours."""
    live = Live(mask=mask_secrets)
    text = "".join([*(live.feed(chunk) for chunk in chunks), live.feed(b"", final=True)])
    return "\n".join(row.rpartition("\r")[2] for row in text.split("\n"))


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ((b"10%\r20%\r", b"100%\n"), "100%\n"),
        ((b"abc\rX\n",), "Xbc\n"),
        ((b"abc\r\x1b[KX\n",), "X\n"),
        ((b"abc\b\bX\n",), "aXc\n"),
        ((b"one\r\ntwo\r\n",), "one\ntwo\n"),
        ((b"open", b" line"), "open line"),
        ((b"\x1b[31mred\x1b[0m or \x1b[1;92mok\x1b[m\n",), "\x1b[0;31mred\x1b[0m or \x1b[0;1;32mok\x1b[0m\n"),
        ((b"\x1b[3", b"1mred\n"), "\x1b[0;31mred\x1b[0m\n"),
        ((b"\x1b[2J\x1b[5;5Hat\x1b]0;title\x07 home\x1b(B\n",), "at home\n"),
        ((b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n",), "link\n"),
        ((b"caf\xc3", b"\xa9\n"), "café\n"),
        ((b"\x1b[31mtoken = \"ghp_abcdefghijklmnopqrstuvwxyz0123456789\"\x1b[0m\n",), 'token = "••••••"\n'),
    ],
)  # fmt: skip
def test_what_stands_there_in_the_end(chunks: tuple[bytes, ...], expected: str) -> None:
    assert shown(*chunks) == expected


@pytest.mark.parametrize(
    ("parameters", "style"),
    [("38;5;196", (31,)), ("38;2;10;200;20;1", (1, 32)), ("38;5;244", ()), ("48;5;196;4", (4,)), ("90", (2,)),
     ("1;3;22", (3,)), ("31;39", ()), ("", ()), ("999", ()), ("38", ())],
)  # fmt: skip
def test_many_colours_become_few(parameters: str, style: tuple[int, ...]) -> None:
    assert styled((), parameters) == style


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_nothing_but_colours_and_the_open_line_gets_through(chunks: list[bytes]) -> None:
    live = Live(mask=str)
    text = "".join([*(live.feed(chunk) for chunk in chunks), live.feed(b"", final=True)])
    rest = re.sub("\x1b\\[0(;(1|2|3|4|7|3[1-6]))*m", "", text)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", rest)
    assert "\x1b" not in plain(text) and "\r" not in plain(text)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_where_the_output_is_cut_makes_no_difference(data: bytes, cut: int) -> None:
    assert shown(data) == shown(data[:cut], data[cut:])


async def watched(root: Path, command: str, pieces: list[str]) -> ToolResult:
    context = ToolContext(workspace=Workspace.open(root), settings=Settings(), progress=pieces.append)
    return await ShellTool(watched=True).run(ShellArgs(command=command), context)


async def test_a_watched_command_writes_to_a_terminal_and_gets_no_input(tmp_path: Path) -> None:
    pieces: list[str] = []
    command = "test -t 1 && echo yes; test -t 0 || echo no input; printf 'a\\rb\\n'; cat; exit 3"
    result = await watched(tmp_path, command, pieces)
    assert result.text == "yes\nno input\nb\n(exit 3)"
    assert plain("".join(pieces)) == "yes\nno input\nb\n"
    assert result.data["exit"] == 3


async def test_a_bar_is_seen_before_its_line_ends(tmp_path: Path) -> None:
    pieces: list[str] = []
    command = "printf '10%%'; while [ ! -e go ]; do sleep 0.02; done; printf '\\r100%%\\n'"
    running = asyncio.create_task(watched(tmp_path, command, pieces))
    while "10%" not in "".join(pieces):
        await asyncio.sleep(0.01)
    (tmp_path / "go").touch()
    assert (await running).text == "100%"
    assert plain("".join(pieces)) == "100%\n"


async def test_a_command_that_wants_input_is_told_of(tmp_path: Path) -> None:
    result = await watched(tmp_path, "python3 -c 'input()'", [])
    assert result.error is not None
    assert "no input" in result.error.hint
