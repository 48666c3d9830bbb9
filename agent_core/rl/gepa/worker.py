"""The process that optimises: GEPA in a thread of its own, the pipe in the loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.errors import AgentError
from agent_core.llm.port import ChatRequest
from agent_core.rl.gepa import protocol as p
from agent_core.rl.gepa.api import Job, Outcome, Progress, Report, Spent
from agent_core.rl.gepa.collecting import collect
from agent_core.rl.gepa.engine import AskingEngine
from agent_core.rl.gepa.purse import Purse
from agent_core.workers.server import Server, Tell, serve_process
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.rl.gepa.running import Run


class Optimiser:
    """Answers the questions of the program.

    Args:
        workspace: Where.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._engine: AskingEngine | None = None

    async def answer(self, call: p.Call, tell: Tell) -> Report | None:
        """Optimise, or take what the model said meanwhile."""
        match call:
            case p.Improve(job):
                return await self._improve(job, tell)
            case p.Answered():
                if self._engine is not None:
                    self._engine.answered(call)
                return None

    async def _improve(self, job: Job, tell: Tell) -> Report:
        from agent_core.llm.dspy_engine import preload

        loop = asyncio.get_running_loop()

        def show(progress: Progress) -> None:
            loop.call_soon_threadsafe(tell, p.Far(progress))

        def send(number: int, request: ChatRequest, tries: int) -> None:
            loop.call_soon_threadsafe(tell, p.Ask(number, request, tries))

        def done(outcome: Outcome, spent: Spent) -> None:
            loop.call_soon_threadsafe(tell, p.Done(outcome, spent))

        tell(p.Far(Progress(phase="collecting")))
        await preload()
        examples = await collect(self._workspace, job)
        purse = Purse(job.budget, spent=job.spent)
        engine = self._engine = AskingEngine(send=send, purse=purse)
        from agent_core.rl.gepa.running import Run

        run = Run(self._workspace, job, examples, engine=engine, purse=purse, tell=show, done=done)
        try:
            return await _in_thread(run)
        finally:
            engine.close()


async def _in_thread(run: Run) -> Report:
    """What it comes to, in a thread that nobody waits for: a process that is cancelled ends with it."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Report] = loop.create_future()

    def end(report: Report | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        elif report is not None:
            future.set_result(report)

    def work() -> None:
        try:
            report = run.report()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            loop.call_soon_threadsafe(end, None, error)
        else:
            loop.call_soon_threadsafe(end, report, None)

    threading.Thread(target=work, name="gepa", daemon=True).start()
    return await future


async def _main(first: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    start = msgspec.msgpack.decode(first, type=p.Start)
    try:
        optimiser = Optimiser(Workspace.open(Path(start.root)))
    except OSError as error:
        raise AgentError(f"The workspace cannot be read: {error.strerror or error}") from None
    await Server(name="optimiser", calls=p.Call, do=optimiser.answer, out=out).serve(reader)


if __name__ == "__main__":
    serve_process(_main)
