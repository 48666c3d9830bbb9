"""Headless runs against endpoints that answer, fail, hang and refuse."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import PROGRAM, environment
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        yield running


async def run_text(repo: Path, url: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a run against the endpoint."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("--batch", *arguments),
        cwd=repo,
        env=environment(OPENAI_BASE_URL=f"{url}/v1", MODEL_NAME="big"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode is not None and b"Traceback" not in err
    return process.returncode, out.decode(), err.decode()


async def batch(repo: Path, url: str, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, the one result, and standard error of a run against the endpoint."""
    code, out, err = await run_text(repo, url, "--format", "json", *arguments)
    (result,) = json.loads(out)["results"]
    assert code == result["exit"]
    return result["exit"], result, err


async def test_an_answer(repo: Path, server: ModelServer) -> None:
    server.script(Answer(text=("It ", "parses ", "headers.")))
    code, result, err = await batch(repo, server.url, "-c", "what does the parser do?")
    assert (code, result["outcome"], err) == (0, "answered", "")
    assert result["data"]["text"].startswith("It parses headers.")
    assert result["data"]["usage"]["completion_tokens"] > 0


async def test_tool_calls_of_the_agent_are_told(repo: Path, server: ModelServer) -> None:
    call = Call("grep", ('{"pattern": "parse_header"}',))
    server.script(Answer(calls=(call,)), Answer(text=("In src/parser.py:1.",)))
    code, result, _ = await batch(repo, server.url, "-c", "where is parse_header?")
    assert code == 0
    assert any(command.startswith("grep parse_header") for command in result["data"]["tools"])
    assert ("src/parser.py", 1) in [(hit["path"], hit["start"]) for hit in result["data"]["hits"]]


async def test_nothing_was_changed(repo: Path, server: ModelServer) -> None:
    server.script(Answer(text=("I would create the file now.",)))
    code, result, err = await batch(repo, server.url, "-c", "create a file hello.txt")
    assert (code, result["error"]["code"]) == (3, "permission") and not server.chats, "refused at once"
    code, result, err = await batch(repo, server.url, "--allow", "write", "-c", "create a file hello.txt")
    assert (code, result["error"]["code"]) == (6, "nothing-done")
    assert "I would create the file" in result["data"]["text"]
    assert result["error"]["message"] in err


@pytest.mark.parametrize(
    ("answer", "code", "name"),
    [
        (Answer(status=500, body='{"error": {"message": "it broke"}}'), 1, "model-server"),
        (Answer(status=401, body='{"error": {"message": "no"}}'), 1, "model-auth"),
        (Answer(text=("It is ", "long"), cut="reset"), 1, "model-cut-off"),
        (Answer(text=("It is ", "long"), hang="middle"), 5, "model-stalled"),
    ],
)
async def test_failures(repo: Path, server: ModelServer, answer: Answer, code: int, name: str) -> None:
    server.script(answer)
    quick = ("--set", "silence_timeout=1") if answer.hang else ()
    small = ("--set", "context_window=2048", *quick)
    found, result, err = await batch(repo, server.url, "-c", "what does the parser do?", *small)
    assert (found, result["error"]["code"]) == (code, name)
    assert result["error"]["hint"] and result["error"]["message"] in err
    if answer.text:
        assert "It is" in result["data"]["text"], "what was received is kept"


async def test_a_closed_port(repo: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        code, result, _ = await batch(repo, url, "-c", "what does the parser do?")
    assert (code, result["error"]["code"]) == (4, "model-unreachable")
    assert "refused" in result["error"]["message"] and result["error"]["hint"]


async def test_another_machine_needs_a_rule(repo: Path) -> None:
    code, result, _ = await batch(repo, "http://192.0.2.1:9", "-c", "what does the parser do?")
    assert (code, result["error"]["code"]) == (3, "permission")
    assert "--allow network:192.0.2.1:9" in result["error"]["hint"]


async def test_a_command_asks_no_model(repo: Path, server: ModelServer) -> None:
    code, _, _ = await batch(repo, server.url, "-c", "grep main")
    assert code == 0
    assert server.requests == []


async def test_a_plan_stands_once_and_what_a_model_says_apart_from_facts(
    repo: Path, server: ModelServer
) -> None:
    server.script(Answer(text=("**Steps:**\n", "1. Read `src/parser.py:1`.")))
    _, out, _ = await run_text(repo, server.url, "-c", "plan read it once")
    assert out == "**Steps:**\n1. Read `src/parser.py:1`.\n"
    server.script(Answer(text=("It parses.",)))
    _, out, _ = await run_text(repo, server.url, "-c", "codectx src/parser.py")
    said, _, facts = out.partition("\n\n")
    assert said == "It parses." and facts.startswith("src/parser.py: ")
