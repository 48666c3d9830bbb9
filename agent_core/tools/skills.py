"""`skills`: what the language model is asked, and which versions of it are used."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec

from agent_core.commandline import render
from agent_core.config import Settings
from agent_core.errors import ToolError, UsageError
from agent_core.events import ActionClass
from agent_core.plugins.installed import plugins_of
from agent_core.rl.store.rights import owners_folder
from agent_core.skills.registry import FOLDER, SkillRow, load_skill, skill_rows, skills_folder
from agent_core.skills.saved import described, forget, use_version
from agent_core.text import one_line, plural, printable
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.workspace import Workspace


class SkillsArgs(msgspec.Struct, frozen=True):
    """Arguments of `skills`."""

    name: Annotated[str, msgspec.Meta(description="Show the prompts of this skill.")] = ""
    use: Annotated[
        int | None,
        msgspec.Meta(
            description="Use this version of its optimised prompts from now on; 0 is the built-in one.",
            extra={"flag": "--use", "metavar": "N"},
        ),
    ] = None
    forget: Annotated[bool, msgspec.Meta(description="Remove every optimised version of its prompts.")] = (
        False
    )


class SkillsTool:
    """Lists the skills, or shows the prompts of one as they are used in this workspace.

    Which optimised version is used is state of the program, and free to choose; to remove them asks.
    """

    name: ClassVar[str] = "skills"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = (
        "list what the model is asked to do, show the prompts of a skill, choose a version"
    )
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = SkillsArgs
    positional: ClassVar[tuple[str, ...]] = ("name",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False
    keeps_state: ClassVar[bool] = True

    async def plan(
        self, args: SkillsArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """What is asked about: to forget optimised prompts; raises `UsageError`."""
        _check(args)
        if args.forget:
            return Planned((render(self.name, args),), "It removes prompts that were optimised here.")
        return None

    async def run(self, args: SkillsArgs, context: ToolContext) -> ToolResult:
        """The list, or the prompts, or what was changed.

        Raises `UsageError`, and `ToolError` for a skill or a version that there is not.
        """
        _check(args)
        if args.use is not None or args.forget:
            return await asyncio.to_thread(_changed, args, context.workspace)
        folder, plugins = skills_folder(context.workspace), plugins_of(context.settings)
        if not args.name:
            return _listed(await asyncio.to_thread(partial(skill_rows, folder, plugins=plugins)))
        from agent_core.llm.dspy_engine import preload

        await preload()
        load = partial(load_skill, args.name, folder, plugins=plugins)
        skill, warning = await asyncio.to_thread(load)
        prompts = _prompts(skill)
        text = "\n\n".join(f"{name}\n{'-' * len(name)}\n{prompt}" for name, prompt in prompts.items())
        return ToolResult(
            text=printable(text),
            summary=plural(len(prompts), "prompt"),
            data={"name": args.name, "prompts": prompts},
            note=one_line(warning),
        )


def _check(args: SkillsArgs) -> None:
    if (args.use is not None or args.forget) and not args.name:
        raise UsageError("skills needs the name of a skill for that", hint="Such as: skills ask --use 0")
    if args.use is not None and args.forget:
        raise UsageError("--use and --forget exclude each other")


def _changed(args: SkillsArgs, workspace: Workspace) -> ToolResult:
    name = one_line(args.name)
    try:
        folder = owners_folder(workspace, FOLDER)
        if args.use is None:
            count = forget(folder, args.name)
            said = f"{plural(count, 'optimised version')} of {name} forgotten; the built-in prompts are used"
            return ToolResult(text=f"{said}.", summary=said, data={"name": args.name, "forgotten": count})
        saved = use_version(folder, args.name, args.use)
    except OSError as error:
        raise ToolError(f"The prompts of {name} cannot be changed: {error.strerror or error}") from None
    said = f"{name}: {described(saved)}"
    return ToolResult(text=said, summary=said, data={"name": args.name, "version": saved.current})


def _prompts(skill: Any) -> dict[str, str]:
    return {name: predictor.signature.instructions for name, predictor in skill.named_predictors()}


def _listed(rows: list[SkillRow]) -> ToolResult:
    width = max(len(row.name) for row in rows)
    lines = [f"{one_line(row.name):<{width}}  {row.purpose}{_origin(row)}" for row in rows]
    return ToolResult(
        text="\n".join(lines),
        summary=plural(len(rows), "skill"),
        data={"skills": [msgspec.to_builtins(row) for row in rows]},
        note=one_line("; ".join(row.trouble for row in rows if row.trouble)),
    )


def _origin(row: SkillRow) -> str:
    said = [*([f"from {one_line(row.source)}"] if row.source != "built in" else [])]
    said += [f"optimised for this workspace, {row.optimised}"] if row.optimised else []
    return f"  ({', '.join(said)})" if said else ""
