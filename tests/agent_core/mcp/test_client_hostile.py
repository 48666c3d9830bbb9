"""Servers that want more than they may have: started by wide rules, hidden in questions, asking for ever."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import ApprovalNeeded, Notice, TurnFinished
from agent_core.forms import Filled
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.mcp import client_stdio
from agent_core.mcp.client_clock import CallClock
from agent_core.mcp.client_stdio import StdioTransport
from agent_core.verify.stale import OwnFolder
from tests.agent_core.mcp.conftest import LARGE, MakeDesk, odd
from tests.fakes.processes import alive
from tests.ports import free_ports


def answers(count: int) -> ScriptedModel:
    return ScriptedModel([Reply.of("Yes.")] * count, info=LARGE)


@pytest.mark.parametrize(
    "wide", [("run",), ("run:mcp start *",), ("run:*", "network"), ("run:mcp start odd@*", "shell")]
)
async def test_no_wide_rule_starts_what_a_workspace_names(
    desk: MakeDesk, tmp_path: Path, wide: tuple[str, ...]
) -> None:
    log = tmp_path / "log"
    at = desk(workspace={"odd": odd(log=log)}, interactive=False, allow=wide, model=answers(1))
    await at.do("what is it?")
    await at.do("odd__echo x")
    assert at.seen.of(TurnFinished)[-1].exit == 3 and not log.exists()


async def test_one_on_another_machine_needs_its_host_too(desk: MakeDesk) -> None:
    entry = {"url": f"http://127.0.0.2:{free_ports(1)}/mcp"}
    at = desk(workspace={"far": entry}, interactive=False)
    await at.do("far__x")
    hint = at.seen.of(TurnFinished)[-1].error.hint
    rules = tuple(hint.split("--allow '")[n].partition("'")[0] for n in (1, 2))
    assert rules[0].startswith("run:mcp start far@") and rules[1] == "network:127.0.0.2"

    async def verdict(**how: Any) -> str:
        other = desk(interactive=False, **how)
        return other.servers.verdict(await other.servers.named("far"))

    assert await verdict(allow=rules[:1]) == "asks"
    assert await verdict(allow=rules) == "allowed"
    assert await verdict(allow=rules, deny=("network",)) == "denied"


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "http://127.0.0.2:9/mcp?k=${OPENAI_API_KEY}"},
        {"url": "http://127.0.0.2:9/", "headers": {"X": "a ${KAFKA_SASL_PLAIN_PASSWORD:-b}"}},
        {"command": "x", "args": ["${OPENAI_API_KEY}"]},
        {"command": "x", "env": {"K": "$(printenv OPENAI_API_KEY)"}},
    ],
)
async def test_no_secret_of_ours_is_given_to_a_workspaces_server(
    desk: MakeDesk, entry: dict[str, Any]
) -> None:
    at = desk(workspace={"odd": entry}, interactive=False, env={"OPENAI_API_KEY": "sk-very-secret-4711"})
    listed = await at.do("mcp")
    assert listed is not None and listed.data["servers"] == []
    assert "a secret of dspy-tui (setting " in listed.text and "4711" not in str(at.seen.events)


async def test_a_command_for_a_value_of_a_workspaces_server_has_no_key_of_ours(
    desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-4711")
    spy = "$(sh -c 'env | grep -c 4711 || true')"
    at = desk(workspace={"odd": odd(env={"SPY": spy, "MY_KEY": "x"})})
    await at.do("mcp allow odd")
    server = at.servers.server(await at.servers.named("odd"))
    await server.ready()
    transport = server._transport  # pyright: ignore[reportPrivateUsage]
    assert isinstance(transport, StdioTransport)
    assert transport._env["SPY"] == "0"  # pyright: ignore[reportPrivateUsage]


async def test_the_question_hides_nothing_of_what_it_starts(desk: MakeDesk) -> None:
    code = "# -----BEGIN PRIVATE KEY-----\ntouch x; \x1b]0;touch y;\x07\r password=touch-z-123\n# -----END"
    at = desk(
        workspace={"odd": {"command": "sh", "args": ["-c", code], "env": {"GIT_SSH_COMMAND": code}}},
        model=answers(1),
    )
    await at.do("what is it?", "no")
    asked = at.seen.of(ApprovalNeeded)[0].command
    line, _, values = asked.partition("(with ")
    for shown in (line, values):
        assert "KEY-----\\ntouch x; ␛]0;touch y;␇\\r password=touch-z-123\\n# -----END" in shown
    assert "\n" not in asked


async def test_what_nobody_could_read_is_refused(desk: MakeDesk) -> None:
    args = ["filler"] * 400 + ["-c", "evil"]
    at = desk(workspace={"odd": {"command": "sh", "args": args}, "fine": odd()}, interactive=False)
    listed = await at.do("mcp")
    assert listed is not None and [row["name"] for row in listed.data["servers"]] == ["fine"]
    assert "nobody could read what would be started: 2,810 characters, 2,000 at most" in listed.text
    mine = desk(user={"odd": {"command": "sh", "args": args}})
    named = await mine.servers.named("odd")
    assert named.described.startswith("sh filler") and named.described.endswith("-c evil")
    assert "characters more …" in named.described and len(named.described) <= 2_000


async def test_a_no_is_for_this_session(desk: MakeDesk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    at = desk(workspace={"odd": odd(log=log)}, model=answers(2))
    await at.do("what is it?", "no")
    assert "Yes is kept until that entry changes" in at.seen.of(ApprovalNeeded)[0].reason
    await at.do("and after a no?")
    assert len(at.seen.of(ApprovalNeeded)) == 1 and not log.exists()
    later = desk(model=answers(1))
    await later.do("and in another session?", "once")
    assert len(later.seen.of(ApprovalNeeded)) == 1 and log.exists()


async def test_who_asks_again_and_again_holds_no_call(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd("again", "words")}, mcp_call_timeout=0.6, interactive=False)
    end = await at.do("odd__ask")
    assert end is not None and end.error is not None and "within 0.6 s" in end.error.message
    told, many = [notice.message for notice in at.seen.of(Notice) if "asked for" in notice.message]
    assert told.startswith("The server odd asked for 'Really?") and told.endswith("it was declined")
    assert "more than 20 things in one call" in many


async def test_a_person_is_asked_so_often_and_no_more(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd("again")}, mcp_call_timeout=2.0)
    end = await at.do("odd__ask", *([Filled(action="accept", values=((0,),))] * 20))
    assert end is not None and end.error is not None and "within 2 s" in end.error.message
    assert len(at.seen.of(ApprovalNeeded)) == 20


async def test_the_clock_goes_on_with_what_was_left() -> None:
    clock = CallClock(0.3)
    before = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with clock.timer:
            for _ in range(3):
                await asyncio.sleep(0.05)
                with clock.stopped(), clock.stopped():
                    await asyncio.sleep(0.2)
            await asyncio.sleep(5)
    took = asyncio.get_running_loop().time() - before
    assert 0.85 < took < 1.5 and not clock.is_late, took


async def test_questions_of_a_call_take_no_longer_than_they_may() -> None:
    clock = CallClock(0.2, asking_s=0.2)
    with pytest.raises(TimeoutError):
        async with clock.timer:
            with clock.stopped():
                await asyncio.sleep(5)
    assert clock.is_late
    with clock.stopped():
        pass  # a question that outlives its call


LOADED = """
import asyncio, sys
from agent_core.mcp.client_link import preload
assert "mcp.client.session" not in sys.modules
asyncio.run(preload(http=True))
before = set(sys.modules)
import anyio, httpx2, mcp_types
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.message import SessionMessage
assert set(sys.modules) == before, set(sys.modules) - before
"""


def test_the_sdk_is_there_after_its_preloading() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "guarded"),
    [
        (["python", "-m", "server"], True),
        (["uv", "run", "python", "-um", "server"], True),
        (["python", "-c", "import server"], True),
        (["python", "tools/server.py", "-m", "fast"], False),
        (["server"], False),
    ],
)
def test_modules_are_guarded_where_they_would_be_the_workspaces(words: list[str], guarded: bool) -> None:
    assert client_stdio._looks_around(words) is guarded  # pyright: ignore[reportPrivateUsage]


async def test_a_server_finds_the_modules_beside_it(desk: MakeDesk, tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("import sys\nprint('dead: because', file=sys.stderr)\n")
    script = tmp_path / "server.py"
    script.write_text("import beside_it\nraise SystemExit(9)\n")
    at = desk(user={"own": {"command": sys.executable, "args": [str(script)]}})
    await at.do("own__x")
    error = at.seen.of(TurnFinished)[-1].error
    assert "exit code 9: dead: because" in error.message


@pytest.mark.parametrize("source", ["user", "workspace"])
async def test_modules_of_the_workspace_are_taken_by_its_own_servers_alone(
    desk: MakeDesk, source: str
) -> None:
    at = desk(**{source: {"own": {"command": sys.executable, "args": ["-m", "theirs_alone"]}}})
    (at.folder / "theirs_alone.py").write_text("raise SystemExit(9)\n")
    await at.do("mcp allow own")
    await at.do("own__x")
    error = at.seen.of(TurnFinished)[-1].error
    assert ("exit code 9" if source == "workspace" else "No module named") in error.message


async def test_cwd_is_inside_of_the_workspace(desk: MakeDesk, tmp_path: Path) -> None:
    at = desk(user={"odd": odd(cwd="sub"), "out": odd(cwd="..")})
    (at.folder / "sub").mkdir()
    end = await at.do("odd__where")
    assert end is not None and end.text == str(at.folder / "sub")
    await at.do("out__where")
    assert "outside of the workspace" in at.seen.of(TurnFinished)[-1].error.message


async def test_names_and_keys_of_other_assistants(desk: MakeDesk) -> None:
    entry = odd(autoApprove=["x"], timeout=3)
    at = desk(workspace={"Context7": entry, "chrome_devtools": odd(), "21st": odd(), "-": odd()})
    listed = await at.do("mcp")
    assert listed is not None
    assert [row["name"] for row in listed.data["servers"]] == ["context7", "chrome-devtools", "mcp-21st"]
    assert len(listed.data["problems"]) == 1
    told = [notice.message for notice in at.seen.of(Notice)]
    assert told.count(".mcp.json: the server 'Context7' is called context7 here") == 1
    assert any(message.endswith("left out: autoApprove, timeout") for message in told)
    await at.do("mcp allow context7")
    end = await at.do("context7__echo x")
    assert end is not None and end.text == "heard x"


async def test_an_address_is_filled_in_and_then_looked_at(desk: MakeDesk) -> None:
    env = {"MCP_URL": "http://10.1.2.3/mcp", "ODD_URL": "file:///etc/passwd", "HERE": "localhost"}
    servers = {
        "good": {"url": "${MCP_URL}"},
        "odd": {"url": "${ODD_URL}"},
        "here": {"url": "http://${HERE}:9/"},
        "trick": {"url": "http://localhost\\@elsewhere/"},
        "unset": {"url": "${NOT_SET_AT_ALL}"},
    }
    at = desk(workspace=servers, env=env, interactive=False)
    found = await at.servers.sync()
    assert {name: (one.host, one.is_remote) for name, one in found.items()} == {
        "good": ("10.1.2.3", True),
        "here": ("localhost", False),
        "unset": ("", True),
    }
    assert any("none of http or https" in problem for problem in at.servers.problems)


def test_what_a_killed_program_left_is_ended_at_the_next_start(tmp_path: Path) -> None:
    script = """
import asyncio, os, sys
from pathlib import Path
from agent_core.mcp.client_stdio import StdioTransport
stays = "import signal, time\\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\\ntime.sleep(600)"
transport = StdioTransport([sys.executable, "-c", stays], env={}, root=Path("."), cwd="", safe=False,
                           on_end=print, base=os.environ)
async def main():
    async with transport.streams():
        print(transport.pid, flush=True)
        os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    env.pop("DSPY_TUI_PROCESS", None)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env)
    pid = int(done.stdout)
    assert done.returncode == -9 and alive(pid)
    OwnFolder(tmp_path / "dspy-tui" / "mcp").remove()
    assert not alive(pid)
    assert not [*(tmp_path / "dspy-tui" / "mcp").iterdir()]


async def test_large_schemas_hold_up_nothing(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd("large")})
    longest, last = 0.0, time.monotonic()

    async def beat() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    beating = asyncio.create_task(beat())
    began = time.monotonic()
    end = await at.do("mcp show odd")
    beating.cancel()
    assert end is not None and end.error is None
    assert longest < (time.monotonic() - began) / 3, "keys have their turn while schemas are checked"
