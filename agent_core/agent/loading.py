"""A skill as it is used in a workspace, ready to be called."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from agent_core.agent.gather import Gathered, gather
from agent_core.events import Notice
from agent_core.llm.dspy_engine import preload
from agent_core.plugins.installed import plugins_of
from agent_core.skills.registry import load_skill, skills_folder

if TYPE_CHECKING:
    from agent_core.agent.port import TaskInput, TurnPort
    from agent_core.tools.base import Speaker
    from agent_core.workspace import Workspace


async def skill_for(turn: Speaker, name: str, workspace: Workspace) -> Any:
    """The skill with what was optimised for the workspace; imports dspy the first time.

    What of it cannot be used is left out and told in the turn.

    Raises:
        ToolError: There is no such skill.
    """
    await preload()
    load = partial(load_skill, name, skills_folder(workspace), plugins=plugins_of(turn.settings))
    skill, warning = await asyncio.to_thread(load)
    if warning:
        hint = "The built-in instructions are used."
        turn.publish(Notice(level="warning", message=warning, hint=hint, turn_id=turn.turn_id))
    return skill


async def prepared(task: TaskInput, turn: TurnPort, name: str) -> tuple[Gathered, Any]:
    """What a task starts with, and its skill, at the same time: the first time, dspy and plugins take long.

    Raises:
        Interrupted: The turn was cancelled while something asked.
    """

    async def load() -> Any:
        await turn.registry.ready()
        return await skill_for(turn, name, turn.workspace)

    loading = asyncio.create_task(load())
    try:
        return await gather(task, turn), await loading
    finally:
        loading.cancel()
