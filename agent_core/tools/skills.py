"""`skills`: what the language model is asked, and which versions of it are used."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.skills.registry import SkillRow, load_skill, skill_rows, skills_folder
from agent_core.text import one_line, plural, printable
from agent_core.tools.base import ToolContext, ToolResult


class SkillsArgs(msgspec.Struct, frozen=True):
    """Arguments of `skills`."""

    name: Annotated[str, msgspec.Meta(description="Show the prompts of this skill.")] = ""


class SkillsTool:
    """Lists the skills, or shows the prompts of one as they are used in this workspace."""

    name: ClassVar[str] = "skills"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list what the model is asked to do, or show the prompts of one skill"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = SkillsArgs
    positional: ClassVar[tuple[str, ...]] = ("name",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    async def run(self, args: SkillsArgs, context: ToolContext) -> ToolResult:
        """The list, or the prompts; raises `ToolError` for a skill that there is not."""
        folder = skills_folder(context.workspace)
        if not args.name:
            return _listed(await asyncio.to_thread(skill_rows, folder))
        from agent_core.llm.dspy_engine import preload

        await preload()
        skill, warning = await asyncio.to_thread(load_skill, args.name, folder)
        prompts = _prompts(skill)
        text = "\n\n".join(f"{name}\n{'-' * len(name)}\n{prompt}" for name, prompt in prompts.items())
        return ToolResult(
            text=printable(text),
            summary=plural(len(prompts), "prompt"),
            data={"name": args.name, "prompts": prompts},
            note=one_line(warning),
        )


def _prompts(skill: Any) -> dict[str, str]:
    return {name: predictor.signature.instructions for name, predictor in skill.named_predictors()}


def _listed(rows: list[SkillRow]) -> ToolResult:
    width = max(len(row.name) for row in rows)
    lines = [f"{one_line(row.name):<{width}}  {row.purpose}{_origin(row)}" for row in rows]
    return ToolResult(
        text="\n".join(lines),
        summary=plural(len(rows), "skill"),
        data={"skills": [msgspec.to_builtins(row) for row in rows]},
    )


def _origin(row: SkillRow) -> str:
    said = [*([f"from {one_line(row.source)}"] if row.source != "built in" else [])]
    said += ["optimised for this workspace"] if row.saved else []
    return f"  ({', '.join(said)})" if said else ""
