"""Tools whose permission is about the programs that they run, not about the words that were typed."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import msgspec

from agent_core.config import Settings
from agent_core.events import ActionClass
from agent_core.workspace import Workspace


class Planned(msgspec.Struct, frozen=True):
    """The command lines that a call would run, which is what rules look at; and where, in words.

    `action` is the class of what is run, where a tool does things of several: its own by default. `shown` is
    what a person sees, where rules look at less than that.
    """

    lines: tuple[str, ...]
    reason: str
    action: ActionClass | None = None
    shown: str = ""


@runtime_checkable
class PlansCommands(Protocol):
    """A tool that can say what it would run."""

    async def plan(
        self, args: Any, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """What would be run; None where nothing is, so that there is nothing to ask.

        `typed`: a person typed the command. Raises what `run` would raise for the same arguments.
        """
        ...
