"""The situation as it develops: follows the events of a session and knows the facts at any moment."""

from __future__ import annotations

import asyncio
from collections import deque

from agent_core.commandline import mentions_in
from agent_core.events import Event, ToolFinished, TurnFinished, TurnStarted
from agent_core.index.api import IndexStatus
from agent_core.logs.api import Digest
from agent_core.rl.situation import Situation, counted
from agent_core.workspace import Workspace

_GIT_EVERY_S = 5.0
_KEPT = 8
"""Tools that ran last."""
_ABOUT = frozenset(("esearch", "vretr", "intel", "plan"))
"""Commands whose argument is a question in itself."""


class Surroundings:
    """Takes in what happens; `situation` tells it as plain facts."""

    def __init__(self) -> None:
        self._asked = ""
        self._wants_change = False
        self._turns = 0
        self._failed = False
        self._cited = 0
        self._recent: deque[str] = deque(maxlen=_KEPT)
        self._logs: tuple[int, int] | None = None
        self._changed: int | None = None
        self._looked = -_GIT_EVERY_S

    @property
    def asked(self) -> str:
        """What was asked last."""
        return self._asked

    @property
    def turns(self) -> int:
        """Turns that ended."""
        return self._turns

    def ask(self, text: str) -> None:
        """A question or a task was given."""
        from agent_core.agent.intent import asks_for_change  # late: its patterns take a while to compile

        self._asked = text.strip()
        self._wants_change = asks_for_change(self._asked)

    def see_logs(self, digest: Digest) -> None:
        """What the logs say now."""
        self._logs = counted(digest)

    async def look_at_git(self, workspace: Workspace) -> None:
        """Ask git what differs, unless that was asked just now."""
        from agent_core.gitstate import status

        now = asyncio.get_running_loop().time()
        if now - self._looked >= _GIT_EVERY_S:
            self._looked = now
            state = await status(workspace)
            self._changed = None if state.branch is None else len(state.files)

    def take(self, event: Event) -> None:
        """Something happened."""
        match event:
            case TurnStarted(kind="task"):
                self.ask(event.text)
            case TurnStarted(kind="command"):
                name, _, rest = event.text.strip().removeprefix("/").partition(" ")
                if name in _ABOUT and rest.strip():
                    self.ask(rest)
            case ToolFinished():
                self._recent.appendleft(event.name)
            case TurnFinished():
                self._turns += 1
                self._failed = event.error is not None or event.exit != 0
                self._cited = len(event.data.get("hits") or ())
            case _:
                pass

    def situation(self, index: IndexStatus, *, acting: bool, unread: bool = False) -> Situation:
        """The facts as they are now; see `Situation` for what is not known here."""
        return Situation(
            asked=self._asked,
            mentions=len(mentions_in(self._asked)),
            wants_change=self._wants_change,
            acting=acting,
            failed=self._failed,
            cited=self._cited,
            recent=tuple(self._recent),
            log_errors=None if self._logs is None else self._logs[0],
            log_new=None if self._logs is None else self._logs[1],
            index=index,
            unread=unread,
            changed=self._changed,
        )
