"""What of a proposed change is wanted so far: by hunk, by file, or rewritten by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agent_core.changes.hunks import Hunk, choose, hunks
from agent_core.changes.model import Chosen, FileChange
from agent_core.events import ProposedFile

Kind = Literal["changed", "new", "deleted", "renamed"]
State = Literal["all", "part", "none"]
_ALIKE = 0.6
"""Share of lines that a new file has in common with a deleted one where it is called renamed."""


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A file of the change.

    `added` and `removed` count lines; `crlf` says that all its lines end as on Windows, before and after.
    `twin` is the place of its other half where it is renamed, -1 where it is not, and `twin_path` its path.
    """

    change: FileChange
    hunks: tuple[Hunk, ...]
    added: int
    removed: int
    crlf: bool
    note: str = ""
    whole: bool = False
    twin: int = -1
    twin_path: str = ""
    rejected: frozenset[int] = frozenset()
    edited: bool = False

    @property
    def path(self) -> str:
        """Where it lies, relative to the root."""
        return self.change.path

    @property
    def slots(self) -> int:
        """How many things of it can be chosen: its hunks, or the file as a whole."""
        return 1 if self.whole or not self.hunks else len(self.hunks)

    @property
    def kind(self) -> Kind:
        """What happens to it."""
        if self.twin >= 0:
            return "renamed"
        if self.change.before is None:
            return "new"
        return "deleted" if self.change.after is None else "changed"

    @property
    def state(self) -> State:
        """How much of it is wanted."""
        if not self.rejected:
            return "all"
        return "none" if len(self.rejected) >= self.slots else "part"

    def wants(self, hunk: int) -> bool:
        """Whether a hunk is wanted."""
        return (0 if self.slots == 1 else hunk) not in self.rejected

    def first_line(self, hunk: int) -> int:
        """The first line that a hunk changes, in the new text."""
        if not self.hunks:
            return 1
        new = self.hunks[hunk].new_start
        for line in self.hunks[hunk].lines:
            if line.side != " ":
                return line.new or new
            new = line.new + 1
        return new

    def text(self) -> str:
        """What the file is to be, with all hunks and plain line ends; "" where it is deleted."""
        return _text(self.change.after).replace("\r\n", "\n")


def drafts(files: Sequence[ProposedFile]) -> list[FileDraft]:
    """All of a change, wanted as a whole; blocks, since files are compared."""
    made = [_draft(file) for file in files]
    for old, new in _renamed(made):
        made[old] = replace(made[old], twin=new, twin_path=made[new].path)
        made[new] = replace(made[new], twin=old, twin_path=made[old].path)
    return made


def _draft(file: ProposedFile) -> FileDraft:
    change = FileChange(path=file.path, before=_bytes(file.before), after=_bytes(file.after))
    return _compared(change, note=file.note, whole=file.whole)


def _compared(change: FileChange, *, note: str, whole: bool) -> FileDraft:
    found = hunks(change)
    lines = [line for hunk in found for line in hunk.lines]
    ended = [line.text.endswith("\r") for line in lines if line.ended]
    sides = [line.side for line in lines]
    crlf = bool(ended) and all(ended)
    return FileDraft(change, found, sides.count("+"), sides.count("-"), crlf, note, whole)


def rewritten(draft: FileDraft, text: str) -> FileDraft:
    """The file as it was edited by hand, wanted as a whole; blocks."""
    chosen = choose([draft.change], Chosen(edited={draft.path: text}))
    after = chosen[0].after if chosen else draft.change.before
    change = FileChange(path=draft.path, before=draft.change.before, after=after)
    made = _compared(change, note=draft.note, whole=draft.whole)
    return replace(made, twin=draft.twin, twin_path=draft.twin_path, edited=True)


def toggled(files: Sequence[FileDraft], at: int, hunk: int | None = None) -> list[FileDraft]:
    """With a hunk wanted or not, or with None the file; both halves of a renamed one go together."""
    file = files[at]
    if hunk is None or file.slots == 1:
        wanted = file.state == "none" or (file.state == "part" and hunk is None)
        out = list(files)
        for place in (at, file.twin):
            if place >= 0:
                out[place] = put(out[place], wanted)
        return out
    rejected = file.rejected ^ {hunk}
    return [replace(one, rejected=rejected) if place == at else one for place, one in enumerate(files)]


def put(file: FileDraft, wanted: bool) -> FileDraft:
    """With all of it wanted, or nothing."""
    return replace(file, rejected=frozenset() if wanted else frozenset(range(file.slots)))


def chosen_of(files: Sequence[FileDraft]) -> Chosen:
    """What is wanted, as the session takes it."""
    rejected: dict[str, tuple[int, ...]] = {}
    edited: dict[str, str] = {}
    left_out: list[str] = []
    for file in files:
        if file.state == "none":
            left_out.append(file.path)
        elif file.edited:
            parts = choose([file.change], Chosen(rejected={file.path: tuple(file.rejected)}))
            if parts:
                edited[file.path] = _text(parts[0].after).replace("\r\n", "\n")
            else:
                left_out.append(file.path)
        elif file.rejected:
            rejected[file.path] = tuple(sorted(file.rejected))
    return Chosen(rejected=rejected, left_out=tuple(left_out), edited=edited)


def wanted_of(files: Sequence[FileDraft]) -> tuple[int, int]:
    """How many parts of the change are wanted, of how many."""
    total = sum(file.slots for file in files)
    return total - sum(len(file.rejected) for file in files), total


def lines_of(files: Sequence[FileDraft]) -> tuple[int, int]:
    """How many lines what is wanted adds and removes."""
    sides = [
        line.side
        for file in files
        for hunk in file.hunks
        if file.wants(hunk.number)
        for line in hunk.lines
        if line.side != " "
    ]
    return sides.count("+"), sides.count("-")


def _renamed(files: Sequence[FileDraft]) -> list[tuple[int, int]]:
    """Places of deleted files and of the new ones that they became."""
    gone = [place for place, file in enumerate(files) if file.kind == "deleted" and file.change.before]
    pairs: list[tuple[int, int]] = []
    for new, file in enumerate(files):
        if file.kind != "new" or not file.change.after:
            continue
        best = max(gone, key=lambda old: _common(files[old], file), default=-1)
        if best >= 0 and _common(files[best], file) >= _ALIKE:
            pairs.append((best, new))
            gone.remove(best)
    return pairs


def _common(old: FileDraft, new: FileDraft) -> float:
    before, after = old.change.before or b"", new.change.after or b""
    if before == after:
        return 1.0
    one, two = set(before.splitlines()), set(after.splitlines())
    return len(one & two) / max(len(one | two), 1)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "replace")


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")
