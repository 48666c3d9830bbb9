"""Making a trace line by line: what the readers of all languages share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from agent_core.logs.traces.model import Fault, Frame, Relation, Trace

MAX_CYCLE = 12
"""The longest recursion, in frames, that is folded to a count."""
_MAX_NOTES = 40


@dataclass(slots=True)
class DraftFault:
    """A fault that is being read; the fields are those of `Fault`. `more` goes on with the message."""

    kind: str = ""
    message: str = ""
    text: str = ""
    relation: Relation = ""
    frames: list[Frame] = field(default_factory=list[Frame])
    codes: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    more: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> None:
        """Keep a further line, unless there are too many."""
        if text and len(self.notes) < _MAX_NOTES:
            self.notes.append(text)

    def continued(self, text: str) -> None:
        """Add a line to the message."""
        if text and len(self.more) < _MAX_NOTES:
            self.more.append(text)

    def further(self, text: str) -> None:
        """Keep a line that is no frame: before the first frame it goes on with the message."""
        (self.note if self.frames else self.continued)(text)

    def finished(self) -> Fault:
        """The fault as a value, runs of the same frames folded."""
        return Fault(
            kind=self.kind,
            message="\n".join((self.message, *self.more)),
            text=self.text,
            relation=self.relation,
            frames=tuple(folded(self.frames)),
            codes=tuple(self.codes),
            notes=(*self.more, *self.notes),
        )


def folded(frames: list[Frame]) -> Iterable[Frame]:
    """The frames, a cycle of frames that follows itself given once, with its count."""
    at = 0
    while at < len(frames):
        cycle = next((n for n in range(1, MAX_CYCLE + 1) if _repeats(frames, at, n)), 0)
        if not cycle:
            yield frames[at]
            at += 1
            continue
        counts = [0] * cycle
        start = at
        while at < len(frames) and _same(frames[at], frames[start + (at - start) % cycle]):
            counts[(at - start) % cycle] += frames[at].count
            at += 1
        for frame, count in zip(frames[start : start + cycle], counts, strict=True):
            yield msgspec.structs.replace(frame, count=count)


def _repeats(frames: list[Frame], at: int, cycle: int) -> bool:
    end = at + 2 * cycle
    return end <= len(frames) and all(_same(frames[n], frames[n + cycle]) for n in range(at, at + cycle))


def _same(one: Frame, other: Frame) -> bool:
    return one.line == other.line and one.function == other.function and one.path == other.path


@dataclass(slots=True)
class Draft:
    """A trace that is being read. `understood` counts lines that had the form of the language."""

    language: str
    faults: list[DraftFault] = field(default_factory=list[DraftFault])
    lead: list[str] = field(default_factory=list[str])
    understood: int = 0

    def fault(self, kind: str, message: str, text: str, relation: Relation = "") -> DraftFault:
        """Begin a fault."""
        self.faults.append(DraftFault(kind=kind, message=message, text=text.strip(), relation=relation))
        self.understood += 1
        return self.faults[-1]

    def frame(self, frame: Frame) -> None:
        """Add a frame to the fault that was begun last, to one without a name if there is none."""
        if not self.faults:
            self.faults.append(DraftFault())
        self.faults[-1].frames.append(frame)
        self.understood += 1

    def aside(self, text: str) -> None:
        """Keep a line that is no part of a fault's head: before all faults it leads to them."""
        if self.faults:
            self.faults[-1].note(text)
        else:
            self.lead.append(text)

    def trace(self, size: int) -> Trace | None:
        """The trace as a value; None when nothing of it was found."""
        faults = tuple(fault.finished() for fault in self.faults)
        if not any(fault.frames or fault.kind for fault in faults):
            return None
        return Trace(language=self.language, faults=faults, lead=tuple(self.lead), size=size)
