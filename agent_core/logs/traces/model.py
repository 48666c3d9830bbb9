"""What a stack trace says, whatever language wrote it."""

from __future__ import annotations

from typing import Literal

import msgspec

Relation = Literal["", "cause", "context", "suppressed", "member", "thread"]
"""How a fault belongs to the one before it: it caused it; that one arose while it was being handled; it was
suppressed by it; it is one of several in a group; or it is just what another thread was doing."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a stack.

    `path` is as the trace has it (for Java: the package's folders and the file), "" where it has none; `line`
    counts from 1, 0 for unknown. `library` names the library, runtime or package that the frame lies in, ""
    for code that may be the workspace's own. `text` is the frame on one line, as it is shown. `source` is
    the line of code that the trace quotes. `count` is how often the frame follows itself.
    """

    path: str = ""
    line: int = 0
    function: str = ""
    library: str = ""
    text: str = ""
    source: str = ""
    count: int = 1


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """An exception, a panic, a report of a sanitizer, or the stack of a thread.

    `text` is its head on one line, as it is shown; `kind` and `message` are what that line says, the message
    with its further lines. `frames` are the innermost first. `codes` are lines that name an error code or
    what else must not be lost; `notes` say more.
    """

    kind: str = ""
    message: str = ""
    text: str = ""
    relation: Relation = ""
    frames: tuple[Frame, ...] = ()
    codes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A stack trace: its faults, the outermost first and each followed by what led to it.

    `lead` are lines before it that belong to it: the log's own words, the head of a thread. `size` counts
    the characters it was read from.
    """

    language: str
    faults: tuple[Fault, ...]
    lead: tuple[str, ...] = ()
    size: int = 0

    @property
    def root(self) -> Fault:
        """The fault that all the others follow from."""
        causes = [fault for fault in self.faults if fault.relation in ("", "cause", "context")]
        return causes[-1] if causes else self.faults[0]
