"""Tasks in a headless session of a real workspace, with a scripted model."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_core.config import MASK
from agent_core.errors import ErrorInfo
from agent_core.fleet.doing import do, open_worker
from agent_core.fleet.results import MOST_TEXT, cut, result_of, short
from agent_core.fleet.services import BUILT_IN
from agent_core.runtime import Runtime
from agent_core.streaming.messages import MOST_BYTES, Result, Task, encode
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer

CHANGE = """`shop.py`:

<<<<<<< SEARCH
    return 1
=======
    return 2
>>>>>>> REPLACE
"""


def task(text: str, *, timeout: float = 120.0) -> Task:
    return Task(id="t1", at=0.0, text=text, timeout=timeout)


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
async def runtime(tmp_path: Path, model: ModelServer) -> AsyncIterator[Runtime]:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "shop.py").write_text("def total():\n    return 1\n")
    env = {
        **os.environ,
        "OPENAI_BASE_URL": f"{model.url}/v1",
        "MODEL_NAME": "big",
        "DSPY_TUI_EMBEDDER": "none",
    }
    opened = open_worker(root, env, BUILT_IN["backend"])
    yield opened
    await opened.aclose()


async def done(runtime: Runtime, given: Task) -> Result:
    result = await do(given, runtime, service="backend", worker="w1")
    assert (result.id, result.task, result.service, result.worker) == ("t1.result", "t1", "backend", "w1")
    return result


def test_a_result_fits_whatever_it_says() -> None:
    long = "\x00" * 2_000_000
    result = result_of(
        task("x"), service=long, worker=long, outcome="failed", text=long, diff=long,
        error=ErrorInfo(long, long, long),
    )  # fmt: skip
    assert len(encode(result)) <= MOST_BYTES and result.error is not None and "cut here" in result.error.hint


async def test_a_command_that_looks_at_something_runs(runtime: Runtime) -> None:
    result = await done(runtime, task("grep total"))
    assert result.outcome == "answered" and "shop.py" in result.text and result.error is None


async def test_a_question_goes_to_the_model_with_the_instructions_of_the_service(
    runtime: Runtime, model: ModelServer
) -> None:
    model.script(Answer(text=("It adds ", "prices.")))
    result = await done(runtime, task("what does total do?"))
    assert (result.outcome, result.text) == ("answered", "It adds prices.")
    said = str(model.chats[0].body["messages"])
    assert "You work on the back end" in said and "Look first in these folders" in said
    assert runtime.session.history.exchanges == ()  # the next task begins anew


async def test_what_comes_of_it_has_no_secrets_of_the_task_nor_of_files(
    runtime: Runtime, model: ModelServer
) -> None:
    (runtime.workspace.root / "local.env").write_text("DB_PASSWORD=hunter2xyz\n")
    shown = await done(runtime, task("!cat local.env"))
    assert "hunter2" not in str(shown)
    shown = await done(runtime, task("cat local.env"))
    assert shown.outcome == "answered" and shown.text.endswith(f"DB_PASSWORD={MASK}")
    model.script(Answer(text=("As it is wrong.",)))
    await done(runtime, task("why does it fail with password=swordfish?"))
    assert "swordfish" not in str(model.chats[0].body["messages"])


async def test_a_change_comes_back_as_a_diff_and_is_not_made(runtime: Runtime, model: ModelServer) -> None:
    model.script(Answer(text=(CHANGE,)))
    result = await done(runtime, task("edit @shop.py return 2 in total"))
    assert result.outcome == "answered", result
    assert "-    return 1" in result.diff and "+    return 2" in result.diff
    assert "was not made" in result.text
    assert (runtime.workspace.root / "shop.py").read_text() == "def total():\n    return 1\n"


@pytest.mark.parametrize("text", ["!touch made", "model use ollama:x", "resume last", "index"])
async def test_what_would_need_a_permission_or_change_the_session_is_refused(
    runtime: Runtime, text: str
) -> None:
    result = await done(runtime, task(text))
    if text == "index":  # looking is free, and so is the index of what is looked at
        assert result.outcome == "answered"
    else:
        assert result.outcome == "refused" and result.error is not None and result.error.hint
    assert not (runtime.workspace.root / "made").exists()


async def test_a_task_that_takes_too_long_is_cancelled(runtime: Runtime, model: ModelServer) -> None:
    model.script(Answer(text=("It ", "never ", "ends"), hang="middle"))
    result = await done(runtime, task("what does total do?", timeout=0.1))
    assert result.outcome == "timed_out" and result.error is not None and "1 s" in result.error.message
    model.script(Answer(text=("Next.",)))
    assert (await done(runtime, task("and now, what does total do?"))).text == "Next."


async def test_a_task_without_a_model_fails_with_the_next_step(tmp_path: Path) -> None:
    runtime = open_worker(tmp_path, {**os.environ, "DSPY_TUI_PROVIDER": "none"}, BUILT_IN["app"])
    try:
        result = await done(runtime, task("edit add a license"))
        assert result.outcome == "failed" and result.error is not None and "model" in result.error.message
    finally:
        await runtime.aclose()


async def test_cancelling_ends_the_task_and_leaves_the_session_usable(
    runtime: Runtime, model: ModelServer
) -> None:
    model.script(Answer(text=("It ", "never ", "ends"), hang="middle"))
    working = asyncio.create_task(do(task("what does total do?"), runtime, service="backend", worker="w1"))
    await asyncio.wait_for(model.answering.wait(), 60)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert runtime.session.running is None
    assert (await done(runtime, task("grep total"))).outcome == "answered"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    long = result_of(
        task("x"), service="a", worker="w", outcome="answered", text="ü" * 600_000, diff="\x01\n" * 500_000
    )
    assert len(encode(long)) <= MOST_BYTES
    assert f"of {600_000:,} characters" in long.text and "cut here" in long.diff
    assert len(encode(short(long))) < 100_000
    same = result_of(task("x"), service="a", worker="w", outcome="answered", text="short")
    assert same.text == "short" and cut("x" * MOST_TEXT, MOST_TEXT) == "x" * MOST_TEXT
    hostile = result_of(task("x"), service="a", worker="w", outcome="answered", text="\ud800\x1b[2J")
    assert encode(hostile) and "\x1b" not in hostile.text
