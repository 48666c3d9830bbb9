"""`dispatch` on the command line: a task for the workers; without a bus it is done here."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.batch_formats import error_lines, to_json
from agent_core.config import Settings, refuse_in_doubt
from agent_core.errors import AgentError, BusUnreachable, ErrorInfo, Interrupted, UsageError
from agent_core.fleet.handing import exit_of, hand_in, left_out, outcome_of, task_of
from agent_core.fleet.services import GENERAL, Specialty, specialties
from agent_core.log import open_log
from agent_core.masking import masker
from agent_core.output import Writer
from agent_core.streaming.messages import Result, Task
from agent_core.text import one_line
from agent_core.tools.dispatch import result_data, result_text
from agent_core.workspace import Workspace
from tui.arguments import config_of, root_of, settings_of
from tui.cli import interruptible
from tui.ending import Ending, closed, end_like_an_interruption
from tui.network_permission import permit_bus

if TYPE_CHECKING:
    from tui.options import Parsed

SCHEMA = "dspy-tui.dispatch/1"


def dispatch(parsed: Parsed) -> int:
    """Hand a task over; returns the exit code."""
    ending = Ending()
    writer = Writer(on_lost=ending.lose)
    said = _Said(writer, as_json=parsed.one("format") == "json")
    try:
        interruptible()
        end_like_an_interruption()
        code = asyncio.run(_dispatch(parsed, said, ending))
    except AgentError as error:
        said.failed(error.info)
        code = error.exit_code
    except KeyboardInterrupt:
        said.failed(Interrupted("It was interrupted").info)
        code = Interrupted.exit_code
    return closed(writer, code)


async def _dispatch(parsed: Parsed, said: _Said, ending: Ending) -> int:
    workspace = Workspace.open(root_of(parsed))
    config = config_of(parsed, workspace.root)
    refuse_in_doubt(config)
    settings = config.settings
    text = " ".join(parsed.words)
    if text == "-":
        text = (await asyncio.to_thread(sys.stdin.buffer.read, 1 << 20)).decode("utf-8", "replace")
    task = task_of(text, settings, service=parsed.one("to"), timeout=_seconds(parsed.one("timeout")))
    permit_bus(workspace.root, settings)
    if masked := left_out(text, task):
        said.progress(masked)
    work = asyncio.ensure_future(_result(task, workspace, settings, parsed, said))
    ending.begin(work.cancel)
    try:
        return said.came_to(task, await work)
    except asyncio.CancelledError:
        hint = f"What was handed over goes on: its result will be on agent.results.*, for task {task.id}."
        said.failed(Interrupted("It was interrupted", hint=hint if said.queued else "").info)
        return Interrupted.exit_code


async def _result(
    task: Task, workspace: Workspace, settings: Settings, parsed: Parsed, said: _Said
) -> Result | None:
    """What came of it; None where it is not waited for."""
    with closing(open_log(workspace, mask=masker(settings), debug=parsed.has("debug"))):
        try:
            where = await hand_in(task, settings)
        except BusUnreachable as error:
            if parsed.has("no-wait"):
                raise
            said.progress(f"{error.message}; the task is done here, without workers (`stack up` starts them)")
        else:
            said.queued = True
            said.progress(f"task {task.id} is queued at {where}")
            return None if parsed.has("no-wait") else await outcome_of(task, settings, tell=said.progress)
    return await _here(task, parsed)  # with a log of its own


async def _here(task: Task, parsed: Parsed) -> Result:
    """Do it as a worker would."""
    from agent_core.fleet.doing import do, open_worker

    service = task.service or GENERAL
    what = specialties(os.environ).get(service, Specialty())
    runtime = open_worker(root_of(parsed), os.environ, what, flags=settings_of(parsed))
    try:
        return await do(task, runtime, service=service, worker="here")
    finally:
        await runtime.aclose()


def _seconds(text: str) -> float:
    try:
        return float(text or 600)
    except ValueError:
        raise UsageError(f"--timeout is a number of seconds, not {text!r}") from None


class _Said:
    """Where results and diagnostics go."""

    def __init__(self, writer: Writer, *, as_json: bool) -> None:
        self._writer, self._as_json = writer, as_json
        self.queued = False
        """Whether a broker has the task."""

    def progress(self, line: str) -> None:
        """A line on standard error."""
        self._writer.diagnose(f"dspy-tui: {one_line(line)}")

    def came_to(self, task: Task, result: Result | None) -> int:
        """Write what it came to; returns the exit code."""
        if result is None:
            if self._as_json:
                self._document({"task": task.id}, None)
            else:
                self._out(task.id)
            return 0
        if self._as_json:
            self._document(result_data(result), result.error)
        elif text := result_text(result):
            self._out(text)
        self._complain(result.error)
        return exit_of(result)

    def failed(self, error: ErrorInfo) -> None:
        """Write why there is no result."""
        if self._as_json:
            self._document({}, error)
        self._complain(error)

    def _document(self, data: dict[str, Any], error: ErrorInfo | None) -> None:
        document = {"schema": SCHEMA, **data}
        if error is not None:
            document["error"] = msgspec.to_builtins(error)
        self._out(msgspec.json.format(to_json(document), indent=2).decode())

    def _out(self, text: str) -> None:
        self._writer.out(text.encode("utf-8", "replace") + b"\n")

    def _complain(self, error: ErrorInfo | None) -> None:
        for line in error_lines(error) if error is not None else ():
            self._writer.diagnose(line)
