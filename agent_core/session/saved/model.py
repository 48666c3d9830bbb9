"""What a saved session is made of: the records of its file, and what a list says of it.

A file is JSON lines. The first is the head; then come events as `--format jsonl` writes them, each with `at`
(seconds since the epoch), and between them what is said of the session itself. What streams in pieces (an
answer, reasoning, the output of a command) is a few records, not one for each piece. A line of a type that is
not known was written by a newer version and is passed over.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple, get_args

import msgspec

from agent_core.events import Event, TurnKind, TurnQueued, TurnStarted

SCHEMA = 1
EVENT_TYPES = frozenset(kind.__struct_config__.tag for kind in get_args(Event))
_ABOUT_SESSIONS = ("sessions", "resume", "fork", "export")


class Head(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="session"):
    """The first line. `branch` is git's at the beginning, `forked_from` the session it is a copy of."""

    id: str
    at: float
    schema: int = SCHEMA
    name: str = ""
    branch: str = ""
    forked_from: str = ""


class Renamed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="session_renamed"):
    """The session is called so from here on."""

    at: float
    name: str


class Closed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="session_closed"):
    """A program left the session in good order; `summary` is what it said of it, one line each."""

    at: float
    summary: tuple[str, ...] = ()


Remark = Head | Renamed | Closed
REMARK_TYPES = ("session", "session_renamed", "session_closed")


class Record(NamedTuple):
    """An event and when it happened, in seconds since the epoch."""

    at: float
    event: Event


class SavedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list. `begun` and `updated` are seconds since the epoch; `first` is the first prompt.

    `tokens` went to and came from models; `bad` counts lines that could not be read, `size` is in bytes.
    """

    id: str
    name: str = ""
    first: str = ""
    begun: float = 0.0
    updated: float = 0.0
    turns: int = 0
    tokens: int = 0
    branch: str = ""
    forked_from: str = ""
    size: int = 0
    bad: int = 0

    @property
    def title(self) -> str:
        """How people call it."""
        return self.name or self.id


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it was read: `waiting` are prompts that never ran, `warnings` what could not be read."""

    saved: SavedSession
    records: tuple[Record, ...] = ()
    waiting: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The largest number that a turn of it has."""
        events = (record.event for record in self.records)
        numbers = (_number(event.turn_id) for event in events if isinstance(event, TurnStarted | TurnQueued))
        return max(numbers, default=0)


def _number(turn_id: str) -> int:
    number = turn_id.rpartition(".")[2]
    return int(number) if number.isdecimal() else 0


def new_id(now: float | None = None) -> str:
    """An id that sorts by time and that no other session has: `20261128-114501-a3f9`."""
    moment = time.localtime(time.time() if now is None else now)
    return f"{time.strftime('%Y%m%d-%H%M%S', moment)}-{os.urandom(2).hex()}"


def turn_name(session_id: str, number: int) -> str:
    """The id of a session's turn; no other turn of the workspace has it, after resuming either."""
    return f"{session_id}.{number}"


def is_about_sessions(text: str, kind: TurnKind) -> bool:
    """Whether a turn only lists or switches conversations, and so is no part of one."""
    first = text.split(None, 1)[:1]
    return kind == "command" and bool(first) and first[0].removeprefix("/") in _ABOUT_SESSIONS
