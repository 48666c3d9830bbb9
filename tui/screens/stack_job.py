"""The one operation on the stack that goes on, whether or not anybody looks at it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Literal

from textual.app import App
from textual.worker import Worker

from agent_core.errors import AgentError, ErrorInfo
from agent_core.text import human_duration
from stack.engine.values import Step
from stack.running import Operation
from stack.watch import Reading

_LINES = 200
"""Lines of a build that are kept."""
Outcome = Literal["running", "cancelling", "done", "failed", "cancelled"]


class Job:
    """An operation: how far it is, or how it ended.

    Args:
        operation: What is done.
        began: When, by the clock of `Jobs`.
    """

    def __init__(self, operation: Operation, began: float) -> None:
        self.operation = operation
        self.began, self.ended = began, 0.0
        self.outcome: Outcome = "running"
        self.error: ErrorInfo | None = None
        self.steps: dict[str, Step] = {}
        """The latest of everything that it is about, the one that changed last at the end."""
        self.said: deque[str] = deque(maxlen=_LINES)
        """What programs of a build wrote."""

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended yet."""
        return self.outcome in ("running", "cancelling")

    def take(self, step: Step) -> None:
        """Something of it went on."""
        if not step.about:
            self.said.append(step.text)
        elif self.steps.get(step.about) != step:
            self.steps.pop(step.about, None)
            self.steps[step.about] = step

    def failed_of(self, reading: Reading) -> str:
        """The service that is the reason of the failure, as far as can be told; else ""."""
        names = reading.known.names if reading.known is not None else ()
        if self.error is None:
            return ""
        found = {each.name: state.name for state in reading.services for each in state.containers}
        found |= {name: name for name in names}
        said = f" {self.error.message} "
        for name in sorted(found, key=len, reverse=True):
            if any(f"{before}{name}{after}" in said for before in " `'\"" for after in " `'\".,:"):
                return found[name]
        grave = (state.name for state in reading.services if state.standing in ("failed", "unhealthy"))
        return next((name for name in grave if name in (self.operation.services or names)), "")


class Jobs:
    """Runs one operation at a time, as a worker of the application: it goes on when the screen is left.

    Args:
        app: Has the worker, and tells of the end where nobody follows.
        tell: Tells people of it: a text, and whether it is bad.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, *, app: App[Any], tell: Callable[[str, bool], None], clock: Callable[[], float] = monotonic
    ) -> None:
        self._app, self._tell, self._clock = app, tell, clock
        self._worker: Worker[None] | None = None
        self.job: Job | None = None
        """The operation that goes on, or the last one."""
        self.on_change: Callable[[], None] | None = None
        """Called whenever there is news of it; who sets it tells of its end."""

    @property
    def busy(self) -> bool:
        """Whether one goes on."""
        return self.job is not None and self.job.goes_on

    @property
    def seconds(self) -> float:
        """How long the job has gone on, or took."""
        if self.job is None:
            return 0.0
        return (self._clock() if self.job.goes_on else self.job.ended) - self.job.began

    def start(self, operation: Operation) -> None:
        """Do it; only where none goes on."""
        if self.busy:
            return
        self.job = Job(operation, self._clock())
        self._worker = self._app.run_worker(partial(self._run, self.job), group="stack")
        self._news()

    def cancel(self) -> bool:
        """End it; whether there was one. What it has made stays."""
        if self.job is None or self.job.outcome != "running" or self._worker is None:
            return False
        self.job.outcome = "cancelling"
        self._worker.cancel()
        self._news()
        return True

    def forget(self) -> None:
        """Show nothing of the last one any more."""
        if not self.busy:
            self.job = None
            self._news()

    async def _run(self, job: Job) -> None:
        def told(step: Step) -> None:
            job.take(step)
            self._news()

        try:
            await job.operation.run(told)
            job.outcome = "done"
        except AgentError as error:
            job.outcome, job.error = "failed", error.info
        except asyncio.CancelledError:
            job.outcome = "cancelled"
            raise
        finally:
            job.ended = self._clock()
            if job.goes_on:  # what nobody expected: the application tells of it
                job.outcome = "failed"
            self._ended(job)

    def _ended(self, job: Job) -> None:
        if self.on_change is not None:
            self.on_change()
            return
        what = f"Stack: {job.operation.what}"
        match job.outcome:
            case "done":
                self._tell(f"{what} is done, after {human_duration(self.seconds)}", False)
            case "failed" if job.error is not None:
                self._tell(f"{what} failed. {job.error.message}. {job.error.hint}".strip(), True)
            case "cancelled" if self._app.is_running:
                self._tell(f"{what} was cancelled; what it made is still there", True)
            case _:
                pass

    def _news(self) -> None:
        if self.on_change is not None:
            self.on_change()
