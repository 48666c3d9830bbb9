"""Servers that others wrote, as their users have them: from the registries, over pipes and HTTP."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import ApprovalNeeded, ToolFinished, TurnFinished
from agent_core.llm.port import ToolCall, ToolCallChunk
from agent_core.llm.scripted import Reply, ScriptedModel
from tests.agent_core.mcp.conftest import LARGE, MakeDesk, odd
from tests.fakes.processes import gone
from tests.ports import free_ports

SERVERS = Path(os.environ.get("DSPY_TUI_MCP_SERVERS", ""))
HERE = "DSPY_TUI_MCP_SERVERS names no folder that .ci/mcp-servers made"


def program(name: str, *args: str) -> dict[str, Any]:
    """A server as it is written in a file; skips where it is not installed."""
    found = (SERVERS / "python/bin" / name, SERVERS / "node/node_modules/.bin" / name)
    path = next((path for path in found if os.environ.get("DSPY_TUI_MCP_SERVERS") and path.exists()), None)
    if path is None:
        pytest.skip(f"{name} is not installed: {HERE}")
    return {"command": str(path), "args": list(args)}


@pytest.mark.servers
async def test_time_by_a_person_and_by_an_agent(desk: MakeDesk) -> None:
    call = '{"source_timezone": "Europe/Berlin", "time": "16:30", "target_timezone": "Asia/Kolkata"}'
    said = [
        Reply.of(ToolCallChunk(ToolCall("1", "time__convert_time", call))),
        Reply.of("At 21:00 or 20:00."),
    ]
    at = desk(
        user={"time": program("mcp-server-time", "--local-timezone", "UTC")},
        model=ScriptedModel(said, info=LARGE),
    )
    end = await at.do("time__get_current_time Europe/Berlin")
    assert end is not None and '"timezone": "Europe/Berlin"' in end.text
    await at.do("when is it 16:30 of Berlin in Kolkata?")
    assert "Asia/Kolkata" in at.seen.of(ToolFinished)[-1].text
    end = await at.do("time__get_current_time Nowhere/Land")
    assert end is not None and end.error is not None and "Nowhere/Land" in end.text + end.error.message


@pytest.mark.servers
async def test_git_reads_freely_and_asks_to_commit(desk: MakeDesk, tmp_path: Path) -> None:
    at = desk(workspace={"git": program("mcp-server-git")})
    git = ("git", "-C", str(at.folder), "-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "the first one")):
        subprocess.run([*git, *words], check=True)
    end = await at.do(f"git__git_log {at.folder}", "once")
    assert end is not None and "the first one" in end.text
    (at.folder / "new.txt").write_text("new\n")
    end = await at.do(f"git__git_add {at.folder} --files new.txt", "no")
    assert end is not None and end.error is not None and end.error.code == "permission"
    assert "new.txt" in at.seen.of(ApprovalNeeded)[-1].command
    end = await at.do(f"git__git_add {at.folder} --files new.txt", "once")
    assert end is not None and end.error is None
    staged = subprocess.run([*git, "diff", "--cached", "--name-only"], capture_output=True, check=True)
    assert staged.stdout == b"new.txt\n"


@pytest.mark.servers
async def test_filesystem_from_npm_writes_after_a_yes(desk: MakeDesk) -> None:
    at = desk(user={"fs": program("mcp-server-filesystem", "/nonexistent-before-roots", ".")})
    (at.folder / "a.txt").write_text("what is in it\n")
    end = await at.do(f"fs__read_text_file {at.folder / 'a.txt'}")
    assert end is not None and end.error is None and "what is in it" in end.text, end
    new = at.folder / "b.txt"
    end = await at.do(f"fs__write_file {new} 'hello there'", "once")
    assert end is not None and end.error is None and new.read_text() == "hello there"
    end = await at.do("fs__read_text_file /etc/hostname")
    assert end is not None and end.error is not None, "it keeps to the roots that it was told"
    pid = (await at.do("mcp")).data["servers"][0]["pid"]  # type: ignore[union-attr]
    await at.servers.aclose()
    await gone(pid)


@pytest.mark.servers
async def test_fetch_looks_elsewhere_and_so_asks(desk: MakeDesk) -> None:
    at = desk(user={"fetch": program("mcp-server-fetch")})
    shown = await at.do("mcp show fetch")
    assert shown is not None and "fetch__fetch" in shown.text
    end = await at.do("fetch__fetch http://127.0.0.1:9/ --max-length 10", "once")
    assert end is not None and end.error is not None and end.error.code == "mcp"
    question = at.seen.of(ApprovalNeeded)[-1]
    assert question.action == "network" and '"max_length": 10' in question.command


HTTP = """
import sys
from mcp.server.mcpserver import MCPServer

server = MCPServer("over http")

@server.tool()
def shout(text: str) -> str:
    "In capitals."
    return text.upper()

@server.tool()
def blob() -> str:
    "Too much."
    return "x" * (6 << 20)

port, as_json = int(sys.argv[1]), "json" in sys.argv
server.run(transport="streamable-http", host="127.0.0.1", port=port, json_response=as_json)
"""


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@pytest.fixture(params=["", "json"])
async def address(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[tuple[str, Any]]:
    """Of a server of the SDK over streamable HTTP, and its process."""
    script = tmp_path / "http_server.py"
    script.write_text(HTTP)
    port = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, str(script), str(port), request.param], stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(60):
            while not await listens(port):
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp", process
    finally:
        process.kill()
        process.wait()


async def test_a_server_over_http(desk: MakeDesk, address: tuple[str, Any]) -> None:
    url, process = address
    at = desk(user={"web": {"url": url, "headers": {"X-Key": "${A_KEY}"}}}, env={"A_KEY": "swordfish-1"})
    end = await at.do("web__shout hello", "once")
    assert end is not None and end.text == "HELLO" and end.data["structured"] == {"result": "HELLO"}
    end = await at.do("web__blob", "once")
    assert end is not None and end.error is not None and "4 MiB" in end.error.message
    end = await at.do("web__shout again", "once")
    assert end is not None and end.text == "AGAIN", "a new connection is made"
    process.kill()
    process.wait()
    end = await at.do("web__shout hello", "once")
    assert end is not None and end.error is not None and end.error.code == "mcp"
    assert "swordfish" not in str(at.seen.events)


async def test_an_address_where_nobody_is(desk: MakeDesk) -> None:
    at = desk(user={"web": {"url": f"http://127.0.0.1:{free_ports(1)}/mcp"}, "odd": odd()})
    await at.do("web__shout x")
    error = at.seen.of(TurnFinished)[-1].error
    assert error is not None and error.code == "mcp" and "web is not there" in error.message


async def test_an_address_that_refuses_is_told_with_its_status(desk: MakeDesk) -> None:
    port = free_ports(1)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", port):
        at = desk(user={"web": {"url": f"http://127.0.0.1:{port}/mcp"}})
        await at.do("web__shout x")
    error = at.seen.of(TurnFinished)[-1].error
    assert error is not None and "HTTP 401 Unauthorized" in error.message
