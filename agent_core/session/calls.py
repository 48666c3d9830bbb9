"""Running one tool inside a turn: permission, start, progress, and exactly one end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.commandline import render
from agent_core.errors import AgentError, ErrorInfo, Interrupted, ToolError
from agent_core.events import Notice, ToolFinished, ToolProgress, ToolStarted
from agent_core.session.gate import Request
from agent_core.session.hooking import HookedCall, call_told, hooks_of
from agent_core.text import human_duration
from agent_core.tools.asking import PlansCommands
from agent_core.tools.base import AnyTool, ToolContext, ToolResult
from agent_core.tools.mentioned import as_paths
from agent_core.words import split_span
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.session.turn import Turn

Write = Callable[[str], Awaitable[None]]
_log = logging.getLogger(__name__)
_STIRRING = ("write", "run", "shell")
"""What may change files: a search right after it finds what is there now."""
_REASONS = {
    "write": "It changes files.",
    "run": "It runs a program of the project.",
    "shell": "It runs a shell command.",
    "network": "It reaches another machine.",
}


async def call_tool(
    turn: Turn, name: str, args: msgspec.Struct, *, typed: bool, write: Write | None = None
) -> ToolResult:
    """Ask where the rules say so, then run the tool.

    Args:
        turn: On whose behalf.
        name: The tool's name or alias.
        args: Its arguments.
        typed: Whether a person typed the command; cooldowns bind the agent only.
        write: Takes the whole result as it is found, see `ToolContext`.

    Raises:
        PermissionRefused: A rule, or the user, said no.
        AgentError: What the tool raises; a tool's own bug becomes a `ToolError`.
    """
    tool = turn.registry.get(name)
    if tool is None:
        raise ToolError(f"There is no tool {name!r}", hint="`help` lists them.")
    call_id = turn.next_call_id()
    args, remarks = await as_paths(tool, args, turn.workspace)
    command = render(tool.name, args)
    turn.publish(
        ToolStarted(
            turn_id=turn.turn_id, call_id=call_id, name=tool.name, command=command, action=tool.action
        )
    )
    for remark in remarks if typed else ():
        turn.publish(Notice(level="info", message=remark, turn_id=turn.turn_id))
    began = time.monotonic()
    result: ToolResult | None = None
    error: ErrorInfo | None = Interrupted("It was cancelled").info
    told = partial(call_told, tool, args, command, typed=typed)
    call = HookedCall(turn, call_id, told, hooks=hooks_of(turn))
    try:
        if not typed:
            _check_cooldown(turn, tool)
        await call.before()
        request = await _covered(turn, tool, _request(turn, call_id, tool, args, command))
        await _check(turn, tool, args, request, typed=typed)
        context = _context(turn, call_id, typed=typed, write=write)
        if tool.action in _STIRRING and not getattr(tool, "keeps_state", False):
            await turn.keep_state(context.progress)
        try:
            done = await _run(turn, tool, args, context)
        except AgentError as failure:
            await call.failed(failure.info, time.monotonic() - began)
            raise
        result = await call.after(done, time.monotonic() - began)
        error = result.error
        return result
    except AgentError as failure:
        error = failure.info
        raise
    finally:
        if tool.action in _STIRRING:
            turn.index.stirred()
        shown = result or ToolResult(text="", summary=error.message if error else "")
        turn.publish(
            ToolFinished(
                turn_id=turn.turn_id,
                call_id=call_id,
                name=tool.name,
                summary=shown.summary,
                text=shown.text,
                data=plain_data(shown) if result else {},
                seconds=time.monotonic() - began,
                error=error,
            )
        )


async def _covered(turn: Turn, tool: AnyTool, request: Request) -> Request:
    """The request with what cannot be undone of it; told also where no question will be asked."""
    if tool.action != "shell" or turn.desk.checkpoints is None:
        return request
    from agent_core.checkpoints.coverage import coverage

    beyond = await asyncio.to_thread(coverage, request.command.removeprefix("!"), turn.workspace.root)
    if not beyond:
        return request
    if turn.desk.gate.permissions.decide("shell", request.command.removeprefix("!")) == "allow":
        turn.publish(Notice(level="info", message=f"Undo does not cover {beyond}", turn_id=turn.turn_id))
    return msgspec.structs.replace(request, reason=f"{request.reason} Undo does not cover {beyond}.")


async def check_call(turn: Turn, name: str, args: msgspec.Struct) -> None:
    """Ask for the permission that a call would need, as `call_tool` does; raises `PermissionRefused`."""
    tool = turn.registry.get(name)
    if tool is not None:
        request = _request(turn, turn.next_call_id(), tool, args, render(tool.name, args))
        await _check(turn, tool, args, request, typed=False)


async def _check(turn: Turn, tool: AnyTool, args: msgspec.Struct, request: Request, *, typed: bool) -> None:
    gate = turn.desk.gate
    if isinstance(tool, PlansCommands):
        await _check_planned(turn, tool, args, request, typed=typed)
        return
    if tool.action == "read" and gate.permissions.denies("read"):
        for line in await asyncio.to_thread(spellings, turn.workspace, tool, args):
            await gate.check(msgspec.structs.replace(request, subjects=(line,)), turn.publish)
    await gate.check(request, turn.publish)


async def _check_planned(
    turn: Turn, tool: PlansCommands, args: msgspec.Struct, request: Request, *, typed: bool
) -> None:
    """Ask about the commands that the call would run, all of them at once."""
    planned = await tool.plan(args, workspace=turn.workspace, settings=turn.settings, typed=typed)
    if planned is not None:
        asked = msgspec.structs.replace(
            request,
            action=planned.action or request.action,
            subjects=planned.lines,
            command=planned.shown or "\n".join(planned.lines),
            reason=planned.reason,
        )
        await turn.desk.gate.check(asked, turn.publish)


def spellings(workspace: Workspace, tool: AnyTool, args: msgspec.Struct) -> list[str]:
    """The command without its options, for the path as given and as the workspace names it.

    A rule against `cat secrets/*` means lines of such a file, and `./secrets/../secrets/a`, too.
    """
    given: Any = getattr(args, "path", None)
    if not isinstance(given, str):
        return []
    bare = split_span(given)[0]
    paths = [given, bare]
    with suppress(AgentError):  # the tool itself refuses what lies outside
        paths.append(workspace.relative(workspace.resolve(bare)))
    kept = {field.name: getattr(args, field.name) for field in msgspec.structs.fields(args) if field.required}
    return [render(tool.name, type(args)(**{**kept, "path": path})) for path in dict.fromkeys(paths)]


def _check_cooldown(turn: Turn, tool: AnyTool) -> None:
    left = turn.desk.cooldowns.remaining(tool.name) if turn.desk.cooldowns else 0
    if left:
        raise ToolError(
            f"{tool.name} ran a short while ago; it may be called again in {human_duration(left)}",
            hint="Go on without it.",
        )


def _context(turn: Turn, call_id: str, *, typed: bool, write: Write | None) -> ToolContext:
    def progress(text: str) -> None:
        turn.publish(ToolProgress(turn_id=turn.turn_id, call_id=call_id, text=text))

    return ToolContext(
        workspace=turn.workspace,
        settings=turn.settings,
        progress=progress,
        write=write,
        turn=turn if typed else None,
    )


async def _run(turn: Turn, tool: AnyTool, args: msgspec.Struct, context: ToolContext) -> ToolResult:
    try:
        result: Any = await tool.run(args, context)
    except AgentError:
        raise
    except Exception as error:
        _log.exception("tool %s failed", tool.name)
        path = turn.desk.log_path
        raise ToolError(
            f"{tool.name} broke: {type(error).__name__}: {error}",
            hint=f"The traceback is in {path}." if path else "",
        ) from error
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError  # the tool swallowed it
    if not isinstance(result, ToolResult):
        raise ToolError(f"{tool.name} broke: it gave back {type(result).__name__}, not a ToolResult")
    return result


def _request(turn: Turn, call_id: str, tool: AnyTool, args: msgspec.Struct, command: str) -> Request:
    return Request(
        turn_id=turn.turn_id,
        call_id=call_id,
        action=tool.action,
        subjects=(_subject(tool, args, command),),
        command=command,
        reason=_REASONS.get(tool.action, ""),
    )


def _subject(tool: AnyTool, args: msgspec.Struct, command: str) -> str:
    """What the rules look at: of a shell command the command itself, else the line a person would type."""
    line: Any = getattr(args, "command", None)
    return line if tool.action in ("shell", "run") and isinstance(line, str) else command


def plain_data(result: ToolResult) -> dict[str, Any]:
    """What a tool found, for programs: its own values, and under fixed names what every tool may have."""
    return {
        **result.data,
        "hits": [msgspec.to_builtins(hit) for hit in result.hits],
        "changed": list(result.changed),
        "note": result.note,
    }
