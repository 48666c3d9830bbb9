"""`!command` in a real shell."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.config import Settings
from agent_core.errors import ToolError, UsageError
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.shell import ShellArgs, ShellTool
from agent_core.tools.shell_output import Output, Pace
from agent_core.workspace import Workspace
from tests.fakes.processes import gone

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


@pytest.fixture(autouse=True)
def plain_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")


async def shell(root: Path, command: str, shown: list[str] | None = None) -> ToolResult:
    context = ToolContext(
        workspace=Workspace.open(root),
        settings=Settings(openai_api_key="sesame-open-now"),
        progress=(shown if shown is not None else []).append,
    )
    return await ShellTool().run(ShellArgs(command=command), context)


async def test_output_comes_as_it_is_said_and_as_a_result(tmp_path: Path) -> None:
    shown: list[str] = []
    result = await shell(tmp_path, "pwd; echo oops >&2", shown)
    assert "".join(shown) == result.text + "\n" == f"{tmp_path}\noops\n"
    assert result.error is None
    assert result.data["exit"] == 0
    assert result.summary.startswith("exit 0 after") and result.summary.endswith("2 lines")


async def test_a_failing_command_is_a_result_with_an_error(tmp_path: Path) -> None:
    result = await shell(tmp_path, "echo before; exit 3")
    assert result.error is not None
    assert result.error.code == "command-failed"
    assert result.error.message == "echo before; exit 3: exit 3"
    assert result.data["exit"] == 3
    assert result.text == "before\n(exit 3)"


async def test_a_killed_command_and_one_that_is_not_there(tmp_path: Path) -> None:
    killed = await shell(tmp_path, "kill -9 $$")
    assert killed.data["exit"] == 137
    assert killed.error is not None and "SIGKILL" in killed.error.message
    missing = await shell(tmp_path, "no-such-command-here")
    assert missing.data["exit"] == 127


async def test_no_output_no_input_no_terminal(tmp_path: Path) -> None:
    assert (await shell(tmp_path, "true")).text == "(no output)"
    assert (await shell(tmp_path, "cat; test -t 0 || echo none; echo $TERM")).text == "none\ndumb"


@pytest.mark.parametrize("command", ["", "   "])
async def test_empty_commands(tmp_path: Path, command: str) -> None:
    with pytest.raises(UsageError):
        await shell(tmp_path, command)


async def test_a_command_that_no_command_can_be(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="null byte"):
        await shell(tmp_path, "echo a\0b")


@pytest.mark.parametrize("name", ["", "bash", "/no/such/shell", "/sbin/nologin", "/etc/passwd"])
async def test_an_unusable_shell_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SHELL", name)
    assert (await shell(tmp_path, "echo $0")).text == "/bin/sh"


async def test_the_users_shell_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.write_text('#!/bin/sh\necho "own: $1 $2"\n')
    own.chmod(0o755)
    monkeypatch.setenv("SHELL", str(own))
    assert (await shell(tmp_path, "hello")).text == "own: -c hello"


async def test_secrets_and_escapes(tmp_path: Path) -> None:
    shown: list[str] = []
    command = (
        r"printf '\033[31mred\033[0m \033]0;title\007\n'; echo sesame-open-now;"
        " echo 'token = \"ghp_abcdefghijklmnopqrstuvwxyz0123456789\"'"
    )
    result = await shell(tmp_path, command, shown)
    for text in (result.text, "".join(shown)):
        assert text.startswith("red \n")
        assert "\x1b" not in text and "title" not in text
        assert "sesame" not in text and "ghp_" not in text


async def test_a_flood_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    shown: list[str] = []
    result = await shell(tmp_path, "seq 1 300000; echo last", shown)
    lines = result.text.splitlines()
    assert lines[0] == "1" and lines[-1] == "last"
    assert len(result.text) < 40_000
    assert result.data["lines"] == 300_001
    assert "lines left out" in result.note
    assert sum(map(len, shown)) < 500_000


async def test_everything_is_written_where_somebody_wants_it(tmp_path: Path) -> None:
    written: list[str] = []

    async def write(text: str) -> None:
        await asyncio.sleep(0.02)
        written.append(text)

    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings(), write=write)
    result = await ShellTool().run(ShellArgs(command="seq 1 300000"), context)
    assert "".join(written).splitlines() == [str(number) for number in range(1, 300_001)]
    assert "background" not in result.note


@LINUX
async def test_what_is_left_in_the_background_is_ended(tmp_path: Path) -> None:
    result = await shell(tmp_path, "sleep 600 & echo $!")
    pid = int(result.text.splitlines()[0])
    assert "background" in result.note
    await gone(pid)
    silent = await shell(tmp_path, "sleep 600 > /dev/null 2>&1 & echo $!")
    await gone(int(silent.text.splitlines()[0]))


@LINUX
async def test_cancelling_ends_the_whole_tree(tmp_path: Path) -> None:
    shown: list[str] = []
    told = asyncio.Event()

    def progress(text: str) -> None:
        shown.append(text)
        if "".join(shown).count("\n") >= 3:
            told.set()

    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings(), progress=progress)
    child = "sh -c 'echo $$; exec sleep 600' &"
    command = f"trap '' TERM; echo $$; {child} setsid {child} wait"
    task = asyncio.create_task(ShellTool().run(ShellArgs(command=command), context))
    async with asyncio.timeout(60):
        await told.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in map(int, "".join(shown).split()):
        await gone(pid)


async def test_cancelling_lets_a_command_clean_up(tmp_path: Path) -> None:
    ready = asyncio.Event()
    context = ToolContext(
        workspace=Workspace.open(tmp_path), settings=Settings(), progress=lambda text: ready.set()
    )
    command = "trap 'touch cleaned; exit 1' TERM; echo ready; while :; do sleep 0.01; done"
    task = asyncio.create_task(ShellTool().run(ShellArgs(command=command), context))
    await ready.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "cleaned").exists()


def whole(output: Output, chunks: list[bytes]) -> str:
    return "".join([*(output.feed(chunk) for chunk in chunks), output.feed(b"", final=True)])


def make(*, head: int = 1 << 20, tail: int = 1 << 20) -> Output:
    return Output(mask=lambda text: text.replace("secret", "•"), head=head, tail=tail)


@given(st.text(alphabet="ab\n\r–é", max_size=80), st.lists(st.integers(1, 7), min_size=1, max_size=40))
def test_chunks_may_end_anywhere(text: str, sizes: list[int]) -> None:
    raw = text.encode()
    chunks: list[bytes] = []
    while raw:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(raw[:size])
        raw = raw[size:]
    assert whole(make(), chunks) == whole(make(), [text.encode()])


@given(st.lists(st.text(alphabet="abc", max_size=12), max_size=60), st.integers(1, 60), st.integers(1, 60))
def test_beginning_and_end_are_kept(lines: list[str], head: int, tail: int) -> None:
    together, apart = make(head=head, tail=tail), make(head=head, tail=tail)
    raw = [f"{line}\n".encode() for line in lines]
    whole(together, [b"".join(raw)])
    whole(apart, raw)
    for output in (together, apart):
        shown = output.text().split("\n") if lines else []
        assert output.lines == len(lines)
        if output.left_out == 0:
            assert shown == lines
            continue
        mark = shown.index(f"… {output.left_out:,} lines left out …")
        assert shown[:mark] == lines[:mark]
        assert shown[mark + 1 :] == lines[mark + output.left_out :]


def test_a_secret_that_comes_in_two_pieces_is_masked() -> None:
    assert whole(make(), [b"a sec", b"ret\nb"]) == "a •\nb\n"


def test_what_a_carriage_return_writes_anew() -> None:
    assert whole(make(), [b"10%\r20", b"%\r100%\r\ndone"]) == "100%\ndone\n"


def test_a_line_without_end() -> None:
    output = make()
    shown = whole(output, [b"x" * 100_000] * 50)
    assert len(shown) < 150_000
    assert "characters" in shown


def test_pace_lets_a_burst_through_and_says_what_is_missing() -> None:
    pace = Pace(100)
    assert pace.let("x" * 399 + "\n", 0.0)
    assert pace.let("a\nb\n" * 10, 0.1) == ""
    assert pace.let("c\n", 1.0) == "… 20 lines not shown …\nc\n"
    assert pace.let("d\n", 1.0) == "d\n"
