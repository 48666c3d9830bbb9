"""How a server stands, and why it is not there."""

from __future__ import annotations

from typing import Literal, cast

import msgspec

from agent_core.errors import AgentError

State = Literal["idle", "starting", "ready", "failed"]


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
