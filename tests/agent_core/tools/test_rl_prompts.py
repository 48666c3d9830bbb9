"""The part of `rl train` that improves prompts: what it asks, and that it does not hang on the checks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.llm.errors import NoModel
from agent_core.llm.port import ModelInfo
from agent_core.rl.config import CONFIG_FILE
from agent_core.rl.gepa.api import Budget
from agent_core.rl.offline.config import written
from agent_core.tools.asking import Planned
from agent_core.tools.rl import RlArgs, RlTool
from agent_core.tools.rl_training import Tutor
from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import Obeys
from tests.agent_core.rl.offline.conftest import CONFIG, SHOP
from tests.agent_core.verify.conftest import Make, workspace
from tests.fakes.session import GivenModels
from tui.rl_options import RL_COMMANDS

__all__ = ["workspace"]
NEAR = ModelInfo(provider="ollama", name="qwen3:1.7b", host="localhost:11434", window=4096)
FAR = ModelInfo(provider="openai", name="gpt\x1b[2J\nbig", host="api.example.org", is_local=False)
CHECKS = (".venv/bin/python -m unittest discover -s tests -t .", ".venv/bin/ruff check --no-cache .")


@pytest.fixture
def shop(workspace: Make, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project with checks where all that trains is installed."""

    def installed(_: str) -> object:
        return object()

    monkeypatch.setattr("agent_core.rl.offline.training.importlib.util.find_spec", installed)
    made = workspace(SHOP)
    (made.root / CONFIG_FILE).write_text(written(CONFIG))
    return made


def tool(info: ModelInfo | None = NEAR) -> RlTool:
    """`rl` with a model of these particulars."""
    nothing: Any = None
    models: Any = GivenModels(None if info is None else Obeys(info=info))
    return RlTool(learning=nothing, tutor=Tutor(models=models, registry=nothing, logs=nothing))


async def planned(workspace: Workspace, info: ModelInfo | None = NEAR, **more: Any) -> Planned:
    """What a training asks about."""
    args = RlArgs(what="train", **more)
    found = await tool(info).plan(args, workspace=workspace, settings=Settings(), typed=True)
    assert found is not None and found.action == "run"
    return found


async def test_the_permission_names_the_model_the_place_and_the_most_that_it_takes(shop: Workspace) -> None:
    found = await planned(shop)
    assert found.lines == (*CHECKS, "improve prompts with qwen3:1.7b at localhost:11434 (this machine)")
    assert "calls qwen3:1.7b at localhost:11434 (this machine) up to 600 times" in found.reason
    assert "2,000,000 tokens" in found.reason and "--skip-gepa" in found.reason
    assert "bugs planted" in found.reason


async def test_a_host_elsewhere_is_named_and_nothing_gets_through(shop: Workspace) -> None:
    found = await planned(shop, FAR)
    assert found.lines[-1].endswith("at api.example.org (not this machine)")
    assert not {"\x1b", "\n"} & set(found.reason + found.lines[-1])


async def test_a_model_without_a_host_is_here(shop: Workspace) -> None:
    found = await planned(shop, msgspec.structs.replace(NEAR, host=""))
    assert "calls qwen3:1.7b on this machine up to" in found.reason


async def test_without_prompts_no_model_is_named_or_needed(shop: Workspace) -> None:
    found = await planned(shop, None, skip_gepa=True)
    assert found.lines == CHECKS and "calls" not in found.reason
    with pytest.raises(NoModel):
        await planned(shop, None)


def test_the_shell_says_what_typing_it_permits() -> None:
    (train,) = (each for each in RL_COMMANDS if each.words == ("rl", "train"))
    assert f"{Budget().calls:,} times" in train.help and f"{Budget().tokens:,} tokens" in train.help
