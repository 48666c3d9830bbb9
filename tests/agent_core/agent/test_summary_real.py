"""Summaries by real servers. Their model is too small to be right: what counts is that each ends well."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.agent.summary import summarise
from agent_core.config import Settings
from agent_core.events import ContextPacked, TextDelta, UsageReported
from agent_core.llm.select import Models
from tests.fakes.turn import RecordedTurn
from tests.fixtures_models import Ollama

FACTS = "src/app.py: python, source, 120 lines\n\nOutline\n" + "".join(
    f"  src/app.py:{number}-{number + 9}  def read_part_{number}(line)\n" for number in range(1, 2000, 10)
)


EVENTS = "40 key events in logs/app.log, 9,000 lines\n\n" + "".join(
    f"[{number}] ERROR ×3 · logs/app.log:{number}\n    ConnectionRefusedError: nobody at db:5432\n\n"
    for number in range(1, 400)
)
SKILLS = [("codectx", FACTS), ("logs", EVENTS)]


async def ends_well(settings: Settings, root: Path, skill: str, facts: str) -> None:
    turn = RecordedTurn(root, settings=settings)
    models = Models(settings=settings, publish=lambda _: None)
    try:
        text = await summarise(
            models, facts, skill=skill, label="codectx src/app.py", turn=turn,
            workspace=turn.workspace, settings=settings,
        )  # fmt: skip
    finally:
        await models.aclose()
    (usage,) = [event.usage for event in turn.events if isinstance(event, UsageReported)]
    (packed,) = [event for event in turn.events if isinstance(event, ContextPacked)]
    assert text and text == "".join(event.text for event in turn.events if isinstance(event, TextDelta))
    assert packed.window == 1024 and 0 < usage.prompt_tokens + usage.completion_tokens <= 1024


@pytest.mark.ollama
@pytest.mark.parametrize(("skill", "facts"), SKILLS)
async def test_ollama(ollama: Ollama, tmp_path: Path, skill: str, facts: str) -> None:
    await ends_well(ollama.settings, tmp_path, skill, facts)


@pytest.mark.llamacpp
@pytest.mark.parametrize(("skill", "facts"), SKILLS)
async def test_llamacpp(llamacpp: str, tmp_path: Path, skill: str, facts: str) -> None:
    settings = Settings(
        provider="openai", openai_base_url=llamacpp, openai_model="smollm2", context_window=1024
    )
    await ends_well(settings, tmp_path, skill, facts)
