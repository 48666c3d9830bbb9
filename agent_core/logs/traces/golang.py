"""Panics, fatal errors, goroutine dumps and data races of Go, and errors printed with their stack."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft
from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.model import Frame, Relation, Trace

MARK = re.compile(
    r"(?m)^goroutine \d+ [^\n]{0,200}\]:|^[ \t]{1,12}[^\s:]{1,500}\.(?:go|s):\d{1,7}\b|\bpanic: "
    r"|^fatal error: |^WARNING: DATA RACE"
)
_PLACE = re.compile(
    r"\s+(?P<path>[^\s:][^:]{0,500}\.(?:go|s|cgo\d?\.c)):(?P<line>\d{1,7})(?: \+0x[0-9a-f]+.*)?$"
)
_HEAD = re.compile(
    r"(?P<lead>.{0,300}?)\b(?P<kind>panic(?: serving \S{1,100})?|fatal error|WARNING: DATA RACE"
    r"|SIG[A-Z]{3,6})(?:: (?P<message>.*)|$)"
)
_AGAIN = re.compile(r"\s+panic: ")
_GOROUTINE = re.compile(
    r"(?:goroutine \d+ .{0,200}\[(?P<state>[^\]]{1,200})\]:|goroutine \d+ \[.{0,200}:)\s*$"
)
_SECTION = re.compile(
    r"(?:Previous )?(?:[Rr]ead|[Ww]rite|atomic \w+) (?:at|of) .{1,100} by .{1,60}:$"
    r"|Goroutine \d+ .{1,40} created at:$"
)
_NOISE = re.compile(
    r"exit status \d|={10,}|Found \d+ data race|\.\.\.(?:\d+ frames|additional frames) elided|rax |PC="
)
_SIGNAL = re.compile(r"\[signal |SIG[A-Z]+: ")
_PANICS = ("panic", "runtime.gopanic", "runtime.sigpanic", "runtime.panicmem")
_ARGUMENTS = re.compile(r"\((?:0x|\{|\.\.\.|[\d, ])[^()]*\)$")


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("go")
    pending: list[str] = []
    for line in lines:
        if match := _PLACE.match(line):
            function = pending.pop().strip() if pending else ""
            _settle(draft, pending)
            draft.frame(_frame(function, match))
            draft.understood += 1
        elif _GOROUTINE.match(line) or _SECTION.match(line.strip()):
            _settle(draft, pending)
            _section(draft, line.strip())
        elif _SIGNAL.match(line) and draft.faults:
            draft.faults[-1].codes.append(line.strip())
            draft.understood += 1
        elif _AGAIN.match(line) and draft.faults:
            draft.faults[0].codes.append(line.strip())
            draft.understood += 1
        elif not draft.faults and (match := _HEAD.match(line)):
            draft.lead.extend(before.strip() for before in pending)
            pending.clear()
            draft.fault(match["kind"], match["message"] or "", line)
        elif _NOISE.match(line):
            draft.understood += 1
        elif line.strip():
            pending.append(line)
    _settle(draft, pending)
    for fault in draft.faults:
        _rotate(fault.frames)
    return draft.trace(size), draft.understood


def _rotate(frames: list[Frame]) -> None:
    """Put first what called `panic`: functions that were deferred run above it."""
    at = next((n for n in range(len(frames) - 1, -1, -1) if frames[n].function in _PANICS), -1)
    frames[:] = [*frames[at + 1 :], *frames[: at + 1]]


def _settle(draft: Draft, pending: list[str]) -> None:
    """Keep lines that are no call: an error's message before its stack, or what a panic says further."""
    for line in pending:
        text = line.strip()
        if not draft.faults:
            kind, _, message = text.partition(": ")
            draft.fault(kind if message else "error", message or text, text)
            draft.understood -= 1
        else:
            draft.faults[-1].further(text)
    pending.clear()


def _section(draft: Draft, text: str) -> None:
    """Begin the stack of a goroutine; that of the first is the panic's own."""
    draft.understood += 1
    raced = not text.startswith("goroutine")
    if draft.faults and not raced and not any(fault.frames for fault in draft.faults):
        if "running" not in text:
            draft.faults[-1].note(text)
        return
    told = (raced and "created" not in text) or (draft.faults and "deadlock" in draft.faults[0].message)
    relation: Relation = "" if not draft.faults else "member" if told else "thread"
    draft.fault(text.rstrip(":"), "", text, relation)


def _frame(function: str, match: re.Match[str]) -> Frame:
    path, line = match["path"], int(match["line"])
    name = _ARGUMENTS.sub("", function)
    shown = f"{name}(...)" if name != function else function
    return Frame(
        path=path,
        line=line,
        function=name.removesuffix("()").removeprefix("created by ").partition(" in goroutine ")[0],
        library=library_of(path),
        text=f"{shown} {path}:{line}".strip(),
    )
