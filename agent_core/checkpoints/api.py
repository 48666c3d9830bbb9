"""The vocabulary of undoing: what a turn changed, which turns there are, what was undone."""

from __future__ import annotations

from typing import Literal

import msgspec

How = Literal["created", "changed", "deleted", "renamed", "mode"]


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a turn changed, as it is shown.

    `added` and `removed` count lines and are None for what is no text. `was` is the former path of a renamed
    one. *mode*: only its permissions changed.
    """

    path: str
    how: How
    added: int | None = 0
    removed: int | None = 0
    was: str = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """How keeping the state before a turn went.

    `kept` is False where nothing could be kept, and `why` says why. `left_out` names files that are not
    covered, with the reason. `warnings` tell of broken files of the store, and of what was finished.
    """

    kept: bool
    why: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn changed.

    `number` is what `undo` knows it by, 0 where nothing of it can be undone; `total` counts all files, of
    which `files` are the first ones; `lost` are changed files whose former content is not kept. `beside`: a
    turn of another session was running, so that some of it may be that one's work.
    """

    turn_id: str
    number: int
    files: tuple[ChangedFile, ...]
    total: int
    added: int
    removed: int
    lost: tuple[str, ...] = ()
    beside: bool = False


class TurnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that can be undone, or done again. Times are in seconds since 1970, `bytes` on the disk.

    `own`: it belongs to this session. `interrupted`: the program ended in the middle of it. `beside`: as in
    `Changed`.
    """

    number: int
    turn_id: str
    session: str
    title: str
    began: float
    ended: float
    status: Literal["done", "undone"]
    interrupted: bool
    own: bool
    files: int
    bytes: int
    beside: bool = False


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The turns, oldest first, what all of it takes on the disk, and how much it may take."""

    rows: tuple[TurnRow, ...]
    bytes: int
    limit: int
    warnings: tuple[str, ...] = ()


class Restored(msgspec.Struct, frozen=True):
    """A path, and what undoing (or redoing) did to it."""

    path: str
    did: Literal["restored", "removed", "brought back"]


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that was undone, or done again. `skipped` were left alone: path and what had happened to it."""

    turn: TurnRow
    files: tuple[Restored, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
