"""Whole turns over real servers. Their model is too small to be right: what counts is that each ends well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_core.agent.loop import respond_with_model
from agent_core.agent.port import TaskInput
from agent_core.config import Settings
from agent_core.events import ModelCallStarted, TextDelta, UsageReported
from agent_core.llm.port import LanguageModel
from agent_core.llm.select import Models
from tests.fakes.turn import RecordedTurn
from tests.fixtures_models import WITH_TOOLS, Ollama


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text('import os\n\n\ndef read_port():\n    return int(os.environ["PORT"])\n')
    return tmp_path


async def model_of(settings: Settings) -> AsyncIterator[LanguageModel]:
    models = Models(settings=settings, publish=lambda _: None)
    try:
        model = await models.current()
        assert model is not None
        yield model
    finally:
        await models.aclose()


async def ends_well(model: LanguageModel, root: Path, settings: Settings) -> None:
    turn = RecordedTurn(root, settings=settings)
    answer = await respond_with_model(model, TaskInput(text="Where is the port read?"), turn)
    calls = [event for event in turn.events if isinstance(event, ModelCallStarted)]
    used = [event.usage for event in turn.events if isinstance(event, UsageReported)]
    assert 1 <= len(calls) <= settings.max_steps
    assert len(used) >= 1 and answer.usage.completion_tokens == sum(usage.completion_tokens for usage in used)
    assert answer.text == "".join(event.text for event in turn.events if isinstance(event, TextDelta))
    assert answer.stop_reason in ("stop", "length", "steps", "repeat", "empty")
    assert all(0 < usage.prompt_tokens <= 1024 for usage in used), "the server cut nothing off"


@pytest.mark.ollama
@pytest.mark.parametrize("tools", [False, True])
async def test_ollama(ollama: Ollama, root: Path, tools: bool) -> None:
    name = WITH_TOOLS if tools else ollama.settings.ollama_model
    settings = Settings(
        provider="ollama",
        ollama_host=ollama.url,
        ollama_model=name,
        context_window=1024,
        max_steps=3,
        answer_reserve=128,
    )
    async for model in model_of(settings):
        assert model.info.supports_tools is tools
        await ends_well(model, root, settings)


@pytest.mark.ollama
async def test_cancelling_over_ollama(ollama: Ollama, root: Path) -> None:
    async for model in model_of(ollama.settings):
        turn = RecordedTurn(root, settings=ollama.settings)
        task = asyncio.create_task(respond_with_model(model, TaskInput(text="Tell me everything"), turn))
        while not any(isinstance(event, ModelCallStarted) for event in turn.events):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.llamacpp
async def test_llama_cpp(llamacpp: str, root: Path) -> None:
    settings = Settings(
        provider="openai",
        openai_base_url=llamacpp,
        openai_model="smollm2",
        context_window=1024,
        max_steps=3,
        answer_reserve=128,
    )
    async for model in model_of(settings):
        await ends_well(model, root, settings)
