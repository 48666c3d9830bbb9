"""Check of the prompts that were optimised for a workspace."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent_core.config import Settings
from agent_core.doctor.check import Check
from agent_core.errors import ToolError
from agent_core.plugins.installed import Plugins, plugins_of
from agent_core.skills.registry import SkillRow, load_skill, skill_rows, skills_folder
from agent_core.text import one_line
from agent_core.workspace import Workspace


async def check_prompts(workspace: Workspace, settings: Settings) -> Check:
    """Which prompts are not the built-in ones: whoever looks for why answers differ has to know."""
    trouble, rows = await asyncio.to_thread(_looked, skills_folder(workspace), plugins_of(settings))
    if trouble:
        return Check(
            "prompts", "warn", one_line("; ".join(trouble)), "The built-in prompts are used instead."
        )
    used = [f"{one_line(row.name)} {row.optimised}" for row in rows if row.optimised]
    if not used:
        return Check("prompts", "ok", "the built-in ones")
    return Check("prompts", "ok", f"optimised here: {'; '.join(used)}")


def _looked(folder: Path, plugins: Plugins) -> tuple[list[str], list[SkillRow]]:
    """What is wrong with what is saved, such as what was made for another version; and the skills."""
    rows = skill_rows(folder, plugins=plugins)
    trouble = [row.trouble for row in rows if row.trouble]
    loaded = [_loaded(row.name, folder, plugins) for row in rows if row.optimised]
    return [*trouble, *filter(None, loaded)], rows


def _loaded(name: str, folder: Path, plugins: Plugins) -> str:
    """What is wrong with one, "" for nothing."""
    try:
        return load_skill(name, folder, plugins=plugins)[1]
    except ToolError as error:  # what a plugin brought, and it cannot be used any more
        return error.message
