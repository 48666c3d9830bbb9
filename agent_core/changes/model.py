"""What a change is: one file, as it was and as it will be."""

from __future__ import annotations

from typing import Literal

import msgspec

RefusalCode = Literal[
    "not-found",
    "ambiguous",
    "stale",
    "no-file",
    "exists",
    "outside",
    "binary",
    "too-large",
    "malformed",
    "conflict",
]
"""Why an edit cannot be made."""


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """The whole change of one file.

    `path` is relative to the root, posix. `before` is what lies there when the change is made, None for a new
    file; `after` is what will lie there, None for a deleted one. A renamed file is two changes. `executable`
    is the permission that a new file gets; an old one keeps its own.
    """

    path: str
    before: bytes | None
    after: bytes | None
    executable: bool = False


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What of a proposal was chosen by the person who was asked.

    `rejected` has the numbers (from 0) of the unwanted hunks, by path; `left_out` the files that are
    not wanted at all; `edited` the text that a file is to have instead, by path.
    """

    rejected: dict[str, tuple[int, ...]] = {}
    left_out: tuple[str, ...] = ()
    edited: dict[str, str] = {}
