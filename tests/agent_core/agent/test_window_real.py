"""The window of a genuine Ollama: a small one gets a prompt that fits, counted beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.agent.edit.flow import change
from agent_core.agent.history import Exchange
from agent_core.agent.loop import respond_with_model
from agent_core.agent.planning import plan
from agent_core.agent.port import TaskInput
from agent_core.commandline import Mention
from agent_core.config import Settings
from agent_core.errors import AgentError
from agent_core.events import ContextPacked, UsageReported
from agent_core.llm.port import ChatRequest, LanguageModel
from agent_core.llm.select import Models
from agent_core.tools.registry import Registry, builtin_tools
from tests.fakes.turn import RecordedTurn
from tests.fixtures_models import PLAIN, WITH_TOOLS, Ollama

pytestmark = pytest.mark.ollama
QUESTION = "add a port argument to read_config_7 in @big.py and say what else has to change"
RULES = "Write short functions. Never touch generated files.\n" * 40


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Files, instructions and an earlier conversation of some 30,000 tokens."""
    (tmp_path / "AGENTS.md").write_text(RULES)
    for name in ("big", "other"):
        text = "\n\n".join(
            f"def read_config_{number}(path: str, default: int = {number}) -> int:\n"
            f'    """Read the port {number} of the config."""\n'
            f'    return int(os.environ.get("PORT_{number}", default))'
            for number in range(250)
        )
        (tmp_path / f"{name}.py").write_text(f"import os\n\n\n{text}\n")
    return tmp_path


class Watched:
    """A model whose requests are kept."""

    def __init__(self, model: LanguageModel) -> None:
        self.requests: list[ChatRequest] = []
        stream = model.stream

        def watched(request: ChatRequest):  # type: ignore[no-untyped-def]
            self.requests.append(request)
            return stream(request)

        model.stream = watched  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("kind", "name"), [("ask", PLAIN), ("ask", WITH_TOOLS), ("edit", PLAIN), ("plan", PLAIN)]
)
async def test_the_prompt_fits_and_was_counted_right(
    ollama: Ollama, root: Path, name: str, kind: str
) -> None:
    settings = Settings(
        provider="ollama",
        ollama_host=ollama.url,
        ollama_model=name,
        context_window=1024,
        answer_reserve=128,
        max_steps=3,
        temperature=0.0,
    )
    turn = RecordedTurn(root, settings=settings)
    turn.registry = Registry(builtin_tools())
    history = tuple(Exchange(f"question {number}", "It is so. " * 150) for number in range(20))
    task = TaskInput(text=QUESTION, mentions=(Mention("big.py"), Mention("other.py")), history=history)
    models = Models(settings=settings, publish=lambda _: None)
    try:
        model = await models.current()
        assert model is not None
        watched = Watched(model)
        try:
            if kind == "ask":
                await respond_with_model(model, task, turn)
            elif kind == "edit":
                await change(model, task, turn)
            else:
                await plan(model, task, turn, checks=())
        except AgentError as error:
            assert error.code in ("nothing-done", "change-refused", "permission-refused"), error
    finally:
        await models.aclose()
    packed = [event for event in turn.events if isinstance(event, ContextPacked)]
    used = [event.usage for event in turn.events if isinstance(event, UsageReported)]
    assert packed and len(packed) == len(used) == len(watched.requests)
    for plan_, usage, request in zip(packed, used, watched.requests, strict=True):
        assert plan_.used == pytest.approx(usage.prompt_tokens, rel=0.1)
        assert usage.prompt_tokens <= 1024 - 128 == plan_.window - plan_.reserve
        assert request.messages[0].role == "system" and request.messages[0].content.startswith("You ")
        assert any(QUESTION in message.content for message in request.messages), "whole"
        assert {item.kind for item in plan_.items if not item.included or "shortened" in item.label} & {
            "file", "history", "rules",
        }  # fmt: skip
    assert packed[0].used > 500, "the window is made use of"
