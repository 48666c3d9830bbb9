"""Skills by name: the built-in ones, plugins, and optimised versions."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import dspy
import pytest

from agent_core.config import Settings
from agent_core.errors import ToolError, UsageError
from agent_core.plugins.installed import Plugins
from agent_core.plugins.kinds import group
from agent_core.skills.registry import BUILT_IN, load_skill, skill_rows
from agent_core.skills.saved import Prompt, add_version, fingerprint
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
    monkeypatch.setattr(Plugins, "points", lambda *_: given)
    return given


def optimise(name: str, folder: Path) -> dict[str, Any]:
    """Save other instructions for every predictor of a skill; the predictors as they were."""
    folder.mkdir(parents=True, exist_ok=True)
    predictors = dict(load_skill(name)[0].named_predictors())
    prompts = {
        key: Prompt(
            made_for=fingerprint(one.signature), instructions="Be brief.", before=0.25, after=0.75, examples=8
        )
        for key, one in predictors.items()
    }
    add_version(folder, name, prompts, model="m", made=1.0)
    return predictors


def point(name: str, kind: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{kind}", group("skills"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_prompt_is_replaced_by_an_optimised_one(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "skills"
    predictors = optimise(name, folder)
    assert predictors and all(len(one.signature.instructions) < 900 for one in predictors.values())
    again, warning = load_skill(name, folder)
    assert warning == ""
    said = [one.signature.instructions for _, one in again.named_predictors()]
    assert said == ["Be brief."] * len(predictors)
    assert [row.name for row in skill_rows(folder) if row.saved and row.optimised] == [name]


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


async def test_the_command_chooses_a_version_and_forgets_them(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    context = ToolContext(workspace=workspace, settings=Settings())
    tool, folder = SkillsTool(), tmp_path / ".dspy_tui" / "skills"
    optimise("commit", folder)
    listed = await tool.run(SkillsArgs(), context)
    assert "version 1, measured with m: message 0.25 → 0.75 on 8 examples" in listed.text
    back = await tool.run(SkillsArgs("commit", use=0), context)
    assert "built in" in back.text and "optimised" not in (await tool.run(SkillsArgs(), context)).text
    assert load_skill("commit", folder)[0].message.signature.instructions != "Be brief."
    await tool.run(SkillsArgs("commit", use=1), context)
    assert load_skill("commit", folder)[0].message.signature.instructions == "Be brief."
    with pytest.raises(ToolError, match="no version 7"):
        await tool.run(SkillsArgs("commit", use=7), context)
    args = SkillsArgs("commit", forget=True)
    assert (
        await tool.plan(SkillsArgs("commit", use=0), workspace=workspace, settings=Settings(), typed=True)
        is None
    )
    assert await tool.plan(args, workspace=workspace, settings=Settings(), typed=True) is not None
    await tool.run(args, context)
    assert not (folder / "commit.json").exists()
    with pytest.raises(ToolError, match="no optimised prompts"):
        await tool.run(args, context)


@pytest.mark.parametrize("args", [SkillsArgs(use=1), SkillsArgs(forget=True), SkillsArgs("a", 1, True)])
async def test_the_command_refuses_what_makes_no_sense(args: SkillsArgs, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        await SkillsTool().run(args, ToolContext(workspace=Workspace(tmp_path), settings=Settings()))


async def test_the_command_lists_skills_and_shows_prompts(tmp_path: Path) -> None:
    context = ToolContext(workspace=Workspace(tmp_path), settings=Settings())
    listed = await SkillsTool().run(SkillsArgs(), context)
    assert {row["name"] for row in listed.data["skills"]} >= set(BUILT_IN)
    shown = await SkillsTool().run(SkillsArgs("edit"), context)
    assert "<<<<<<< SEARCH" in shown.text and set(shown.data["prompts"]) == {"act", "write"}
