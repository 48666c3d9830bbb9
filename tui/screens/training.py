"""The offline training of this session, as its events tell it, and the policies that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from agent_core import events as e
from agent_core.errors import ErrorInfo, Interrupted
from agent_core.text import one_line

if TYPE_CHECKING:
    from agent_core.rl.offline.registry import About
    from agent_core.session.session import Session
    from agent_core.workspace import Workspace

COMMAND = "/rl train --steps 20000 --skip-gepa"
"""What is proposed: long enough to learn an order, and no model is asked."""
_TRAINS = "rl train"
_RESUME = "--resume"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A training. `told` is the last line of its progress, or what came of it; `error` ended it; `version` is
    the policy that it made, 0 for none."""

    command: str
    state: Literal["waiting", "running", "ended"]
    told: str = ""
    error: ErrorInfo | None = None
    version: int = 0


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """What was trained here, the newest first; the version in use, 0 for none."""

    found: tuple[About, ...] = ()
    in_use: int = 0


class Training:
    """Starts and stops `rl train` as a turn of the session, whoever started it.

    Args:
        session: Runs it, and asks for the permission.
        workspace: Whose policies are shown.
    """

    def __init__(self, *, session: Session, workspace: Workspace) -> None:
        self._session, self._workspace = session, workspace
        self._turn, self._call = "", ""
        self.run: Run | None = None
        self.on_change: Callable[[], None] = lambda: None

    def start(self, command: str) -> None:
        """Run a training when it is its turn."""
        self.run = Run(command=one_line(command), state="waiting")
        self._call, self._turn = "", self._session.submit(command)
        self.on_change()

    def stop(self) -> None:
        """End the training that runs, or take it back while it waits."""
        if self.run is None or self.run.state == "ended":
            return
        if self._session.unqueue(self._turn) is None:
            self._session.cancel()

    @property
    def proposed(self) -> str:
        """The command that is proposed: one that goes on where a training was stopped after it had begun."""
        run = self.run
        if run is None or run.error is None or run.error.code != Interrupted.code or not run.told:
            return COMMAND
        words = run.command.removeprefix("/").split()
        return "/" + " ".join(words if _RESUME in words else (*words, _RESUME))

    @property
    def goes_on(self) -> bool:
        """Whether one runs or waits."""
        return self.run is not None and self.run.state != "ended"

    def see(self, event: e.Event) -> None:
        """Follow what happens in the session."""
        match event:
            case e.ToolStarted(name="rl") if event.command.startswith(_TRAINS):
                self._turn, self._call = event.turn_id, event.call_id
                self._now(Run(command=one_line(event.command), state="running"))
            case e.ToolProgress() if event.call_id == self._call and self.run is not None:
                self._now(msgspec.structs.replace(self.run, told=one_line(event.text.strip())))
            case e.ToolFinished() if event.call_id == self._call and self.run is not None:
                self._end(event.summary, event.error, _version_in(event))
            case e.TurnUnqueued() if event.turn_id == self._turn:
                self._end("It was taken back", None)
            case e.TurnFinished() if event.turn_id == self._turn:
                self._end("", event.error)  # a command that was refused has no more than this
            case _:
                pass

    def _end(self, told: str, error: ErrorInfo | None, version: int = 0) -> None:
        if self.run is None or self.run.state == "ended":
            return
        if error is not None and told == error.message:  # the summary of what failed says no more
            told = ""
        told = one_line(told) or self.run.told
        self._now(msgspec.structs.replace(self.run, state="ended", told=told, error=error, version=version))

    def _now(self, run: Run) -> None:
        self.run = run
        self.on_change()

    async def policies(self) -> Policies:
        """Those that can be read."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Policies:
        from agent_core.rl.offline.running import registry_of

        registry = registry_of(self._workspace)
        used = registry.in_use
        return Policies(found=registry.all(), in_use=used.version if used else 0)


def trains(command: str) -> bool:
    """Whether a line that was typed trains."""
    return command.removeprefix("/").split()[:2] == _TRAINS.split()


def _version_in(event: e.ToolFinished) -> int:
    training: dict[str, Any] = event.data.get("training") or {}  # None where prompts alone were improved
    return training.get("about", {}).get("version", 0)
