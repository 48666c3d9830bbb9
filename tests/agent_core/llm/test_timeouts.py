"""Time-outs and the one retry, with a scripted model and short limits."""

from __future__ import annotations

import asyncio

import pytest

from agent_core.config import Settings
from agent_core.events import Usage
from agent_core.llm import errors
from agent_core.llm.errors import ModelError
from agent_core.llm.port import Alive, Finished, ReasoningChunk, StreamEvent
from agent_core.llm.scripted import DEFAULT_INFO, Reply, ScriptedModel
from agent_core.llm.timeouts import PromptRate, prompt_rate, watch
from tests.agent_core.llm.helpers_llm import ask, collect, text_of

SHORT = Settings(first_token_timeout=0.05, silence_timeout=0.05)


def hang() -> asyncio.Event:
    """An event that never comes."""
    return asyncio.Event()


async def test_a_stream_passes_through() -> None:
    model = ScriptedModel([Reply.of(Alive("reading"), "a", ReasoningChunk("r"), "b")])
    events = await collect(watch(model, ask(), settings=Settings()))
    assert text_of(events) == "ab" and isinstance(events[-1], Finished)


async def test_silence_before_the_first_token() -> None:
    model = ScriptedModel([Reply.of(Alive("reading"), hang())])
    with pytest.raises(errors.ModelStalled, match="said nothing"):
        await collect(watch(model, ask(), settings=SHORT))
    assert len(model.requests) == 1 and model.closed == 1


async def test_silence_in_the_middle_keeps_what_came() -> None:
    model = ScriptedModel([Reply.of("a", "b", hang())])
    settings = Settings(first_token_timeout=60, silence_timeout=0.3)
    events: list[StreamEvent] = []
    with pytest.raises(errors.ModelStalled, match="silent"):
        async for event in watch(model, ask(), settings=settings):
            events.append(event)
    assert text_of(events) == "ab" and model.closed == 1


async def test_loading_does_not_count() -> None:
    loaded, settings = asyncio.Event(), Settings(first_token_timeout=0.4)
    asyncio.get_running_loop().call_later(0.6, loaded.set)
    model = ScriptedModel([Reply.of(Alive("loading"), loaded, Alive("reading"), "a")])
    assert text_of(await collect(watch(model, ask(), settings=settings))) == "a"


async def test_progress_without_text_counts() -> None:
    gates = [asyncio.Event() for _ in range(4)]
    for number, gate in enumerate(gates):
        asyncio.get_running_loop().call_later(0.25 * (number + 1), gate.set)
    steps = [step for gate in gates for step in (gate, Alive("reading"))]
    model = ScriptedModel([Reply.of("a", *steps, "b")])
    settings = Settings(silence_timeout=0.75)
    assert text_of(await collect(watch(model, ask(), settings=settings))) == "ab"


def test_a_long_prompt_gets_more_time() -> None:
    rate = PromptRate(is_local=True)
    assert rate.seconds_for(4000) >= 60
    rate.measured(100, 100.0)
    assert rate.seconds_for(4000) == 80, "a short prompt says nothing"
    rate.measured(1000, 10.0)
    rate.measured(1000, 0.1)
    assert rate.seconds_for(4000) == 40, "the slowest counts: others may have been cached"


async def test_the_rate_is_measured_from_usage() -> None:
    end = Finished("stop", Usage(prompt_tokens=1000, completion_tokens=1))
    model = ScriptedModel([Reply.of("a", end)])
    before = prompt_rate(model).seconds_for(1000)
    await collect(watch(model, ask(), settings=Settings()))
    assert prompt_rate(model).seconds_for(1000) < before


@pytest.mark.parametrize(
    "error",
    [
        errors.ModelServerError("500"),
        errors.ModelUnreachable("down"),
        errors.ModelCutOff("nothing came"),
        errors.ModelRateLimited("429", retry_after=0.01),
    ],
)
async def test_one_retry_when_nothing_had_come(error: ModelError) -> None:
    model = ScriptedModel([Reply.of(Alive("reading"), error), "ok"])
    assert text_of(await collect(watch(model, ask(), settings=Settings()))) == "ok"
    model = ScriptedModel([Reply.of(error)])
    with pytest.raises(type(error)):
        await collect(watch(model, ask(), settings=Settings()))
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    "steps",
    [
        ("a", errors.ModelCutOff("cut")),
        (errors.ModelAuth("401"),),
        (errors.ModelNotFound("404"),),
        (errors.ModelRefused("400"),),
        (errors.ModelProtocolError("html"),),
        (errors.ModelRateLimited("429", retry_after=60),),
    ],
)
async def test_no_retry(steps: tuple[str | ModelError, ...]) -> None:
    model = ScriptedModel([Reply.of(*steps)])
    with pytest.raises(ModelError):
        await collect(watch(model, ask(), settings=Settings()))
    assert len(model.requests) == 1


async def test_cancel_closes_the_stream() -> None:
    model = ScriptedModel([Reply.of("a", hang())])
    task = asyncio.create_task(collect(watch(model, ask(), settings=Settings())))
    await model.streaming.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.closed == 1 and not model.streaming.is_set()


async def test_alive_is_published_until_the_first_token() -> None:
    seen: list[tuple[str, float]] = []
    twice = asyncio.Event()

    def publish(phase: str, seconds: float) -> None:
        seen.append((phase, seconds))
        if len(seen) == 2:
            twice.set()

    model = ScriptedModel([Reply.of(Alive("loading"), twice, Alive("reading"), "a")])
    await collect(watch(model, ask(), settings=Settings(), publish_alive=publish))
    assert [phase for phase, _ in seen] == ["loading", "loading"]
    assert seen[0][1] < seen[1][1]


async def test_a_remote_model_is_taken_for_faster() -> None:
    import msgspec

    remote = ScriptedModel(["a"], info=msgspec.structs.replace(DEFAULT_INFO, is_local=False))
    assert prompt_rate(remote).seconds_for(1000) < prompt_rate(ScriptedModel(["a"])).seconds_for(1000)
