"""The hooks of a call that another assistant makes: those that are asked in a session, too."""

from __future__ import annotations

import logging
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from agent_core.commandline import render
from agent_core.events import Event, HookRunning, Notice
from agent_core.session.hooking import HookedCall, call_told
from agent_core.text import human_duration, one_line
from agent_core.tools.base import AnyTool

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_core.index.api import Index
    from agent_core.runtime import Runtime

_log = logging.getLogger(__name__)
_NUMBERS = count(1)


class _Asked:
    """Stands for the turn, which such a call is not in. The tools only read, so there is no state to keep."""

    text = ""

    def __init__(self, index: Index, tell: Callable[[str], None]) -> None:
        self.index, self._tell = index, tell
        self.turn_id = f"mcp-{next(_NUMBERS)}"
        self._questions = count(1)

    def next_call_id(self) -> str:
        """An id for a question."""
        return f"{self.turn_id}.{next(self._questions)}"

    def publish(self, event: Event) -> None:
        """Tell whoever called, and the log."""
        match event:
            case HookRunning():
                self._tell(f"hook {event.name}: {human_duration(event.seconds)}")
            case Notice():
                self._tell(event.message)
                if event.level != "info":
                    _log.warning("%s %s", one_line(event.message), one_line(event.hint))
            case _:
                pass

    async def keep_state(self) -> None:
        """Nothing is undone here."""


def hooked(runtime: Runtime, tool: AnyTool, args: msgspec.Struct, tell: Callable[[str], None]) -> HookedCall:
    """The call, as hooks are asked about it: the user's, and a workspace's where a rule allows them.

    Nobody can be asked whether others may run; they do not.
    """
    asked = _Asked(runtime.index, tell)
    told = partial(call_told, tool, args, render(tool.name, args), typed=False)
    hooks = runtime.hooks if runtime.hooks.are_set else None
    return HookedCall(asked, asked.next_call_id(), told, hooks=hooks)
