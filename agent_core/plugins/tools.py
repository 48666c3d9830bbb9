"""A plugin's tool as the registry has it: under the same rules as ours, and unable to hold up the program.

It runs in a thread with a loop of its own, so that one that blocks blocks nobody. It is cancelled as ours
are, and has `plugin_timeout`; one that takes no notice of either goes on unheard. What it gives back is
cleaned, bounded, and plain data.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, cast

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, ErrorInfo, ToolError
from agent_core.events import Hit
from agent_core.plugins.limits import TookTooLong, awaited, reason
from agent_core.text import human_duration, one_line, printable, shorten
from agent_core.tools.asking import Planned
from agent_core.tools.base import AnyTool, ToolContext, ToolResult
from agent_core.workspace import Workspace

_MOST_TEXT = 200_000
_MOST_HITS = 1000
_MOST_DATA = 4 << 20
_PLAN_S = 10.0


def guarded(tool: Any, name: str) -> AnyTool:
    """The tool of a plugin as it is taken into the registry; raises TypeError where it cannot run."""
    if not inspect.iscoroutinefunction(tool.run):
        raise TypeError("run is not a coroutine function")
    kind = _Planning if hasattr(tool, "plan") else _Guarded
    return cast(AnyTool, kind(tool, name))


class _Guarded:
    """Has what its tool has, and runs it apart."""

    def __init__(self, tool: Any, plugin: str) -> None:
        self._tool, self.plugin = tool, plugin
        self.name: str = tool.name
        self.aliases: tuple[str, ...] = tuple(tool.aliases)
        self.summary: str = tool.summary
        self.action = tool.action
        self.args_type: type[msgspec.Struct] = tool.args_type
        self.positional: tuple[str, ...] = tuple(tool.positional)
        self.takes_rest: bool = tool.takes_rest
        self.for_agent: bool = tool.for_agent

    async def run(self, args: msgspec.Struct, context: ToolContext) -> ToolResult:
        """Run it; raises `ToolError` for what is not its own `AgentError`."""
        seconds = context.settings.plugin_timeout
        try:
            result = await _apart(seconds, partial(self._tool.run, args, _outside(context)), self.name)
        except TookTooLong:
            raise ToolError(
                f"{self.name}, a plugin's tool, was ended after {human_duration(seconds)}",
                hint="plugin_timeout says how long one may take.",
            ) from None
        except AgentError:
            raise
        except Exception as error:
            raise ToolError(f"{self.name}, a plugin's tool, broke: {reason(error, seconds)}") from error
        return await asyncio.to_thread(_clean, result, self.name)


class _Planning(_Guarded):
    """One whose permission is about the commands that it would run."""

    async def plan(
        self, args: msgspec.Struct, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """See `PlansCommands`; one that cannot say what it would run cannot run."""
        call = partial(self._tool.plan, args, workspace=workspace, settings=settings, typed=typed)
        try:
            planned = await _apart(_PLAN_S, call, self.name)
        except AgentError:
            raise
        except Exception as error:
            why = reason(error, _PLAN_S)
            raise ToolError(f"{self.name}, a plugin's tool, cannot say what it would run: {why}") from error
        if planned is not None and not isinstance(planned, Planned):
            raise ToolError(f"{self.name}, a plugin's tool, gave back no plan of what it would run")
        return planned


async def _apart(seconds: float, call: Callable[[], Coroutine[Any, Any, Any]], name: str) -> Any:
    """What the coroutine gives back, run in a thread with a loop of its own; its end is not waited for."""
    loop = asyncio.new_event_loop()
    tasks: list[asyncio.Task[Any]] = []

    def work() -> Any:
        try:
            tasks.append(loop.create_task(call()))
            return loop.run_until_complete(tasks[0])
        except asyncio.CancelledError:
            raise RuntimeError("it cancelled itself") from None
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    try:
        return await awaited(seconds, work, name=f"plugin {name}")
    finally:
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])


def _outside(context: ToolContext) -> ToolContext:
    """The context for another thread: what it tells comes back into this one. It has no turn to speak in."""
    loop = asyncio.get_running_loop()
    write = context.write

    def progress(text: str) -> None:
        with suppress(RuntimeError):  # the program ends
            loop.call_soon_threadsafe(context.progress, printable(str(text))[:_MOST_TEXT])

    async def written(text: str) -> None:
        assert write is not None
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_as_coroutine(write, text), loop))

    return msgspec.structs.replace(
        context, progress=progress, write=None if write is None else written, turn=None
    )


async def _as_coroutine(write: Callable[[str], Any], text: str) -> None:
    await write(printable(str(text)))


def _clean(result: Any, name: str) -> ToolResult:
    """The result as plain, bounded data; raises `ToolError` where it is none."""
    if not isinstance(result, ToolResult):
        raise ToolError(f"{name}, a plugin's tool, broke: it gave back no ToolResult")
    try:
        checked = msgspec.convert(msgspec.to_builtins(result), ToolResult)
        size = len(msgspec.json.encode(checked.data))
    except Exception as error:
        raise ToolError(f"{name}, a plugin's tool, gave back what is no plain data: {error}") from error
    if size > _MOST_DATA:
        raise ToolError(f"{name}, a plugin's tool, gave back more than {_MOST_DATA >> 20} MiB of data")
    cut = len(checked.text) > _MOST_TEXT
    notes = [one_line(checked.note), f"cut to {_MOST_TEXT:,} characters" if cut else ""]
    error = checked.error
    return ToolResult(
        text=printable(checked.text[:_MOST_TEXT]),
        summary=shorten(one_line(checked.summary), 300),
        hits=tuple(map(_clean_hit, checked.hits[:_MOST_HITS])),
        data=checked.data,
        note="; ".join(filter(None, notes)),
        changed=tuple(map(one_line, checked.changed[:_MOST_HITS])),
        error=error and ErrorInfo(one_line(error.code), one_line(error.message), one_line(error.hint)),
    )


def _clean_hit(hit: Hit) -> Hit:
    return msgspec.structs.replace(
        hit, path=one_line(hit.path), why=one_line(hit.why), text=printable(hit.text)[:2000]
    )
