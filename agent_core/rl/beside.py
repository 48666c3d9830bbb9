"""The training of a session that goes on beside its conversation: one at a time, followed by its events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from agent_core.bus import Publish
from agent_core.errors import AgentError, ErrorInfo, Interrupted, LearningFault
from agent_core.events import Notice, TrainingChanged
from agent_core.text import one_line

_log = logging.getLogger(__name__)


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a training: in a line; the fault that it came to an end with; the policy that it made, 0
    for none; where more is said of it, "" for nowhere."""

    said: str
    error: ErrorInfo | None = None
    version: int = 0
    more: str = ""


class Follows(Protocol):
    """Is told how far a training is."""

    def say(self, line: str) -> None:
        """What it does now."""
        ...

    def mark(self, steps: int, cost: float) -> None:
        """After so many steps, the seconds to the first failure of changes that are not trained on."""
        ...


Train = Callable[[Follows], Awaitable[Came]]


class Beside:
    """Runs one training at a time; belongs to one event loop.

    Args:
        publish: Takes the events; what a training came to is a notice, too.
    """

    def __init__(self, *, publish: Publish) -> None:
        self._publish = publish
        self._task: asyncio.Task[None] | None = None
        self._now = TrainingChanged(command="", state="ended")
        self.farewell: tuple[str, ...] = ()
        """What there is to say of one that was ended by closing."""

    @property
    def goes_on(self) -> bool:
        """Whether one does."""
        return self._task is not None and not self._task.done()

    @property
    def is_stopping(self) -> bool:
        """Whether the one that goes on is being ended."""
        return self.goes_on and self._now.state == "stopping"

    def check_free(self) -> None:
        """Raises `LearningFault` while one goes on."""
        if self.goes_on:
            raise LearningFault(
                f"A training goes on already: {self._now.command}",
                hint="`rl stop` ends it; the Learning screen shows how far it is.",
            )

    def begin(self, command: str, train: Train) -> None:
        """Have it go on from now; raises `LearningFault` while another one does."""
        self.check_free()
        self._tell(TrainingChanged(command=one_line(command), state="running"))
        self._task = asyncio.create_task(self._run(train), name="training")
        self._task.add_done_callback(self._ended)

    def stop(self) -> bool:
        """End the one that goes on; False where none does. What it keeps is there once it has ended."""
        if self._task is None or not self.goes_on or self.is_stopping:
            return False
        self._tell(msgspec.structs.replace(self._now, state="stopping", point=None))
        return self._task.cancel()

    async def aclose(self) -> None:
        """End it, and wait for that."""
        if self._task is None or not self.goes_on:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        resume = "" if "--resume" in self._now.command.split() else " --resume"
        self.farewell = (f"The training was ended; `{self._now.command}{resume}` goes on with it.",)

    # What it tells

    def say(self, line: str) -> None:
        """See `Follows`."""
        self._tell(msgspec.structs.replace(self._now, told=one_line(line.strip()), point=None))

    def mark(self, steps: int, cost: float) -> None:
        """See `Follows`."""
        self._tell(msgspec.structs.replace(self._now, point=(steps, cost)))

    async def _run(self, train: Train) -> None:
        came = Came(said="", error=_broke())
        try:
            came = await train(self)
        except asyncio.CancelledError:
            came = Came(said="", error=Interrupted("The training was stopped", hint=self._now.told).info)
            raise
        except AgentError as fault:
            came = Came(said="", error=fault.info)
        except Exception:  # noqa: BLE001 - the edge of the training: nobody else would tell of it
            _log.exception("the training broke")
        finally:
            self._end(came)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """One that is stopped before its first step never told so itself."""
        if not task.cancelled():
            task.exception()
        if self._now.state != "ended":
            self._end(Came(said="", error=Interrupted("The training was stopped").info))

    def _end(self, came: Came) -> None:
        told, error = one_line(came.said) or self._now.told, came.error
        self._tell(
            TrainingChanged(
                command=self._now.command, state="ended", told=told, error=error, version=came.version
            )
        )
        if error is None:
            self._publish(Notice(level="info", message=f"The training is done: {told}", hint=came.more))
        else:
            said = f"{one_line(came.said)}: {error.message}" if came.said else error.message
            hint = " ".join(filter(None, (error.hint, came.more)))
            self._publish(Notice(level="warning", message=f"Training: {said}", hint=hint))

    def _tell(self, now: TrainingChanged) -> None:
        self._now = now
        self._publish(now)


def _broke() -> ErrorInfo:
    return ErrorInfo("internal", "The training broke", "The traceback is in the program's own log.")
