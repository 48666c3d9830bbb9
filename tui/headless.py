"""`--batch`: commands from the arguments, a file or standard input; signals; and a clean end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from agent_core.batch import MAX_INPUT, Batch, Format, front_for, read_commands
from agent_core.batch_formats import Front, error_lines
from agent_core.errors import AgentError, Interrupted, UsageError
from agent_core.output import Writer
from agent_core.runtime import open_runtime
from tui.arguments import open_session, root_of, settings_of
from tui.cli import interruptible

if TYPE_CHECKING:
    from tui.options import Parsed

_HOW = "Give -c COMMAND, --file FILE, or one command a line on standard input."
_PATIENCE_S = 1.0
"""How long an interrupted run waits for a reader that takes nothing."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def batch(parsed: Parsed) -> int:
    """Run a batch; returns the exit code. The results are whole and valid, however it ends."""
    kind = cast(Format, parsed.one("format", "text"))
    running = _Running()
    writer = Writer(on_lost=running.lose)
    front: Front = front_for(kind, writer)
    try:
        interruptible()
        _end_like_an_interruption()
        commands = _commands(parsed)
        front = front_for(kind, writer, several=len(commands) > 1)
        code = asyncio.run(_run(parsed, commands, front, writer, running))
    except AgentError as error:
        for line in error_lines(error.info):
            writer.diagnose(line)
        code = error.exit_code
    except KeyboardInterrupt:
        code = Interrupted.exit_code
    front.close()
    writer.close(patience=_PATIENCE_S if code == Interrupted.exit_code else None)
    if writer.lost and writer.error is None:
        return 0 if code == Interrupted.exit_code else code  # a reader that had enough is no failure
    if writer.error is not None:
        sys.stderr.write(f"dspy-tui: the results could not be written: {writer.error.strerror}\n")
        return 1
    return code


def _end_like_an_interruption() -> None:
    """Let SIGTERM and SIGHUP end what runs before the loop does as Ctrl-C would; nohup keeps its meaning."""
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


class _Running:
    """The run, for whoever wants to end it from outside the event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._batch: Batch | None = None
        self._numbers = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]

    def begin(self, running: Batch) -> None:
        """It can be interrupted from now on."""
        self._loop, self._batch = asyncio.get_running_loop(), running
        for number in self._numbers:
            self._loop.add_signal_handler(number, self._interrupt)

    def lose(self) -> None:
        """Nobody reads the results any more. Called from the writer's thread."""
        if self._loop is not None and self._batch is not None:
            try:
                self._loop.call_soon_threadsafe(self._batch.interrupt)
            except RuntimeError:
                return  # the loop has ended by itself

    def _interrupt(self) -> None:
        """The second time, the signal does what it does to any program."""
        assert self._loop is not None
        assert self._batch is not None
        for number in self._numbers:
            self._loop.remove_signal_handler(number)
        self._batch.interrupt()


async def _run(parsed: Parsed, commands: list[str], front: Front, writer: Writer, running: _Running) -> int:
    runtime = open_runtime(
        root_of(parsed),
        flags=settings_of(parsed),
        interactive=False,
        allow=tuple(parsed.all("allow")),
        debug=parsed.has("debug"),
        write=front.write,
        given=None if sys.__stdin__ is None or _commands_come_from_input(parsed) else 0,
    )
    gc.freeze()  # what was loaded stays until the end; no need to look through it again and again
    gc.enable()
    try:
        for warning in runtime.config.warnings:
            writer.diagnose(f"dspy-tui: warning: {warning}")
        await open_session(parsed, runtime.session.conversation)
        runtime.session.switch()
        work = Batch(session=runtime.session, front=front, writer=writer, keep_going=parsed.has("keep-going"))
        running.begin(work)
        return await work.run(commands)
    finally:
        await runtime.aclose()
        for line in runtime.session.farewell:
            writer.diagnose(line)


def _commands_come_from_input(parsed: Parsed) -> bool:
    """Whether standard input holds the commands, so that no command may read it."""
    return parsed.one("file") == "-" if parsed.has("file") else not parsed.all("command")


def _commands(parsed: Parsed) -> list[str]:
    """The commands of -c, then those of the file; of standard input when neither is given."""
    commands = list(parsed.all("command"))
    if parsed.has("file"):
        commands += _read(parsed.one("file"))
    elif not commands:
        if os.isatty(0):
            raise UsageError("nothing to run", hint=_HOW)
        commands = _read("-")
    if not commands:
        raise UsageError("nothing to run: no command was given", hint=_HOW)
    return commands


def _read(name: str) -> list[str]:
    shown = "standard input" if name == "-" else name
    try:
        if name == "-":
            return read_commands(_all_of(0), shown)
        with Path(name).open("rb", buffering=0) as file:
            return read_commands(_all_of(file.fileno()), shown)
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from None


def _all_of(fd: int) -> bytes:
    """Everything, but no more than just too much."""
    chunks: list[bytes] = []
    size = 0
    while size <= MAX_INPUT and (chunk := os.read(fd, 1 << 16)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)
