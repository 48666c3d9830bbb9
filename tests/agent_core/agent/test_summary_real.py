"""Summaries by real servers. Their model is too small to be right: what counts is that each ends well."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.agent.summary import summarise
from agent_core.config import Settings
from agent_core.events import ContextPacked, TextDelta, UsageReported
from agent_core.llm.select import Models
from agent_core.skills.codectx import load_describe
from tests.fakes.turn import RecordedTurn
from tests.fixtures_models import Ollama

FACTS = "src/app.py: python, source, 120 lines\n\nOutline\n" + "".join(
    f"  src/app.py:{number}-{number + 9}  def read_part_{number}(line)\n" for number in range(1, 2000, 10)
)


async def ends_well(settings: Settings, root: Path) -> None:
    turn = RecordedTurn(root, settings=settings)
    models = Models(settings=settings, publish=lambda _: None)
    try:
        text = await summarise(
            models, FACTS, load=lambda _: load_describe(), label="codectx src/app.py", turn=turn,
            workspace=turn.workspace, settings=settings,
        )  # fmt: skip
    finally:
        await models.aclose()
    (usage,) = [event.usage for event in turn.events if isinstance(event, UsageReported)]
    (packed,) = [event for event in turn.events if isinstance(event, ContextPacked)]
    assert text and text == "".join(event.text for event in turn.events if isinstance(event, TextDelta))
    assert packed.window == 1024 and 0 < usage.prompt_tokens + usage.completion_tokens <= 1024


@pytest.mark.ollama
async def test_ollama(ollama: Ollama, tmp_path: Path) -> None:
    await ends_well(ollama.settings, tmp_path)


@pytest.mark.llamacpp
async def test_llamacpp(llamacpp: str, tmp_path: Path) -> None:
    settings = Settings(
        provider="openai", openai_base_url=llamacpp, openai_model="smollm2", context_window=1024
    )
    await ends_well(settings, tmp_path)
