"""What a command of the stack came to: text for people, plain values for programs."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from agent_core.errors import ErrorInfo
from stack.engine.values import Step


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended.

    `text` is plain and printable, `summary` one line of it. With an `error` the rest says how things stand
    all the same; `exit` is then the exit code of a headless run.
    """

    text: str
    summary: str
    data: dict[str, Any] = {}
    error: ErrorInfo | None = None
    exit: int = 0


class Audience(Protocol):
    """Who is told how it goes on."""

    def command(self, line: str) -> None:
        """This very command runs next; it is printable."""
        ...

    def step(self, step: Step) -> None:
        """It made a step; all of its words are printable and masked."""
        ...
