"""The conversation goes first: what asks a model behind it waits, gives way, and does not run out of time."""

from __future__ import annotations

import asyncio

import pytest

from agent_core.llm import precedence
from agent_core.llm.errors import ModelStalled
from agent_core.llm.precedence import GaveWay, ahead, behind
from agent_core.llm.scripted import ScriptedModel


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "_QUIET_S", 0.1)


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel([])


async def test_what_is_behind_waits_until_nobody_talks(model: ScriptedModel) -> None:
    made: list[str] = []

    async def call() -> str:
        made.append("call")
        return "said"

    with ahead(model):
        waiting = asyncio.create_task(behind(model, call))
        await asyncio.sleep(0.15)
        assert not made
    await asyncio.sleep(0.03)
    with ahead(model):  # the next call of the same turn
        await asyncio.sleep(0.15)
        assert not made
    assert await waiting == "said" and made == ["call"]


async def test_it_gives_way_when_somebody_talks_and_is_closed(model: ScriptedModel) -> None:
    closed: list[str] = []

    async def call() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append("closed")

    waiting = asyncio.create_task(behind(model, call))
    await asyncio.sleep(0.01)
    with ahead(model), pytest.raises(GaveWay):
        await waiting
    assert closed == ["closed"]


async def stall() -> None:
    raise ModelStalled("m said nothing")


async def test_silence_is_the_conversations_echo_for_a_while_only(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelStalled):
        await behind(model, stall)
    with ahead(model):
        pass
    with pytest.raises(GaveWay):
        await behind(model, stall)
    monkeypatch.setattr(precedence, "_ECHO_S", 0.0)
    with pytest.raises(ModelStalled):
        await behind(model, stall)


async def test_cancelling_closes_the_call(model: ScriptedModel) -> None:
    closed: list[str] = []

    async def call() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append("closed")

    waiting = asyncio.create_task(behind(model, call))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert closed == ["closed"]
