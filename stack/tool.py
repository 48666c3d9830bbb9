"""`stack`: the services, from the prompt, the palette and `--batch`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

import msgspec

from agent_core.commandline import render
from agent_core.errors import ToolError
from agent_core.events import ActionClass, Notice
from agent_core.text import human_size, one_line, plural
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from stack.args import StackArgs

if TYPE_CHECKING:
    from agent_core.config import Settings
    from agent_core.workspace import Workspace
    from stack.commands.asked import Asked
    from stack.commands.outcome import Outcome
    from stack.commands.said import Said
    from stack.commands.secrets import Mask
    from stack.compose.writing import Plan
    from stack.engine.values import Step
    from stack.running import Running

_MOST_SHOWN = 32 * 1024
_MOST_LINES = 400


class StackTool:
    """The stack: writes its files, starts and stops it, and says how it stands.

    `init` asks as what writes files does, with the diff of what is there and the names of what is new. What
    changes the services asks as what runs programs does, with the very command; looking is free. `autoscale`
    is one round here, which asks where it comes to a change.
    """

    name: ClassVar[str] = "stack"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "the services around this workspace: write their files, start, watch, stop them"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = StackArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "names")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False
    keeps_state: ClassVar[bool] = True

    async def plan(
        self, args: StackArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """The commands that would be run; None for what only looks, and for `init`, which asks in `run` with
        the differences that it finds. Raises `UsageError`, `StackFault`."""
        if args.what == "init":
            args.check_init()
            return None
        asked = args.asked()
        if not asked.changes:
            return None
        from stack.commands.changing import change_of

        change = await change_of(await _open(args, workspace, settings), asked)
        loses = f" You lose {change.loses}." if change.loses else ""
        reaches = "".join(f"\n{one_line(line)}." for line in change.reaches)
        return Planned(change.commands, f"It runs the container engine.{loses}{reaches}", action="run")

    async def run(self, args: StackArgs, context: ToolContext) -> ToolResult:
        """Do what the first word says.

        Raises:
            UsageError: The words are off.
            StackFault, BusFault: There is no stack, no engine, or no bus. What goes wrong with the services
                themselves is in the result, beside how they stand.
            PathRefused, PermissionRefused, ToolError: As `init` does.
        """
        if args.what == "init":
            return await self._init(args, context)
        asked = args.asked()
        from stack.commands import looking, said
        from stack.commands.secrets import stack_masker

        root, settings = context.workspace.root, context.settings
        settings = msgspec.structs.replace(settings, stack_dir=args.out_dir or settings.stack_dir)
        if asked.what == "doctor":
            return _result(await looking.doctor(root, settings))
        if asked.what == "topics":
            return _result(await looking.topics(settings, asked.names))
        mask = await asyncio.to_thread(stack_masker, settings, root / settings.stack_dir)
        if asked.what == "tail":
            return await _newest(said.messages(settings, asked, mask=mask), context, asked)
        stack = await _open(args, context.workspace, settings)
        if asked.what == "autoscale":
            return await _autoscale(stack, asked, context, mask)
        if asked.what == "ps":
            return _result(await looking.ps(stack))
        if asked.what == "logs":
            return await _newest(said.log_lines(stack, asked, mask=mask), context, asked)
        return await _change(stack, asked, context, mask)

    async def _init(self, args: StackArgs, context: ToolContext) -> ToolResult:
        from agent_core.agent.port import Question
        from stack.compose import telling, writing

        turn = context.turn
        if turn is None:
            raise ToolError("stack asks in a turn of its own", hint="Type it at the prompt.")
        planned = await asyncio.to_thread(_planned, args, context)
        if not planned.empty:
            line = render(self.name, args)
            await turn.ask(
                Question(
                    action="write",
                    subjects=(planned.subject,),
                    command="\n".join((line, "", *planned.lines(), "", planned.diff[:_MOST_SHOWN])).rstrip(),
                    reason=f"It writes to {one_line(str(planned.options.out_dir))}.",
                )
            )
            await turn.keep_state(context.progress)
            await asyncio.to_thread(writing.write, planned)
        inside = context.workspace.root
        written = [planned.options.out_dir / file.name for file in planned.files]
        return ToolResult(
            text=telling.told(planned),
            summary=telling.summary(planned),
            data=telling.data(planned),
            note="; ".join(planned.notes),
            changed=tuple(
                path.relative_to(inside).as_posix() for path in written if path.is_relative_to(inside)
            ),
        )


def _planned(args: StackArgs, context: ToolContext) -> Plan:
    from stack.compose.settling import Typed, settle
    from stack.compose.writing import plan

    typed = Typed(
        workspace=args.workspace,
        logs=args.logs,
        out_dir=args.out_dir or context.settings.stack_dir,
        install_source=args.install_source,
        pip_spec=args.pip_spec,
        db=args.db,
        wheelhouse=args.wheelhouse,
        gpu=args.gpu,
    )
    return plan(settle(typed, here=context.workspace.root, configured=context.settings.index_uri))


async def _open(args: StackArgs, workspace: Workspace, settings: Settings) -> Running:
    from stack.running import open_stack

    return await open_stack(workspace.root, stack_dir=args.out_dir or settings.stack_dir)


async def _change(stack: Running, asked: Asked, context: ToolContext, mask: Mask) -> ToolResult:
    from stack.commands.changing import change_of, perform

    change = await change_of(stack, asked)
    try:
        return _result(await perform(stack, change, _Progress(context.progress), mask=mask))
    except asyncio.CancelledError:
        if (turn := context.turn) is not None and asked.what in ("up", "scale"):
            message = f"stack {asked.what} was broken off; what it had started is still there"
            hint = "`stack ps` shows it, `stack down` removes it."
            turn.publish(Notice(level="info", message=message, hint=hint, turn_id=turn.turn_id))
        raise


async def _autoscale(stack: Running, asked: Asked, context: ToolContext, mask: Mask) -> ToolResult:
    """One round: what it would do is asked about as it was found, and done then."""
    from agent_core.agent.port import Question
    from stack.commands.autoscaling import autoscaler
    from stack.commands.changing import change_by, perform

    async with autoscaler(stack, context.settings, context.workspace, asked) as scaler:
        decisions = await scaler.look()
        told = "\n".join(each.text for each in decisions) or "No worker runs."
        data = {"decisions": [msgspec.to_builtins(each) for each in decisions]}
        summary = plural(sum(each.changes for each in decisions), "service") + " to change"
        operation = None if asked.dry_run else await scaler.operation(decisions)
        if operation is None:
            if not asked.dry_run:
                await scaler.remember()
            return ToolResult(text=told, summary=summary, data=data)
        turn = context.turn
        if turn is None:
            raise ToolError("stack asks in a turn of its own", hint="Type it at the prompt.")
        reason = "\n".join(("It runs the container engine.", told, *map(one_line, operation.reaches)))
        command = operation.command
        await turn.ask(Question(action="run", subjects=(command,), command=command, reason=reason))
        await scaler.remember(decisions)
        change = change_by(operation)
        outcome = await perform(stack, change, _Progress(context.progress), mask=mask)
        text = f"{told}\n\n{outcome.text}".rstrip()
        return _result(msgspec.structs.replace(outcome, text=text, data={**data, **outcome.data}))


class _Progress:
    """Shows the commands, and each step once."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._last: dict[str, str] = {}

    def command(self, line: str) -> None:
        self._show(f"$ {line}\n")

    def step(self, step: Step) -> None:
        if step.about and self._last.get(step.about) == step.text:
            return
        self._last[step.about] = step.text
        self._show(f"{step.about} {step.text}".strip() + "\n")


async def _newest(said: AsyncGenerator[Said], context: ToolContext, asked: Asked) -> ToolResult:
    """The newest lines, as many as fit; what is followed is told as it comes, too."""
    kept: deque[str] = deque(maxlen=_MOST_LINES)
    count = 0
    async with aclosing(said):
        async for line in said:
            kept.append(line.text)
            count += 1
            if asked.follow:
                await _tell(f"{line.text}\n", context)
    size = sum(map(len, kept))
    while len(kept) > 1 and size > _MOST_SHOWN:
        size -= len(kept.popleft())
    text = "\n".join(kept)[-_MOST_SHOWN:]
    note = f"the newest {len(kept)} of {plural(count, 'line')}" if len(kept) < count else ""
    return ToolResult(
        text=text or "There is nothing.",
        summary=plural(count, "line"),
        data={"lines": list(kept)},
        note=note,
    )


async def _tell(text: str, context: ToolContext) -> None:
    if context.write is not None:
        await context.write(text)
    else:
        context.progress(text)


def _result(outcome: Outcome) -> ToolResult:
    text = outcome.text
    note = ""
    if len(text) > _MOST_SHOWN:
        text, note = text[:_MOST_SHOWN], f"the first {human_size(_MOST_SHOWN)} of {human_size(len(text))}"
    return ToolResult(text=text, summary=outcome.summary, data=outcome.data, note=note, error=outcome.error)
