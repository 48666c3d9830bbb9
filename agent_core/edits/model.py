"""The vocabulary of edits: what a reply asks for, and what became of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from agent_core.changes.model import FileChange, RefusalCode

Form = Literal["block", "file", "diff", "patch", "json"]


_MOST_TOLD = 12
"""So many refusals are put into words; a model repairs no more at once."""


class Replace(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a file that are to become others; without `search` a file of these lines is to be made.

    Lines are without their ends. `near` is where in the old file a diff says they stand (from 1, 0 when it
    says nothing), `within` the headings that they stand under. Edits of one `group` (0: none) stand in the
    file in their order. `partial`: the first and the last line need not be whole. `every`: wherever they
    stand. `final` says what a diff says of the file's last line end: to be there, to go, or (None) nothing.
    """

    path: str
    search: tuple[str, ...]
    replace: tuple[str, ...]
    form: Form
    line: int = 0
    """Where it begins in the reply, from 1."""
    near: int = 0
    within: tuple[str, ...] = ()
    group: int = 0
    partial: bool = False
    every: bool = False
    final: bool | None = None


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file. `fresh`: it says that there is none of this path yet."""

    path: str
    lines: tuple[str, ...]
    form: Form
    line: int = 0
    fresh: bool = False
    executable: bool = False
    final: bool = True


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is to go."""

    path: str
    form: Form
    line: int = 0


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is to have another path; edits that come after it name the new one."""

    path: str
    to: str
    form: Form
    line: int = 0


Edit = Replace | Write | Delete | Move


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a reply that means an edit and cannot be read as one. `line` is the reply's, from 1."""

    message: str
    path: str = ""
    line: int = 0


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply asks for, in its order."""

    edits: tuple[Edit, ...] = ()
    faults: tuple[Fault, ...] = ()


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """How an edit was brought to its file.

    `line` and `end` are the place in the file as it was before this edit (from 1, inclusive; `end` is below
    `line` where nothing was replaced). `how` says in a few words what had to be tolerated, "exact" where
    nothing had; `confidence` is 1.0 for that and lower the more it was. `changed` is False where the file was
    so already.
    """

    path: str
    line: int
    end: int
    how: str
    confidence: float
    changed: bool = True


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an edit was not made, in words that help a model to repair it.

    `lines` are the places in the file that the message speaks of, from 1.
    """

    code: RefusalCode
    path: str
    message: str
    lines: tuple[int, ...] = ()


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply comes to in the workspace: at most one change of each path, whole files only.

    A file of which an edit was refused has no change at all.
    """

    changes: tuple[FileChange, ...] = ()
    notes: tuple[Note, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all that was asked for could be made."""
        return not self.refusals

    def feedback(self) -> str:
        """The refusals as a text for the model that wrote the edits; "" when there are none."""
        shown = [
            f"{refusal.path or 'edit'} ({refusal.code}): {refusal.message}"
            for refusal in self.refusals[:_MOST_TOLD]
        ]
        more = len(self.refusals) - _MOST_TOLD
        return "\n\n".join([*shown, f"and {more:,} more like these"] if more > 0 else shown)
