"""Skills by name: the built-in ones, plugins, and optimised versions."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import dspy
import pytest

from agent_core.config import Settings
from agent_core.errors import ToolError
from agent_core.skills import registry
from agent_core.skills.registry import BUILT_IN, load_skill, save_skill, skill_rows
from agent_core.tools.base import ToolContext
from agent_core.tools.skills import SkillsArgs, SkillsTool
from agent_core.workspace import Workspace


class Wise(dspy.Module):
    """A plugin's commit skill."""

    def __init__(self) -> None:
        super().__init__()
        self.message = dspy.Predict("earlier, asked, diff -> answer")


class Foreign(dspy.Module):
    """Lacks the predictors of what it wants to replace."""

    def __init__(self) -> None:
        super().__init__()
        self.other = dspy.Predict("question -> answer")


class Leaves:
    def __init__(self) -> None:
        raise SystemExit(3)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> dict[str, EntryPoint]:
    given: dict[str, EntryPoint] = {}
    monkeypatch.setattr(registry, "_plugins", lambda: given)
    return given


def point(name: str, kind: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{kind}", registry.GROUP)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_skill_is_saved_and_loaded(name: str, tmp_path: Path) -> None:
    skill, warning = load_skill(name)
    assert warning == ""
    predictors = dict(skill.named_predictors())
    assert predictors and all(len(one.signature.instructions) < 900 for one in predictors.values())
    for one in predictors.values():
        one.signature = one.signature.with_instructions("Be brief.")
    save_skill(name, skill, tmp_path / "skills")
    again, warning = load_skill(name, tmp_path / "skills")
    assert warning == ""
    assert [one.signature.instructions for _, one in again.named_predictors()] == ["Be brief."] * len(
        predictors
    )
    assert [row.name for row in skill_rows(tmp_path / "skills") if row.saved] == [name]


def test_a_plugin_takes_the_place_of_a_built_in_skill(plugins: dict[str, EntryPoint], tmp_path: Path) -> None:
    plugins["commit"] = point("commit", "Wise")
    plugins["wisdom"] = point("wisdom", "Wise")
    assert type(load_skill("commit")[0]).__name__ == "Wise"
    assert type(load_skill("wisdom")[0]).__name__ == "Wise"
    rows = {row.name: row.source for row in skill_rows(tmp_path)}
    assert rows["ask"] == "built in" and rows["wisdom"] == rows["commit"] != "built in"


@pytest.mark.parametrize("kind", ["Foreign", "Leaves", "Missing", "Path"])
def test_a_broken_plugin_is_named_and_the_built_in_skill_used(
    plugins: dict[str, EntryPoint], kind: str
) -> None:
    plugins["commit"] = point("commit", kind)
    skill, warning = load_skill("commit")
    assert type(skill).__name__ == "CommitMessage"
    assert "The skill commit of" in warning and "cannot be used" in warning


def test_what_is_no_skill_is_an_error(plugins: dict[str, EntryPoint]) -> None:
    with pytest.raises(ToolError, match="no skill 'nonsense'"):
        load_skill("nonsense")
    plugins["nonsense"] = point("nonsense", "Leaves")
    with pytest.raises(ToolError, match="cannot be used"):
        load_skill("nonsense")


async def test_the_command_lists_skills_and_shows_prompts(tmp_path: Path) -> None:
    context = ToolContext(workspace=Workspace(tmp_path), settings=Settings())
    listed = await SkillsTool().run(SkillsArgs(), context)
    assert {row["name"] for row in listed.data["skills"]} >= set(BUILT_IN)
    shown = await SkillsTool().run(SkillsArgs("edit"), context)
    assert "<<<<<<< SEARCH" in shown.text and set(shown.data["prompts"]) == {"act", "write"}
