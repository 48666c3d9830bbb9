"""How servers end: those that never say goodbye, forget their sessions, or die while nobody looks."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import ApprovalNeeded, Notice, TurnFinished
from agent_core.llm.scripted import Reply, ScriptedModel
from tests.agent_core.mcp.conftest import LARGE, Desk, MakeDesk, odd
from tests.ports import free_ports

FAR = Path(__file__).parents[2] / "fakes" / "mcp_http_server.py"
Address = Callable[..., Any]


@pytest.fixture
async def address() -> AsyncGenerator[Address]:
    """Starts a server behind an address, and gives what stands in a file for it."""
    running: list[asyncio.subprocess.Process] = []

    async def start(*how: str) -> dict[str, str]:
        port = free_ports(1)
        running.append(await asyncio.create_subprocess_exec(sys.executable, str(FAR), str(port), *how))
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                    break
            await asyncio.sleep(0.02)
        return {"url": f"http://127.0.0.1:{port}/mcp"}

    yield start
    for process in running:
        process.kill()
        await process.wait()


def warnings(at: Desk) -> list[str]:
    return [notice.message for notice in at.seen.of(Notice) if notice.level == "warning"]


async def test_who_does_not_answer_the_goodbye_holds_no_end(desk: MakeDesk, address: Address) -> None:
    at = desk(user={"far": await address("no-goodbye")}, allow=("network",))
    end = await at.do("far__count")
    assert end is not None and end.text == "1 calls, 1 sessions"
    for work in (lambda: at.do("mcp restart far"), at.servers.aclose):
        began = time.monotonic()
        await work()
        assert time.monotonic() - began < 6


async def test_a_start_that_is_given_up_is_not_held_by_the_goodbye(desk: MakeDesk, address: Address) -> None:
    at = desk(user={"far": await address("no-list")}, allow=("network",), mcp_start_timeout=1.0)
    began = time.monotonic()
    await at.do("far__count")
    assert time.monotonic() - began < 8
    shown = await at.do("mcp list")
    assert shown is not None and "not ready within 1 s" in shown.text


async def test_a_session_that_is_over_is_begun_anew_and_the_call_made_once(
    desk: MakeDesk, address: Address
) -> None:
    at = desk(user={"far": await address()}, allow=("network",))
    await at.do("far__forget")
    end = await at.do("far__count")
    assert end is not None and end.error is None and end.text == "1 calls, 3 sessions"
    assert not warnings(at)


@pytest.mark.parametrize("entry", [odd("die-start"), {"command": "no-such-program-4711"}])
async def test_one_that_cannot_be_started_says_so_once(desk: MakeDesk, entry: dict[str, Any]) -> None:
    at = desk(user={"bad": entry}, model=ScriptedModel([Reply.of("Yes.")] * 2, info=LARGE))
    await at.servers.open()  # as a screen does it: nobody waits
    await at.servers.server(await at.servers.named("bad")).settled()
    (told,) = warnings(at)
    assert told.startswith("The server bad is not there: It ")
    for question in ("what is it?", "and what else?"):
        await at.do(question)
    assert warnings(at) == [told]


async def test_one_that_dies_while_nobody_uses_it_is_told(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd()})
    server = at.servers.server(await at.servers.named("odd"))
    await server.ready()

    os.kill(server.stood.pid, 9)
    while server.state != "failed":
        await asyncio.sleep(0.02)
    assert warnings(at) == ["The server odd is not there: It ended with exit code -9"]


async def test_who_was_told_by_the_call_is_not_told_again(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd()})
    await at.do("odd__die")
    server = at.servers.server(await at.servers.named("odd"))
    while server.state != "failed":
        await asyncio.sleep(0.02)
    await at.do("odd__nope")
    assert not warnings(at)


async def test_where_nobody_waits_at_a_screen_servers_have_their_time(
    desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.mcp.client._PATIENCE_S", 0.0)
    said = ScriptedModel([Reply.of("Yes.")], info=LARGE)
    at = desk(user={"odd": odd()}, model=said, interactive=False)
    await at.do("what is it?")
    assert "odd__echo" in {tool.name for tool in said.requests[0].tools} and not at.seen.of(Notice)
    said = ScriptedModel([Reply.of("Yes.")], info=LARGE)
    seen = desk(user={"odd": odd()}, model=said)
    await seen.do("what is it?")
    assert "odd__echo" not in {tool.name for tool in said.requests[0].tools}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"url": "http://127.0.0.1:9/mcp"}, "127.0.0.1:9 cannot be reached: "),
        ({"url": "http://no-such-host.invalid/mcp"}, "no-such-host.invalid cannot be reached: "),
        (
            {"command": "no-such-4711 --flag x"},
            'no-such-4711; what follows goes into `args`: ["--flag", "x"]',
        ),
        ({"command": "no-such-4711"}, "Is no-such-4711 installed?"),
        ({"command": "sh", "cwd": "nowhere"}, "Its `cwd` is no folder: nowhere"),
    ],
)
async def test_why_it_cannot_be_started_is_said_so_that_it_helps(
    desk: MakeDesk, entry: dict[str, Any], said: str
) -> None:
    at = desk(user={"bad": entry}, allow=("network",))
    await at.do("bad__x")
    assert said in at.seen.of(TurnFinished)[-1].error.message
    listed = await at.do("mcp")
    assert listed is not None and said in listed.text and "0 tools" not in listed.text


async def test_whose_answer_is_no_result_is_named(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd()})
    end = await at.do("odd__nothing")
    assert end is not None and end.error is not None
    assert end.error.message == "odd__nothing: It answered what is no result"


async def test_the_question_for_an_address_is_about_what_goes_there(desk: MakeDesk) -> None:
    said = ScriptedModel([Reply.of("Yes.")], info=LARGE)
    at = desk(workspace={"far": {"url": "http://127.0.0.1:9/mcp"}}, model=said)
    await at.do("what is it?", "no")
    reason = at.seen.of(ApprovalNeeded)[0].reason
    assert "goes there" in reason and "your rights" not in reason


async def test_an_answer_of_an_address_that_is_no_message_is_called_so(
    desk: MakeDesk, address: Address
) -> None:
    at = desk(user={"far": await address()}, allow=("network",), mcp_call_timeout=20.0)
    end = await at.do("far__half")
    assert end is not None and end.error is not None
    assert end.error.message == "far: It answered what is no message"
