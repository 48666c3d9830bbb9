"""`plan`: how a change would be made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.text import plural
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.llm.select import Models


class PlanArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `plan`."""

    task: Annotated[
        str,
        msgspec.Meta(description="What is to be changed; @path names a file.", extra={"free": True}),
    ]


class PlanTool:
    """Plans a change without making it.

    With a model the plan is streamed as the turn's answer; its parts are in the data. Without one, the places
    where the work would begin are shown, and the project's own checks.
    """

    name: ClassVar[str] = "plan"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "plan a change: steps, commands to run, risks and assumptions"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = PlanArgs
    positional: ClassVar[tuple[str, ...]] = ("task",)
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = False

    def __init__(self, *, models: Models) -> None:
        self._models = models

    async def run(self, args: PlanArgs, context: ToolContext) -> ToolResult:
        """Plan it; raises `ToolError` outside of a turn, and `ModelError` when the model fails."""
        if context.turn is None:
            raise ToolError("plan speaks in a turn of its own", hint="Type it at the prompt.")
        from agent_core.agent.planning import outline, plan
        from agent_core.agent.port import TaskInput
        from agent_core.commandline import mentions_in
        from agent_core.verify.detect import chosen, detect

        turn = context.turn
        mentions = mentions_in(args.task)
        task = TaskInput(text=args.task, mentions=mentions, history=turn.history)
        checks = await asyncio.to_thread(detect, context.workspace, context.settings)
        model = await self._models.current()
        if model is None:
            planned = await outline(task, turn, checks=chosen(checks))
            note = f"A plan in steps takes a language model. {self._models.detail}".strip()
        else:
            planned = await plan(model, task, turn, checks=chosen(checks))
            note = ""
        return ToolResult(
            text=planned.text or "Nothing was found that has to do with it.",
            summary=plural(len(planned.parts["steps"]), "step" if model else "place"),
            hits=planned.hits,
            data={**planned.parts, "answer": planned.text if model else ""},
            note=note,
        )
