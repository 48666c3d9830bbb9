"""What is kept of a turn: its head, what each path was before and after, and how it stands."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from agent_core.checkpoints.states import ID_BYTES, State

SCHEMA = 1
"""The version of all that is kept of turns."""


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A path that a turn changed; `path` is as the system has it, None stands for nothing being there."""

    path: bytes
    before: State | None
    after: State | None

    @property
    def name(self) -> str:
        """The path as Python has it."""
        return os.fsdecode(self.path)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Which turn: `began` is in seconds since 1970."""

    session: str
    turn_id: str
    title: str
    began: float


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One turn that changed something.

    `lost` are files that it changed and whose former bytes are not kept. `interrupted`: the program ended in
    the middle of it, so that what was changed later by others counts as its own. `beside`: a turn of another
    session was running at its end, so that some of it may be that one's. `skipped` are paths that
    its undoing left alone; `order` says which of several undone turns was undone last.
    """

    schema: int = SCHEMA
    number: int
    turn: Header
    ended: float
    changes: tuple[Change, ...]
    lost: tuple[bytes, ...] = ()
    interrupted: bool = False
    beside: bool = False
    status: Literal["done", "undone"] = "done"
    undone_by: str = ""
    order: float = 0.0
    skipped: tuple[bytes, ...] = ()

    def ids(self) -> set[bytes]:
        """The contents that it needs."""
        return {
            state.id
            for change in self.changes
            for state in (change.before, change.after)
            if state is not None and len(state.id) == ID_BYTES
        }


class OpenTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that runs, or ran when its session was killed."""

    turn: Header
    tree: bytes
    schema: int = SCHEMA
