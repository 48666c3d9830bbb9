"""How a server stands, and why it is not there."""

from __future__ import annotations

import time
from typing import Literal, cast

import msgspec

from agent_core.errors import AgentError

_PAUSES_S = (0.0, 1.0, 4.0, 15.0, 60.0)
"""Seconds until the next try after so many failures in a row, the last one for all further ones."""
_STEADY_S = 60.0
"""Seconds after which one that works is taken for sound again."""
State = Literal["idle", "starting", "ready", "failed"]


class SessionOver(Exception):
    """The server does not know the session any more, and so did nothing of what it was asked."""


class Failures:
    """How often one failed in a row, when it may be tried again, and what the user was told of it."""

    def __init__(self) -> None:
        self._count, self._not_before, self._ready_at = 0, 0.0, 0.0
        self.told = ""
        """Why it was not there when that was last told."""

    @property
    def left(self) -> float:
        """Seconds until it may be tried again; 0 or less: now."""
        return self._not_before - time.monotonic()

    def ready(self) -> None:
        """It works, now."""
        self._ready_at = time.monotonic()

    def another(self) -> None:
        """It failed, or ended."""
        if self._ready_at and time.monotonic() - self._ready_at > _STEADY_S:
            self._count, self.told = 0, ""
        self._not_before = time.monotonic() + _PAUSES_S[min(self._count, len(_PAUSES_S) - 1)]
        self._count, self._ready_at = self._count + 1, 0.0


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """How a server stands, for people and programs."""

    state: State
    error: str = ""
    version: str = ""
    pid: int = 0
    errors: str = ""
    notes: tuple[str, ...] = ()


def said_of(error: BaseException) -> str:
    """What an error says, the innermost where it is a group."""
    if isinstance(error, BaseExceptionGroup):
        return said_of(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])
    if isinstance(error, AgentError):
        return f"{error.message}. {error.hint}".strip() if error.hint else error.message
    return str(error) or type(error).__name__
