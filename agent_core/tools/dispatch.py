"""`dispatch`: a task for the workers of the fleet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from agent_core.errors import BusUnreachable
from agent_core.events import ActionClass
from agent_core.streaming.names import TASKS
from agent_core.text import human_duration, one_line, printable, shorten
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.config import Settings
    from agent_core.streaming.link import BusLink
    from agent_core.streaming.messages import Result
    from agent_core.workspace import Workspace

_MOST_SHOWN = 32 * 1024
_HERE = "Without the word `dispatch` it is done here; `stack up` starts workers."


class DispatchArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `dispatch`."""

    task: Annotated[
        str,
        msgspec.Meta(
            description="A question, a task, or a command that looks at something.",
            extra={"free": True, "ends": True},
        ),
    ]
    to: Annotated[
        str,
        msgspec.Meta(
            description="The service that gets it, such as backend; else the router chooses.",
            extra={"flag": "--to", "metavar": "SERVICE"},
        ),
    ] = ""
    no_wait: Annotated[
        bool, msgspec.Meta(description="Do not wait for the result.", extra={"flag": "--no-wait"})
    ] = False
    timeout: Annotated[
        float,
        msgspec.Meta(
            description="Seconds that it may take (600).", extra={"flag": "--timeout", "metavar": "S"}
        ),
    ] = 600.0


class DispatchTool:
    """Hands a task to workers over the bus, and waits for what comes of it.

    What is typed leaves this program, without secrets, so that it asks as what reaches other machines does.

    Args:
        link: Says whether there is a bus with a queue for tasks; a model is offered the tool only then.
    """

    name: ClassVar[str] = "dispatch"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "hand a task to the workers of the fleet, and wait for its result"
    action: ClassVar[ActionClass] = "network"
    args_type: ClassVar[type[msgspec.Struct]] = DispatchArgs
    positional: ClassVar[tuple[str, ...]] = ("task",)
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = True

    def __init__(self, *, link: BusLink) -> None:
        self._link = link

    @property
    def is_offered(self) -> bool:
        """Whether a model is offered it now."""
        standing = self._link.standing
        return standing.state == "up" and TASKS in standing.topics

    async def plan(
        self, args: DispatchArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned:
        """Where it would be sent; raises `UsageError`, `ConfigError`, and `BusUnreachable` where nobody is
        there, so that nothing is asked in vain."""
        from agent_core.fleet.handing import left_out, task_of
        from agent_core.streaming.access import access_of
        from agent_core.streaming.reach import reach

        task = task_of(args.task, settings, service=args.to, timeout=args.timeout)
        access = access_of(settings)
        try:
            await asyncio.to_thread(reach, access)
        except BusUnreachable as error:
            raise BusUnreachable(error.message, hint=_HERE) from error
        said, masked = shorten(one_line(task.text), 300), left_out(args.task, task)
        note = f" ({masked})" if masked else ""
        return Planned((access.named,), f"It sends this to workers there: {said}{note}")

    async def run(self, args: DispatchArgs, context: ToolContext) -> ToolResult:
        """Hand it over.

        Raises:
            UsageError: It says nothing, or too much.
            BusFault: There is no bus, or it does not take the task; `NoResult` where nothing came in time.
        """
        from agent_core.fleet.handing import hand_in, left_out, outcome_of, task_of

        task = task_of(args.task, context.settings, service=args.to, timeout=args.timeout)

        def tell(line: str) -> None:
            context.progress(f"{printable(line)}\n")

        try:
            where = await hand_in(task, context.settings)
        except BusUnreachable as error:
            raise BusUnreachable(error.message, hint=_HERE) from error
        masked = left_out(args.task, task)
        tell(f"queued at {where}{masked and f'; {masked}'}")
        if args.no_wait:
            text = f"Task {task.id} is queued; its result will be on agent.results.*."
            return ToolResult(text=text, summary="queued", data={"task": task.id}, note=masked)
        return _told(await outcome_of(task, context.settings, tell=tell), masked)


def result_data(result: Result) -> dict[str, Any]:
    """What came of a task, for programs."""
    return {
        "task": result.task,
        "service": result.service,
        "worker": result.worker,
        "outcome": result.outcome,
        "text": printable(result.text),
        "diff": printable(result.diff),
        "seconds": result.seconds,
    }


def result_text(result: Result) -> str:
    """The same for people."""
    return "\n\n".join(filter(None, (printable(result.text).rstrip(), printable(result.diff).rstrip())))


def _told(result: Result, masked: str) -> ToolResult:
    text = result_text(result)
    took = human_duration(result.seconds)
    return ToolResult(
        text=text[:_MOST_SHOWN],
        summary=f"{result.outcome.replace('_', ' ')} by {one_line(result.worker)} in {took}",
        data=result_data(result),
        note="; ".join(filter(None, ("the beginning of it" if len(text) > _MOST_SHOWN else "", masked))),
        error=result.error,
    )
