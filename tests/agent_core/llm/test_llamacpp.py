"""The OpenAI adapter and the embedded model against a real llama.cpp."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.llm import errors
from agent_core.llm.embedded import EmbeddedModel, weights
from agent_core.llm.openai_compat import OpenAICompatModel
from agent_core.llm.port import StreamEvent, TextChunk
from tests.agent_core.llm.helpers_llm import CHOICE_SCHEMA, LS, ask, collect, end_of, phases, text_of

pytestmark = pytest.mark.llamacpp


@pytest.fixture
async def served(llamacpp: str) -> AsyncIterator[OpenAICompatModel]:
    model = OpenAICompatModel(settings=Settings(openai_base_url=llamacpp))
    yield model
    await model.aclose()


@pytest.fixture
async def embedded(llamacpp: str) -> AsyncIterator[EmbeddedModel]:
    model = EmbeddedModel(settings=Settings(provider="embedded", context_window=1024))
    yield model
    await model.aclose()


async def test_probe_tells_the_servers_window(served: OpenAICompatModel) -> None:
    info = await served.probe()
    assert (info.name, info.window, info.supports_tools) == ("smollm2", 1024, False)
    assert await served.list_models() == ["smollm2"]


async def test_streaming_with_usage(served: OpenAICompatModel) -> None:
    events = await collect(served.stream(ask("Count from 1 to 5.", max_tokens=16)))
    end = end_of(events)
    assert text_of(events)
    assert end.usage.prompt_tokens > 10 and 0 < end.usage.completion_tokens <= 16
    assert not end.usage.estimated and end.usage.first_token_s is not None


async def test_schema(served: OpenAICompatModel) -> None:
    events = await collect(served.stream(ask("list files", response_schema=CHOICE_SCHEMA, max_tokens=64)))
    assert json.loads(text_of(events))["tool"] in ("ls", "grep")


async def test_tools_are_taken(served: OpenAICompatModel) -> None:
    assert end_of(await collect(served.stream(ask("list files", tools=(LS,), max_tokens=8))))


async def test_too_long_a_prompt_is_named(served: OpenAICompatModel) -> None:
    with pytest.raises(errors.ContextTooSmall, match="1024"):
        await collect(served.stream(ask("word " * 3000)))


async def test_cancel_frees_the_server(served: OpenAICompatModel) -> None:
    await _cancel_in_the_middle(served)
    assert text_of(await collect(served.stream(ask(max_tokens=4))))


async def test_embedded_answers_within_its_schema(embedded: EmbeddedModel) -> None:
    info = await embedded.probe()
    assert (info.window, info.supports_tools, info.supports_schema) == (1024, False, True)
    request = ask("list files", response_schema=CHOICE_SCHEMA, tools=(LS,), max_tokens=64)
    events = await collect(embedded.stream(request))
    assert json.loads(text_of(events))["tool"] in ("ls", "grep")
    assert phases(events)[0] == "loading" and embedded.info.loaded
    assert phases(await collect(embedded.stream(ask(max_tokens=2)))) == ["reading"]


async def test_embedded_cancel_and_close(embedded: EmbeddedModel) -> None:
    await _cancel_in_the_middle(embedded)
    pid = _child(embedded)
    await embedded.aclose()
    assert not Path(f"/proc/{pid}").exists()
    assert text_of(await collect(embedded.stream(ask(max_tokens=4)))), "it starts again"


async def test_embedded_process_dies_in_the_middle(embedded: EmbeddedModel) -> None:
    events: list[StreamEvent] = []
    killed = False
    with pytest.raises(errors.ModelCutOff):
        async for event in embedded.stream(ask("Write a long story.", max_tokens=800)):
            events.append(event)
            if not killed and len(text_of(events)) > 10:
                killed = True
                os.kill(_child(embedded), signal.SIGKILL)
    assert text_of(events)
    assert text_of(await collect(embedded.stream(ask(max_tokens=4)))), "the next call starts it again"


async def test_embedded_cancelled_while_it_loads(embedded: EmbeddedModel) -> None:
    loading = asyncio.Event()

    async def run() -> None:
        async for _ in embedded.stream(ask()):
            loading.set()

    task = asyncio.create_task(run())
    await loading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert text_of(await collect(embedded.stream(ask(max_tokens=4))))


async def test_embedded_broken_weights(tmp_path: Path, llamacpp: str) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF no more")
    model = EmbeddedModel(settings=Settings(embedded_model=str(broken)))
    with pytest.raises(errors.ModelServerError, match=r"broken\.gguf"):
        await collect(model.stream(ask()))
    await model.aclose()
    with pytest.raises(errors.ModelNotFound):
        weights(str(tmp_path / "missing.gguf"))


async def _cancel_in_the_middle(model: OpenAICompatModel | EmbeddedModel) -> None:
    started = asyncio.Event()

    async def run() -> None:
        async for event in model.stream(ask("Write a very long story.", max_tokens=900)):
            if isinstance(event, TextChunk):
                started.set()

    task = asyncio.create_task(run())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def _child(model: EmbeddedModel) -> int:
    process = model._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    return process.pid
