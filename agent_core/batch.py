"""The headless front end: runs commands one after another and writes what happens as text or JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent_core.batch_formats import BatchResult, Front, JsonFront, JsonLinesFront, TextFront, Words
from agent_core.commandline import lone_word
from agent_core.errors import Interrupted, UsageError
from agent_core.events import (
    Event,
    Notice,
    ToolFinished,
    ToolStarted,
    ToolSuggested,
    TurnFinished,
    TurnKind,
    TurnStarted,
)
from agent_core.output import Writer

if TYPE_CHECKING:
    from agent_core.session.session import Session

Format = Literal["text", "json", "jsonl", "junit", "sarif"]
MAX_INPUT = 4 * 1024 * 1024
"""The largest list of commands that is read, in bytes."""


def read_commands(data: bytes, source: str) -> list[str]:
    """The commands of a file, one a line; empty lines and lines that start with # are left out.

    Raises:
        UsageError: It is larger than `MAX_INPUT`.
    """
    if len(data) > MAX_INPUT:
        raise UsageError(f"{source} holds more than {MAX_INPUT // 1024 // 1024} MiB of commands")
    lines = data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    return [line.rstrip("\r") for line in lines if line.strip() and not line.startswith("#")]


def front_for(
    kind: Format,
    writer: Writer,
    *,
    several: bool = False,
    quiet: bool = False,
    root: Path | None = None,
    words: Words | None = None,
) -> Front:
    """What writes the results.

    On standard error `several` names each command before its result, and `quiet` leaves out how far one is.
    `root` is the workspace, as it was named; `words` says text without symbols.
    """
    if kind == "json":
        return JsonFront(writer)
    if kind == "junit" or kind == "sarif":
        from agent_core.batch_reports import ReportsFront, prefix_in_repository

        return ReportsFront(writer, kind, prefix=prefix_in_repository(root) if root else "")
    if kind == "jsonl":
        return JsonLinesFront(writer)
    return TextFront(writer, several=several, quiet=quiet, words=words)


class Batch:
    """One run.

    Args:
        session: Where the commands go; nobody may answer its questions.
        front: Writes what happens.
        writer: Takes the diagnostics.
        keep_going: Whether commands run after one that failed.
    """

    def __init__(self, *, session: Session, front: Front, writer: Writer, keep_going: bool) -> None:
        self._session = session
        self._front = front
        self._writer = writer
        self._keep_going = keep_going
        self._stopping = False

    def interrupt(self) -> None:
        """End the running command, at once, and run no other."""
        self._stopping = True
        self._session.cancel()

    async def run(self, commands: Sequence[str]) -> int:
        """Run the commands.

        Returns:
            The exit code: 130 when it was interrupted, else that of the first command that failed, else 0.
        """
        code = 0
        with self._session.bus.subscribe() as subscription:
            events = aiter(subscription)
            for number, command in enumerate(commands, 1):
                if self._stopping:
                    return Interrupted.exit_code
                result = await self._one(command, events)
                self._front.result(result)
                code = code or result.exit
                left = len(commands) - number
                if self._stopping:
                    return Interrupted.exit_code
                if result.exit and left and not self._keep_going:
                    self._writer.diagnose(
                        f"dspy-tui: stopped at the first failure, {left} not run (--keep-going runs them)"
                    )
                    break
        return code

    async def _one(self, command: str, events: AsyncIterator[Event]) -> BatchResult:
        await self._session.idle()  # the one before has told its end, and may switch to another session yet
        await self._session.registry.ready((command.split(None, 1) or ["-"])[0].removeprefix("/"))
        if told := lone_word(command, self._session.registry):
            self._session.bus.publish(Notice(level="info", message=told[0], hint=told[1]))
        turn_id = self._session.submit(command)
        kind: TurnKind = "task"
        tools: list[str] = []
        last: ToolFinished | None = None
        suggested: ToolSuggested | None = None
        async for event in events:
            self._front.event(event)
            match event:
                case TurnStarted():
                    kind = event.kind
                case ToolSuggested():
                    suggested = event
                case ToolStarted():
                    tools.append(event.command)
                case ToolFinished():
                    last = event
                case TurnFinished() if event.turn_id == turn_id:
                    ran = None if kind == "task" else last
                    return BatchResult.of(command, event, tool=ran, tools=tools, suggested=suggested)
                case _:
                    pass
        raise AssertionError("the bus was closed in the middle of a turn")
