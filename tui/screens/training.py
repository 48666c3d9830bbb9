"""The offline training of this session, as its events tell it, and the policies that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from agent_core import events as e
from agent_core.errors import ErrorInfo
from agent_core.rl.offline.progress import Point
from agent_core.text import one_line

if TYPE_CHECKING:
    from agent_core.rl.beside import Beside
    from agent_core.rl.offline.ended import Ended
    from agent_core.rl.offline.registry import About
    from agent_core.rl.trained import Trained
    from agent_core.session.session import Session
    from agent_core.workspace import Workspace

COMMAND = "/rl train --steps 20000 --skip-gepa"
"""What is proposed: long enough to learn an order, and no model is asked."""
_TRAINS = "rl train"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A training. `told` is the last line of its progress, or what came of it; `points` are its course so
    far; `error` ended it; `version` is the policy that it made, 0 for none."""

    command: str
    state: Literal["waiting", "running", "stopping", "ended"]
    told: str = ""
    points: tuple[Point, ...] = ()
    error: ErrorInfo | None = None
    version: int = 0


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """What was trained here, the newest first; the version in use, 0 for none; and the trainings that did not
    come to their end; what the last one came to, in full."""

    found: tuple[About, ...] = ()
    in_use: int = 0
    ended: tuple[Ended, ...] = ()
    last: Trained | None = None


class Training:
    """Starts and stops `rl train`, and follows it whoever started it.

    Args:
        session: Asks for the permission, in a turn.
        workspace: Whose policies are shown.
        beside: Where it goes on then.
    """

    def __init__(self, *, session: Session, workspace: Workspace, beside: Beside) -> None:
        self._session, self._workspace, self._beside = session, workspace, beside
        self._turn = ""
        self._go_on = ""
        self.run: Run | None = None
        self.on_change: Callable[[], None] = lambda: None

    def start(self, command: str) -> None:
        """Run a training when it is its turn."""
        self.run = Run(command=one_line(command), state="waiting")
        self._turn = self._session.submit(command)
        self.on_change()

    def stop(self) -> None:
        """End the training that runs, or take it back while it waits."""
        if self.run is None or self.run.state == "ended":
            return
        if self.run.state != "waiting":
            self._beside.stop()
        elif self._session.unqueue(self._turn) is None:
            self._session.cancel()

    @property
    def proposed(self) -> str:
        """The command that is proposed: what goes on with the last training, where something does."""
        return f"/{self._go_on}" if trains(self._go_on) else COMMAND

    @property
    def goes_on(self) -> bool:
        """Whether one runs or waits."""
        return self.run is not None and self.run.state != "ended"

    def see(self, event: e.Event) -> None:
        """Follow what happens in the session."""
        match event:
            case e.TrainingChanged(state="ended"):
                self._end(event.told, event.error, event.version)
            case e.TrainingChanged():
                self._follow(event)
            case e.TurnUnqueued() if event.turn_id == self._turn:
                self._end("It was taken back", None)
            case e.TurnFinished() if event.turn_id == self._turn and self._waits:
                self._end("", event.error)  # a command that was refused has no more than this
            case _:
                pass

    @property
    def _waits(self) -> bool:
        return self.run is not None and self.run.state == "waiting"

    def _follow(self, event: e.TrainingChanged) -> None:
        points = self.run.points if self.run is not None and not self._waits and self.goes_on else ()
        if event.point is not None:
            steps, cost = event.point
            points = (*points, Point(update=len(points), steps=steps, held_out=cost))
        state = "stopping" if event.state == "stopping" else "running"
        self._now(Run(command=event.command, state=state, told=event.told, points=points))

    def _end(self, told: str, error: ErrorInfo | None, version: int = 0) -> None:
        if self.run is None or self.run.state == "ended":
            return
        told = one_line(told) or self.run.told
        self._now(msgspec.structs.replace(self.run, state="ended", told=told, error=error, version=version))

    def _now(self, run: Run) -> None:
        self.run = run
        self.on_change()

    async def policies(self) -> Policies:
        """Those that can be read."""
        policies = await asyncio.to_thread(self._read)
        self._go_on = policies.ended[0].go_on if policies.ended else ""
        return policies

    def _read(self) -> Policies:
        from agent_core.rl.offline.ended import all_ended
        from agent_core.rl.offline.running import FOLDER, registry_of
        from agent_core.rl.trained import last_report

        registry, folder = registry_of(self._workspace), self._workspace.own.state_dir / FOLDER
        used = registry.in_use
        return Policies(
            found=registry.all(),
            in_use=used.version if used else 0,
            ended=all_ended(folder),
            last=last_report(folder),
        )


def trains(command: str) -> bool:
    """Whether a line that was typed trains."""
    return command.removeprefix("/").split()[:2] == _TRAINS.split()
