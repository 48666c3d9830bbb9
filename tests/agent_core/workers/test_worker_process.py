"""Asking a process: answers, what is told meanwhile, cancelling, dying, ending."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import pytest_asyncio

from agent_core.errors import AgentError, LogFault
from agent_core.workers.client import WorkerProcess
from tests.agent_core.workers.echo_worker import Child, Count, Fail, Say, Start, Wait

ROOT = Path(__file__).resolve().parents[3]
_LONG_S = 60.0


class Echo(WorkerProcess):
    def __init__(self, *, refuse: str = "", fds: tuple[int, ...] = ()) -> None:
        self.refuse = refuse
        self.told: list[Any] = []
        self.ends: list[AgentError] = []
        super().__init__(
            module="tests.agent_core.workers.echo_worker", name="echo", fault=LogFault, cwd=ROOT,
            first=self.begin, on_told=lambda value: self.told.append(msgspec.msgpack.decode(value)),
            on_end=self.ends.append, environment={"PYTHONPATH": str(ROOT)}, fds=fds,
        )  # fmt: skip

    async def begin(self) -> msgspec.Struct:
        return Start(self.refuse)


@pytest_asyncio.fixture
async def echo() -> AsyncGenerator[Echo]:
    worker = Echo()
    yield worker
    await worker.aclose()


async def gone(pid: int) -> None:
    """Wait until a process is over; the limit is there only so that a failure ends."""
    async with asyncio.timeout(_LONG_S):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.01)


async def test_answers_at_once_and_what_is_told(echo: Echo) -> None:
    told: list[Any] = []
    count = echo.ask(Count(3), int, on_told=lambda value: told.append(msgspec.msgpack.decode(value)))
    assert await asyncio.gather(echo.ask(Say("ä"), str), count) == ["ä", 3]
    assert told == [0, 1, 2]
    assert echo.told == ["ready"]


async def test_cancelling_reaches_the_question(echo: Echo) -> None:
    await echo.ask(Say("up"), str)
    waiting = asyncio.create_task(echo.ask(Wait(), None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await echo.ask(Say("still there"), str) == "still there"


async def test_errors_of_the_tree_and_bugs(echo: Echo) -> None:
    with pytest.raises(LogFault, match="it failed") as failed:
        await echo.ask(Fail(False), None)
    assert failed.value.hint == "mend it"
    with pytest.raises(LogFault, match="The echo broke: ValueError: a bug"):
        await echo.ask(Fail(True), None)


async def test_one_that_refuses_says_why() -> None:
    echo = Echo(refuse="not here")
    with pytest.raises(LogFault, match="not here"):
        await echo.ask(Say("x"), str)
    assert [error.message for error in echo.ends] == ["not here"]
    await echo.aclose()


async def test_a_killed_one_is_started_again_and_leaves_nothing(echo: Echo) -> None:
    child = await echo.ask(Child(), int)
    assert echo.process is not None
    pid = echo.process.pid
    waiting = asyncio.create_task(echo.ask(Wait(), None))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(LogFault, match="ended"):
        await waiting
    assert len(echo.ends) == 1
    if sys.platform.startswith("linux"):
        await gone(child)
    assert await echo.ask(Say("again"), str) == "again"
    assert echo.process.pid != pid


async def test_the_end(echo: Echo) -> None:
    await echo.ask(Say("x"), str)
    process = echo.process
    assert process is not None
    await echo.aclose()
    assert process.returncode == 0
    assert not echo.ends
    with pytest.raises(LogFault, match="closed"):
        await echo.ask(Say("x"), str)


async def test_descriptors_are_inherited(tmp_path: Path) -> None:
    with (tmp_path / "given").open("w") as file:
        echo = Echo(fds=(file.fileno(),))
        await echo.ask(Say("x"), str)
        assert echo.process is not None
        assert Path(f"/proc/{echo.process.pid}/fd/{file.fileno()}").resolve() == tmp_path / "given"
        await echo.aclose()
