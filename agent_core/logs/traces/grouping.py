"""Which lines of a log without heads, or which of its records, are one stack trace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent_core.logs.traces import forms

TRACE_LINE = re.compile(f"^(?:{'|'.join((*forms.FRAMES, *forms.LINKS, *forms.STARTS))})")
"""A line, without the head of a logger, that is part of a stack trace; RE2 understands the pattern, too."""

_FRAME = re.compile("|".join((*forms.FRAMES, *forms.LINKS)))
_START = re.compile("|".join(forms.STARTS))
_NEAR = 40
_BETWEEN = 6
"""Lines of a message that may lie between the head of a trace and its first frame."""

_State = Literal[
    "",
    "head",
    "quote",
    "python",
    "raised",
    "go",
    "rust",
    "crash",
    "rule",
    "sanitizer",
    "summary",
    "ended",
    "check",
    "frames",
]


@dataclass(slots=True)
class _Event:
    """An event as far as it is known. `state` says what may follow, `last` is its last line with text."""

    state: _State = ""
    last: str = ""
    gap: bool = False
    linked: bool = False

    def takes(self, line: str) -> bool:
        """Whether the line belongs to the event; if so it is taken in."""
        line = line[: forms.MAX_LINE]
        if not line.strip():
            self.gap = True
            return self.state != ""
        state = self._with(line) if self.last else _begun(line)
        if state is None:
            return False
        self.linked = forms.CHAINED.match(line) is not None or (self.linked and self.gap)
        self.state, self.last, self.gap = state, line, False
        return True

    def _with(self, line: str) -> _State | None:
        if self.state == "check":
            return None if forms.CHECK.match(line) or forms.CHECK_END.match(line) else "check"
        if forms.STAMPED.match(line):
            return None
        if self.state in ("rule", "sanitizer", "summary", "ended"):
            return self._reported(line)
        if forms.TRACEBACK.match(line):
            introduced = self.state in ("", "head") and forms.INTRO.match(self.last)
            return "python" if self.linked or introduced else None
        if forms.CRASH.match(line):
            return "crash" if self.state in ("head", "crash") else None
        if forms.CHECKED.match(line) and not forms.CHECKED.match(self.last):
            return None
        if forms.RUBY.match(line):
            return "frames" if self.state in ("frames", "python") and self.last[0] in " \t" else None
        if _FRAME.match(line):
            return _after_frame(line, self.state)
        return self._with_text(line)

    def _reported(self, line: str) -> _State | None:
        """The state within the report of a sanitizer."""
        if self.state == "rule":
            return "sanitizer" if forms.SANITIZER.match(line) else None
        if self.state == "summary":
            return "summary" if forms.SUMMED.match(line) else None
        if self.state == "ended" or forms.SANITIZER_END.match(self.last):
            return "ended" if forms.TOLD.match(line) else None
        return "summary" if forms.SUMMARY.match(line) else "sanitizer"

    def _with_text(self, line: str) -> _State | None:
        """The state after a line that has no form of a trace, None where it is none of this event."""
        indented = line[0] in " \t"
        if self.state and (indented or forms.CLOSING.match(line) or forms.TOLD.match(line)):
            return self.state if self.state != "frames" or not forms.HEAD.match(line) else "head"
        if self.state == "python":
            ended = self.gap or self.last[0] not in " \t" or forms.GROUP_END.match(self.last)
            return None if ended else "raised"
        if self.state == "raised":
            return "raised" if not self.gap and forms.NOTE.match(line) else None
        if self.state == "go":
            return "go" if forms.GO_CALL.match(line) else None
        if self.state == "rust":
            return None if self.gap else "rust"
        if self.state == "quote" and (forms.QUOTE.match(self.last) or forms.CARETS.match(self.last)):
            return "head" if self.gap else "quote"
        if forms.HEAD.match(line):
            return "head" if self._awaits_head() else None
        return "head" if self.state == "head" and self.last[-1] in ":;," else None

    def _awaits_head(self) -> bool:
        if self.state == "quote":
            return True
        told = forms.STAMPED.match(self.last) is not None and forms.INTRO.match(self.last) is not None
        return not self.gap and (self.last[-1] in ":;" if self.state else told)


def joins(previous_lines: Sequence[str], line: str) -> bool:
    """Whether a line goes on with the event that the lines before it are, a stack trace or its beginning.

    Lines are without the heads of loggers. Looks at the first and the last few lines only.
    """
    event = _Event()
    near = [*previous_lines[:3], *previous_lines[max(3, len(previous_lines) - _NEAR) :]]
    for before in near:
        if not event.takes(before):
            event = _Event()
            event.takes(before)
    return event.last != "" and event.takes(line)


def groups(lines: Sequence[str]) -> list[tuple[int, int]]:
    """The events that the lines make up: (first, behind the last), from 0, in order.

    A line that is no part of a trace is an event of its own, an empty one between events none. A line of
    another program amid a trace ends it; what follows of the trace is an event without a head.
    """
    found: list[tuple[int, int]] = []
    event, start = _Event(), 0
    torn = False
    for number, line in enumerate(lines):
        stacked = event.state in ("", "go") and _stacked(lines, number)
        if not event.last:
            event.takes(line)
            start = number
        elif stacked and event.state == "go" and not event.gap:
            event.last = line
        elif (torn and number == start + 1 and _FRAME.match(line)) or not event.takes(line):
            torn = number - start > 1 and _tears(event, line)
            _close(lines, start, number, found)
            event, start = _Event(), number
            event.takes(line)
        if stacked and start == number and event.last:
            event.state = "go"
    _close(lines, start, len(lines), found)
    return found


def _stacked(lines: Sequence[str], number: int) -> bool:
    """Whether a line is the message of an error of Go that brings its stack along, as wrapped ones do."""
    if number + 2 >= len(lines) or not lines[number].strip() or forms.STAMPED.match(lines[number]):
        return False
    function, place = lines[number + 1][: forms.MAX_LINE], lines[number + 2][: forms.MAX_LINE]
    return forms.GO_FUNCTION.match(function) is not None and forms.GO_PLACE.match(place) is not None


def _begun(line: str) -> _State:
    """The state after an event's first line."""
    if forms.CHECK.match(line):
        return "check"
    if forms.RULE.match(line):
        return "rule"
    if forms.SANITIZER.match(line):
        return "sanitizer"
    if forms.CRASH.match(line):
        return "crash"
    if forms.TRACEBACK.match(line):
        return "python"
    if forms.GO_START.match(line):
        return "go"
    if forms.RUST.match(line):
        return "rust"
    if forms.QUOTE.match(line):
        return "quote"
    if _FRAME.match(line):
        return _after_frame(line, "")
    return "head" if _START.match(line) else ""


def _after_frame(line: str, before: _State) -> _State:
    if forms.FILE.match(line):
        return "crash" if before == "crash" else "python"
    if forms.GO.match(line):
        return "go"
    if forms.RUST.match(line):
        return "rust"
    if before in ("python", "raised", "quote", "crash"):
        return before
    return "head" if forms.LINK.match(line) else "frames"


def _tears(event: _Event, line: str) -> bool:
    """Whether a line of another program breaks into a trace that has not come to its end."""
    open_ended = event.state in ("python", "go", "frames") and not event.gap
    return open_ended and forms.STAMPED.match(line) is not None and forms.INTRO.match(line) is None


def _close(lines: Sequence[str], start: int, end: int, found: list[tuple[int, int]]) -> None:
    """Add an event; one that begins with a message and has frames takes a head just before it along."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    if end == start:
        return
    if end - start > 1 and _FRAME.match(lines[start + 1]):
        at = len(found)
        while at and len(found) - at < _BETWEEN and found[at - 1][1] - found[at - 1][0] == 1:
            at -= 1
            if _START.match(lines[found[at][0]]) or forms.STAMPED.match(lines[found[at][0]]):
                break
        if at < len(found) and _awaits(lines, found[at][0], found[-1][1], start):
            start = found[at][0]
            del found[at:]
    found.append((start, end))


def _awaits(lines: Sequence[str], head: int, last: int, start: int) -> bool:
    """Whether a lone head, directly before, is one that no frames have followed yet."""
    return start - last <= 1 and _START.match(lines[head]) is not None and not _START.match(lines[start])
