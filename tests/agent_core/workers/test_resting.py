"""A process that ends while nothing is asked of it, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from agent_core.errors import LogFault
from agent_core.workers import resting as module
from agent_core.workers.resting import Resting
from tests.agent_core.workers.echo_worker import Say, Wait
from tests.agent_core.workers.test_worker_process import Echo, gone

_SOON_S = 0.05
_NEVER_S = 3600.0


@pytest_asyncio.fixture
async def echo() -> AsyncGenerator[Echo]:
    worker = Echo()
    yield worker
    await worker.aclose()


async def rested(echo: Echo) -> None:
    """Wait until the process is over; the limit is there only so that a failure ends."""
    process = echo.process
    async with asyncio.timeout(60):
        while echo.process is not None:
            await asyncio.sleep(0.01)
    if process is not None:
        await gone(process.pid)


async def test_it_ends_when_nothing_is_asked_and_the_next_question_starts_it_again(echo: Echo) -> None:
    resting = Resting(echo, first_s=_SOON_S, later_s=_NEVER_S)
    assert not resting.awake
    assert await resting.ask(Say("one"), str) == "one"
    assert resting.awake
    await rested(echo)
    assert not resting.awake
    assert not echo.ends, "it was asked to end"
    assert await resting.ask(Say("two"), str) == "two"
    await asyncio.sleep(4 * _SOON_S)
    assert resting.awake, "whoever comes back is expected to come again"
    await resting.aclose()
    assert echo.process is None


async def test_it_is_kept_no_longer_once_its_first_work_is_known_to_be_done(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_S", _SOON_S)
    resting = Resting(echo, first_s=_NEVER_S, later_s=_NEVER_S)
    resting.settle()
    assert not resting.awake
    resting = Resting(echo, first_s=_NEVER_S, later_s=_NEVER_S)
    await resting.ask(Say("x"), str)
    await asyncio.sleep(4 * _SOON_S)
    assert resting.awake
    resting.settle()
    await rested(echo)
    await resting.aclose()


async def test_what_goes_on_keeps_it(echo: Echo) -> None:
    resting = Resting(echo, first_s=_SOON_S, later_s=_NEVER_S)
    await resting.ask(Say("more soon"), str, goes_on=True)
    await resting.ask(Say("no more"), str)
    await asyncio.sleep(4 * _SOON_S)
    assert resting.awake
    await resting.aclose()


async def test_a_question_that_takes_long_is_not_cut_off(echo: Echo) -> None:
    resting = Resting(echo, first_s=_SOON_S, later_s=_SOON_S)
    waiting = asyncio.create_task(resting.ask(Wait(), None))
    await resting.ask(Say("short"), str)
    await asyncio.sleep(4 * _SOON_S)
    assert resting.awake and not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await rested(echo)
    await resting.aclose()


async def test_questions_while_it_ends_are_answered_by_the_next(echo: Echo) -> None:
    resting = Resting(echo, first_s=0.0, later_s=0.0)
    for number in range(20):
        assert await resting.ask(Say(str(number)), str) == str(number)
        await asyncio.sleep(number / 500)
    await resting.aclose()
    assert not echo.ends


async def test_waking_starts_it_before_it_is_asked(echo: Echo) -> None:
    resting = Resting(echo, first_s=_NEVER_S, later_s=_SOON_S)
    resting.wake()
    resting.wake()
    async with asyncio.timeout(60):
        while not resting.awake:
            await asyncio.sleep(0.01)
    await rested(echo)
    await resting.aclose()


async def test_the_end_while_it_wakes(echo: Echo) -> None:
    resting = Resting(echo)
    resting.wake()
    await asyncio.sleep(0)
    await resting.aclose()
    assert echo.process is None
    resting.wake()
    with pytest.raises(LogFault, match="closed"):
        await resting.ask(Say("x"), str)
    assert echo.process is None


async def test_one_that_cannot_start_says_so_when_it_is_asked() -> None:
    echo = Echo(refuse="not here")
    resting = Resting(echo)
    resting.wake()
    with pytest.raises(LogFault, match="not here"):
        await resting.ask(Say("x"), str)
    await resting.aclose()
