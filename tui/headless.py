"""`--batch`: commands from the arguments, a file or standard input; signals; and a clean end."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from agent_core.batch import MAX_INPUT, Batch, Format, front_for, read_commands
from agent_core.batch_formats import Front, TextFront, Words, error_lines
from agent_core.errors import AgentError, Interrupted, UsageError
from agent_core.output import Writer
from agent_core.plain import is_wanted
from agent_core.runtime import open_runtime
from stack.tool import StackTool
from tui.arguments import hold_to_plain, open_session, root_of, settings_of
from tui.cli import interruptible
from tui.ending import Ending, closed, end_like_an_interruption

if TYPE_CHECKING:
    from tui.options import Parsed

_HOW = "Give -c COMMAND, --file FILE, or one command a line on standard input."


def batch(parsed: Parsed) -> int:
    """Run the commands that are given; returns the exit code."""
    return run_batch(parsed, lambda: _commands(parsed), allow=tuple(parsed.all("allow")))


def run_batch(
    parsed: Parsed,
    find: Callable[[], list[str]],
    *,
    allow: tuple[str, ...],
    input_is_given: bool = False,
    quiet: bool = False,
) -> int:
    """Run a batch; returns the exit code. The results are whole and valid, however it ends.

    Args:
        parsed: What was typed.
        find: The commands; raises `UsageError`.
        allow: Rules that are granted.
        input_is_given: Whether commands may read standard input; else that is so where it does not hold them.
        quiet: Whether how far a command is stays untold, where results are text.
    """
    given = input_is_given or not _commands_come_from_input(parsed)
    kind = cast(Format, parsed.one("format", "text"))
    running = Ending()
    writer = Writer(on_lost=running.lose)
    front: Front = front_for(kind, writer)
    try:
        interruptible()
        end_like_an_interruption()
        commands = find()
        words = plain_words() if is_wanted(os.environ) else None
        front = front_for(
            kind, writer, several=len(commands) > 1, quiet=quiet, root=Path(root_of(parsed)), words=words
        )
        code = asyncio.run(_run(parsed, commands, front, writer, running, allow, given))
    except AgentError as error:
        for line in error_lines(error.info):
            writer.diagnose(line)
        front.failed(error.info)
        code = error.exit_code
    except KeyboardInterrupt:
        code = Interrupted.exit_code
    front.close()
    return closed(writer, code)


async def _run(
    parsed: Parsed,
    commands: list[str],
    front: Front,
    writer: Writer,
    running: Ending,
    allow: tuple[str, ...],
    given: bool,
) -> int:
    runtime = open_runtime(
        root_of(parsed),
        flags=settings_of(parsed),
        interactive=False,
        allow=allow,
        debug=parsed.has("debug"),
        write=front.write,
        given=0 if given and sys.__stdin__ is not None else None,
        tools=(StackTool(),),
    )
    hold_to_plain(runtime.config.settings)
    if runtime.config.settings.plain and isinstance(front, TextFront):
        front.words = plain_words()
    gc.freeze()  # what was loaded stays until the end; no need to look through it again and again
    gc.enable()
    try:
        for warning in runtime.warnings():
            writer.diagnose(f"dspy-tui: warning: {warning}")
        await open_session(parsed, runtime.session.conversation)
        runtime.session.switch()
        work = Batch(session=runtime.session, front=front, writer=writer, keep_going=parsed.has("keep-going"))
        running.begin(work.interrupt)
        writer.watch()
        return await work.run(commands)
    finally:
        await runtime.aclose()
        for line in runtime.session.farewell:
            writer.diagnose(line)


def plain_words() -> Words:
    """Results without symbols and columns."""
    from tui.plain.batch_words import BatchWords

    return BatchWords()


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
