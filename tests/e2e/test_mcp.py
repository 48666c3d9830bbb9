"""`dspy-tui mcp` as another assistant uses it: the protocol's own client, the program as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, TextContent

from tests.e2e.conftest import PROGRAM, environment

KEY = "AKIA" + "IOSFODNN7EXAMPLE"
Ask = Callable[..., AbstractAsyncContextManager[ClientSession]]


@pytest.fixture
def ask(repo: Path) -> Ask:
    """A client of a server in the repository."""

    @asynccontextmanager
    async def connected(*options: str) -> AsyncGenerator[ClientSession]:
        words = [*PROGRAM[1:], "mcp", "--workspace", str(repo), "--set", "provider=none", *options]
        server = StdioServerParameters(command=PROGRAM[0], args=words, env=environment())
        async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
            await session.initialize()
            yield session

    return connected


def said(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def data(result: CallToolResult) -> Mapping[str, Any]:
    assert result.structured_content is not None
    return cast("dict[str, Any]", result.structured_content)


async def test_tools_are_listed_with_their_schemas_as_read_only(ask: Ask) -> None:
    async with ask() as session:
        tools = (await session.list_tools()).tools
    assert [tool.name for tool in tools] == ["esearch", "vretr", "intel", "grep", "ctx", "codectx"]
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
    (grep,) = [tool for tool in tools if tool.name == "grep"]
    assert grep.input_schema["required"] == ["pattern"] and not grep.input_schema["additionalProperties"]


async def test_code_and_logs_are_found(ask: Ask, repo: Path) -> None:
    (repo / "app.log").write_text("2026-11-29T10:00:00Z ERROR web: the pool is empty\n" * 3)
    async with ask() as session:
        found = await session.call_tool("grep", {"pattern": "def main"})
        assert not found.is_error and "src/parser.py" in said(found)
        assert data(found)["hits"][0]["path"] == "src/parser.py"
        searched = await session.call_tool("esearch", {"query": "parse a header"})
        assert "parse_header" in said(searched)
        assert "the pool is empty" in said(await session.call_tool("ctx", {}))
        (repo / "src" / "late.py").write_text("def written_meanwhile(): ...\n")
        assert "late.py" in said(await session.call_tool("grep", {"pattern": "written_meanwhile"}))


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("shell", {"command": "ls"}, "no tool"),
        ("grep", {}, "pattern"),
        ("grep", {"pattern": "x", "nope": 1}, "nope"),
        ("grep", {"pattern": 7}, "pattern"),
        ("grep", {"pattern": "x", "path": "../.."}, "outside"),
        ("codectx", {"path": "/etc/passwd"}, "outside"),
        ("ctx", {"source": ["-"]}, ""),
    ],
)
async def test_what_cannot_be_is_refused_and_the_next_call_is_answered(
    ask: Ask, name: str, arguments: dict[str, Any], why: str
) -> None:
    async with ask() as session:
        refused = await session.call_tool(name, arguments)
        assert refused.is_error and why in said(refused), refused
        assert not (await session.call_tool("grep", {"pattern": "def"})).is_error


async def test_secrets_are_masked_and_rules_hold(ask: Ask, repo: Path) -> None:
    (repo / "keys.txt").write_text(f"the key is {KEY}\n")
    async with ask() as session:
        found = await session.call_tool("grep", {"pattern": "the key is"})
        assert "keys.txt" in said(found) and KEY not in found.model_dump_json()
    async with ask("--set", "deny=read:grep*") as session:
        refused = await session.call_tool("grep", {"pattern": "key"})
        assert refused.is_error and "A rule of this workspace" in said(refused)


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets a hook, in a folder of the user's that only this test has."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))

    def put(text: str, *, on: str, folder: Path = tmp_path / "XDG_CONFIG_HOME" / "dspy-tui") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hook.py").write_text(f"import json, sys\ngiven = json.load(sys.stdin)\n{text}")
        run = json.dumps([sys.executable, str(folder / "hook.py")])
        (folder / "hooks.toml").write_text(f'[[hook]]\nname = "guard"\non = "{on}"\nrun = {run}\n')

    return put


async def test_hooks_are_asked(ask: Ask, repo: Path, hook: Callable[..., None]) -> None:
    hook("if given['tool']['name'] == 'grep': sys.exit('not ' + given['tool']['command'])", on="before_tool")
    async with ask() as session:
        refused = await session.call_tool("grep", {"pattern": "def main"})
        assert refused.is_error and "hook guard refuses" in said(refused)
        assert "not grep 'def main'" in said(refused) and "parser.py" not in refused.model_dump_json()
        assert data(refused)["error"]["code"] == "hook-refused"
        assert not (await session.call_tool("esearch", {"query": "parse a header"})).is_error
        note = "print(json.dumps({'note': given['result']['summary'] + ' ' + str(given['tool']['typed'])}))"
        hook(note, on="after_tool")
        found = await session.call_tool("grep", {"pattern": "def main"})
        assert not found.is_error and "(hook guard: 1 match in 1 file False)" in said(found), said(found)
        hook("print(json.dumps({'decision': 'refuse', 'reason': 'keep it'}))", on="after_tool")
        kept = await session.call_tool("grep", {"pattern": "def main"})
        assert kept.is_error and "keep it" in said(kept) and "parser.py" not in kept.model_dump_json()


async def test_a_workspaces_hooks_are_asked_where_they_are_allowed(
    ask: Ask, repo: Path, hook: Callable[..., None]
) -> None:
    hook("sys.exit(2)", on="before_tool", folder=repo / ".dspy_tui")
    async with ask() as session:
        assert not (await session.call_tool("grep", {"pattern": "def main"})).is_error
    async with ask("--set", "allow=run:hooks *") as session:
        refused = await session.call_tool("grep", {"pattern": "def main"})
        assert refused.is_error and "hook guard refuses" in said(refused)


async def test_calls_side_by_side_and_one_that_is_cancelled(ask: Ask, repo: Path) -> None:
    (repo / "long.txt").write_text("a" * 200 + "\n")
    async with ask() as session:
        calls = [session.call_tool("grep", {"pattern": word}) for word in ("def", "main", "parse", "split")]
        assert [result.is_error for result in await asyncio.gather(*calls)] == [False] * 4
        running = asyncio.ensure_future(session.call_tool("esearch", {"query": "headers"}))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert "parser.py" in said(await session.call_tool("grep", {"pattern": "main"}))


def spoken(*messages: Any) -> bytes:
    return b"".join(
        message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        for message in messages
    )


HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def test_nonsense_is_no_end_and_standard_output_is_the_protocols_alone(repo: Path) -> None:
    listed = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    given = spoken(
        HELLO, READY, b"this is no JSON\n", b'{"jsonrpc": "2.0", "id": 9}\n', b"\xff\xfe\n", listed
    )
    with subprocess.Popen(
        [*PROGRAM, "mcp", "--workspace", str(repo)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as server:  # fmt: skip
        assert server.stdin and server.stdout
        server.stdin.write(given)
        server.stdin.flush()
        answers: list[Any] = []
        while not any(answer.get("id") == 2 for answer in answers):
            answers.append(json.loads(server.stdout.readline()))
        server.stdin.close()
        assert server.wait(60) == 0
        assert all(json.loads(line) for line in server.stdout.read().splitlines())
    assert any("tools" in answer.get("result", {}) for answer in answers)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_and_leaves_nothing(repo: Path, number: signal.Signals, code: int) -> None:
    search = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "esearch", "arguments": {"query": "headers"}},
    }
    with subprocess.Popen(
        [*PROGRAM, "mcp", "--workspace", str(repo)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as server:  # fmt: skip
        assert server.stdin and server.stdout
        server.stdin.write(spoken(HELLO, READY, search))
        server.stdin.flush()
        while json.loads(server.stdout.readline()).get("id") != 2:
            pass
        children = psutil.Process(server.pid).children(recursive=True)
        assert children, "the index is a process of its own"
        os.kill(server.pid, number)
        assert server.wait(60) == code
    assert not psutil.wait_procs(children, timeout=30)[1]


def test_in_a_terminal_it_says_who_starts_it(repo: Path) -> None:
    import pty

    parent, child = pty.openpty()
    try:
        done = subprocess.run(
            [*PROGRAM, "mcp"], stdin=child, capture_output=True, env=environment(), cwd=repo, timeout=60
        )
    finally:
        os.close(parent)
        os.close(child)
    assert done.returncode == 2 and b".mcp.json" in done.stderr


def test_whatever_cannot_be_read_is_answered(repo: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    call = {"jsonrpc": "2.0", "method": "tools/call"}
    long = {"name": "grep", "arguments": {"pattern": "x" * (5 << 20)}}
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json.dumps({**call, "id": 2, "params": {"name": "grep", "arguments": {"pattern": "cut \ud83d"}}}),
        json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": long}),
        "no JSON",
        json.dumps({"jsonrpc": "2.0", "id": "four", "method": 4}),
        json.dumps({**call, "id": 5, "params": {"name": "grep", "arguments": {"pattern": "def main"}}}),
    ]
    words = [*PROGRAM, "mcp", "--workspace", str(repo), "--set", "provider=none"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as server:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write("".join(f"{line}\n" for line in lines).encode())
        server.stdin.flush()
        answers: dict[Any, Any] = {}
        while 5 not in answers or len(answers) < 6:
            answer = json.loads(server.stdout.readline())
            if "method" not in answer:
                answers[answer["id"]] = answer
        server.stdin.close()
        assert server.wait(30) == 0
    assert not answers[5]["result"].get("isError") and "result" in answers[2]
    codes = {number: answers[number]["error"]["code"] for number in (3, None, "four")}
    assert codes == {3: -32600, None: -32700, "four": -32600}
