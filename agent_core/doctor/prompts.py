"""Check of the prompts that were optimised for a workspace."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent_core.doctor.check import Check
from agent_core.skills.registry import SkillRow, load_skill, skill_rows, skills_folder
from agent_core.text import one_line
from agent_core.workspace import Workspace


async def check_prompts(workspace: Workspace) -> Check:
    """Which prompts are not the built-in ones: whoever looks for why answers differ has to know."""
    trouble, rows = await asyncio.to_thread(_looked, skills_folder(workspace))
    if trouble:
        return Check(
            "prompts", "warn", one_line("; ".join(trouble)), "The built-in prompts are used instead."
        )
    used = [f"{one_line(row.name)} {row.optimised}" for row in rows if row.optimised]
    if not used:
        return Check("prompts", "ok", "the built-in ones")
    return Check("prompts", "ok", f"optimised here: {'; '.join(used)}")


def _looked(folder: Path) -> tuple[list[str], list[SkillRow]]:
    """What is wrong with what is saved, such as what was made for another version; and the skills."""
    rows = skill_rows(folder)
    trouble = [row.trouble for row in rows if row.trouble]
    loaded = [load_skill(row.name, folder)[1] for row in rows if row.optimised]
    return [*trouble, *filter(None, loaded)], rows
