"""How long heavy commands are left alone after they ran: no proposal, no call by the agent.

A command that a person types runs always. When each ran is kept in the workspace's state, so that a restart
changes nothing; a command that was killed counts from its start.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping

import msgspec

from agent_core.bus import Publish
from agent_core.config import Settings
from agent_core.errors import AgentError
from agent_core.events import Notice
from agent_core.files import load_state, update_state
from agent_core.workspace import Workspace

_FILE = "cooldowns.json"
_log = logging.getLogger(__name__)


class _Ran(msgspec.Struct):
    """The file: when each command ran last, in seconds since 1970."""

    schema: int = 1
    ran: dict[str, float] = {}


def seconds_of(settings: Settings) -> dict[str, float]:
    """The cooldown of each command that has one, in seconds."""
    return {"index": settings.index_cooldown, "emb-index": settings.emb_index_cooldown}


class Cooldowns:
    """The cooldowns of one workspace, shared by its sessions through a file.

    Args:
        workspace: Whose.
        seconds: The cooldown of each command that has one.
        publish: Told when the file was broken.
        clock: Seconds since 1970; for tests.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        seconds: Mapping[str, float],
        publish: Publish,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._workspace = workspace
        self._seconds = seconds
        self._publish = publish
        self._clock = clock
        self._own: dict[str, float] = {}

    def remaining(self, name: str) -> float:
        """Seconds until the command may be proposed or called by the agent; 0 when it may now."""
        return self.all().get(name, 0.0)

    def all(self) -> dict[str, float]:
        """The seconds that remain of each cooldown that is not over."""
        ran, warning = load_state(self._workspace.state_dir / _FILE, _Ran)
        self._warn(warning)
        latest = dict(ran.ran) if ran else {}
        for name, moment in self._own.items():
            latest[name] = max(moment, latest.get(name, 0.0))
        now = self._clock()
        left: dict[str, float] = {}
        for name, whole in self._seconds.items():
            rest = whole - (now - latest.get(name, -math.inf))
            # More than the whole cooldown is left only where the clock was set back since.
            if 0 < rest <= whole:
                left[name] = rest
        return left

    async def begin(self, name: str) -> None:
        """The command ran just now: its cooldown begins.

        Where nothing can be written, the cooldown holds for this session.
        """
        self._own[name] = self._clock()
        try:
            warning = await asyncio.to_thread(self._write, name, self._own[name])
        except (AgentError, OSError) as error:
            _log.warning("the cooldown of %s could not be kept: %s", name, error)
        else:
            self._warn(warning)

    def _write(self, name: str, moment: float) -> str:
        path = self._workspace.ensure_state_dir() / _FILE
        return update_state(path, _Ran, lambda old: _Ran(ran={**(old.ran if old else {}), name: moment}))[1]

    def _warn(self, warning: str) -> None:
        if warning:
            self._publish(Notice(level="warning", message=warning))
