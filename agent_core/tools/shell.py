"""`!command`: run a command in the user's shell."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from agent_core.errors import ErrorInfo, ToolError, UsageError
from agent_core.events import ActionClass
from agent_core.masking import masker
from agent_core.process import NotStarted, Process, stream_process
from agent_core.text import human_duration, one_line, plural, shorten
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.live import Live
from agent_core.tools.shell_output import Output, Pace
from agent_core.verify.environment import without_own_secrets

_HEAD, _TAIL = 8_000, 24_000
_GRACE_S = 0.5
_DRAIN_S = 0.3
_SHOWN_PER_S = 32_000
_COLUMNS = 100
_QUIET = {"PAGER": "cat", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0"}
_PLAIN, _COLOURED = {"TERM": "dumb", "NO_COLOR": "1"}, {"TERM": "xterm-256color"}
_WANTS_INPUT = re.compile(
    r"EOF when reading|end of file while reading|not a (?:tty|terminal)|no tty|a terminal is required"
    r"|/dev/tty|inappropriate ioctl",
    re.IGNORECASE,
)


class ShellArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `shell`."""

    command: Annotated[str, msgspec.Meta(description="Command line for the shell, such as 'git status'.")]


class ShellTool:
    """Runs a command line in the workspace's root.

    Its output is shown as it comes; the beginning and the end of it are kept. It gets no input. A command
    that fails is a result with an error (`command-failed`) and its exit code. Cancelling ends it with
    everything that it started, first kindly, half a second later not; so does its own end for what it left
    running in the background of the shell.

    Args:
        watched: Whether a person watches: then it writes to a terminal, and lines that it writes anew and
            its colours are shown.
    """

    name: ClassVar[str] = "shell"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "run a shell command; typed as !command"
    action: ClassVar[ActionClass] = "shell"
    args_type: ClassVar[type[msgspec.Struct]] = ShellArgs
    positional: ClassVar[tuple[str, ...]] = ("command",)
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = False

    def __init__(self, *, watched: bool = False) -> None:
        self._watched = watched

    async def run(self, args: ShellArgs, context: ToolContext) -> ToolResult:
        """Run it to its end; raises `UsageError` for an empty command, `ToolError` when there is no shell."""
        if not args.command.strip():
            raise UsageError("No command was given", hint="Such as: !git status")
        began = time.monotonic()
        # Who types a line has the environment of the terminal in mind; an agent gets no key of ours.
        given = os.environ if context.turn is not None else without_own_secrets(os.environ)
        output = Output(mask=masker(context.settings), head=_HEAD, tail=_TAIL)
        try:
            async with stream_process(
                [_shell(), "-c", args.command],
                cwd=context.workspace.root,
                env={**given, **_QUIET, **(_COLOURED if self._watched else _PLAIN)},
                errors="merged",
                grace=_GRACE_S,
                columns=_COLUMNS if self._watched else 0,
            ) as process:
                background = await _follow(process, _Watch(output, context, watched=self._watched))
                code = await process.wait()
        except NotStarted as error:
            raise ToolError(f"The shell cannot be run: {error.strerror}", hint="Check SHELL.") from None
        return _result(args.command, code, output, time.monotonic() - began, background=background)


async def _follow(process: Process, watch: _Watch) -> bool:
    """Show the output to its end; whether the shell left something running, which is then ended."""
    reading = asyncio.create_task(watch.read(process))
    exited = asyncio.create_task(process.wait())
    background = False
    try:
        await asyncio.wait((reading, exited), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((reading,), timeout=_DRAIN_S if exited.done() else None)
        if not reading.done():
            background = process.group_alive()
            process.kill()
        while (
            not reading.done()
        ):  # what was said is still on its way, or somebody hides and keeps the pipe open
            pieces = watch.pieces
            await asyncio.wait((reading,), timeout=_DRAIN_S)
            if watch.pieces == pieces and not watch.is_showing:
                break
        if reading.done():
            await reading
        await watch.show(b"", final=True)
        return background
    finally:
        reading.cancel()
        exited.cancel()
        await asyncio.gather(reading, exited, return_exceptions=True)


class _Watch:
    """Passes the output on: all of it to `write`, else at a pace that can be watched to `progress`."""

    def __init__(self, output: Output, context: ToolContext, *, watched: bool) -> None:
        self._output, self._context = output, context
        self._live = Live(mask=masker(context.settings)) if watched else None
        self._pace = Pace(_SHOWN_PER_S)
        self.pieces = 0
        self.is_showing = False

    async def read(self, process: Process) -> None:
        async for chunk in process:
            self.pieces += 1
            self.is_showing = True
            await self.show(chunk)
            self.is_showing = False

    async def show(self, chunk: bytes, *, final: bool = False) -> None:
        lines = self._output.feed(chunk, final=final)
        if self._context.write is not None:
            if lines:
                await self._context.write(lines)
            return
        if self._live is None:
            part = self._pace.let(lines, time.monotonic())
        else:
            part = self._seen(self._live, chunk, final=final)
        if part:
            self._context.progress(part)

    def _seen(self, live: Live, chunk: bytes, *, final: bool) -> str:
        skipped = self._pace.room_for(len(chunk), chunk.count(b"\n"), time.monotonic())
        if skipped is None:
            return ""
        note = f"\n… {skipped:,} lines not shown …\n" if skipped else ""
        return note + live.feed(chunk, final=final)


def _shell() -> str:
    """The user's shell, else the system's."""
    named = Path(os.environ.get("SHELL", ""))
    usable = named.is_absolute() and os.access(named, os.X_OK) and named.name not in ("nologin", "false")
    return str(named) if usable else "/bin/sh"


def _result(command: str, code: int, output: Output, seconds: float, *, background: bool) -> ToolResult:
    ended = _ended(code)
    notes = [f"{output.left_out:,} lines left out"] if output.left_out else []
    if background:
        notes.append("what it left running in the background was ended with it")
    note = "; ".join(notes)
    shown = output.text()
    failed = None
    if code != 0:
        hint = "A command gets no input here." if _WANTS_INPUT.search(shown[-2_000:]) else ""
        failed = ErrorInfo("command-failed", f"{shorten(one_line(command), 80)}: {ended}", hint)
    tail = [f"… {note}"] if background else []
    return ToolResult(
        text="\n".join([shown or "(no output)", *tail, *([f"({ended})"] if failed else [])]),
        summary=f"{ended} after {human_duration(seconds)}, {plural(output.lines, 'line')}",
        data={
            "command": command,
            "exit": code if code >= 0 else 128 - code,
            "lines": output.lines,
            "seconds": seconds,
        },
        note=note,
        error=failed,
    )


def _ended(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
