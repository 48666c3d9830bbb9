"""Exceptions of PHP: uncaught ones, those with a previous one, and those that frameworks log."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft
from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"(?m)^#\d{1,5} (?:[^\n(]{1,500}\(\d{1,7}\): |\[internal function\]: |\{main\})"
    r"|\bPHP (?:Fatal|Parse) error: |^\s{0,4}thrown in [^\n]{1,500} on line \d"
)
_FRAME = re.compile(
    r"\s*#\d{1,5} (?:(?P<path>[^(]{1,500})\((?P<line>\d{1,7})\)|\[internal function\]): (?P<call>.*)$"
)
_AT = r"(?P<path>[^\s:()]{1,500}):(?P<line>\d{1,7})"
_HEAD = re.compile(
    r"(?P<lead>.{0,300}?)(?P<next>Next )?\b"
    r"(?P<kind>\\?[A-Z][\w\\]{0,200}(?:Exception|Error)|(?:Type|Value|Argument\w{1,20}|Arithmetic|Parse)?Error)"
    rf"(?:: (?P<message>.*?))? in {_AT}\s*$"
)
_QUOTED = re.compile(
    r"(?P<lead>.{0,300}?)(?P<next>Next )?exception '(?P<kind>[\w\\]{1,200})'"
    rf"(?: with message '(?P<message>.*)')? in {_AT}\s*$"
)
_OBJECT = re.compile(
    r"(?P<lead>.{0,1500}?)\[object\] \((?P<kind>[\w\\]{1,200})\(code: \w{1,20}\): (?P<message>.*?) at "
    rf"{_AT}\)"
)
_FATAL = re.compile(
    r".{0,200}?(?:PHP )?(?P<kind>(?:Fatal|Parse|Recoverable fatal) error):\s+(?P<message>.*)"
    r" in (?P<path>\S{1,500}) on line (?P<line>\d{1,7})"
)
_LONG = 60
_NOISE = re.compile(r"\s*(?:Stack trace:|\[stacktrace\]|\"\}|thrown in |#\d+ \{main\})")


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("php")
    pending: list[str] = []
    following = False
    for line in lines:
        if match := _FRAME.match(line):
            _settle(draft, pending)
            draft.frame(_frame(match, line))
        elif _NOISE.match(line):
            _settle(draft, pending)
            draft.understood += 1
        elif match := _HEAD.match(line) or _QUOTED.match(line) or _OBJECT.match(line) or _FATAL.match(line):
            _settle(draft, pending)
            following = following or bool(match.groupdict().get("next"))
            _fault(draft, match, line)
        elif line.strip():
            pending.append(line)
    _settle(draft, pending)
    if following:
        draft.faults.reverse()
        for number, fault in enumerate(draft.faults):
            fault.relation = "cause" if number else ""
    return draft.trace(size), draft.understood


def _fault(draft: Draft, match: re.Match[str], line: str) -> None:
    text = line.strip()
    if "[object]" in text:
        kind, message = match["kind"], match["message"]
        before = match["lead"].partition(" {")[0].strip()
        if before and not draft.faults and message not in before:
            draft.lead.append(before)
        text = f"{kind}: {message} at {match['path']}:{match['line']}"
    fault = draft.fault(match["kind"], match["message"] or "", text, "cause" if draft.faults else "")
    path = match["path"]
    fault.frames.append(Frame(path=path, line=int(match["line"]), library=library_of(path)))


def _settle(draft: Draft, pending: list[str]) -> None:
    for line in pending:
        text = line.strip()
        if not draft.faults:
            draft.lead.append(text)
        elif len(draft.faults[-1].frames) > 1:
            draft.faults[-1].note(text)
        else:
            draft.faults[-1].continued(text)
    pending.clear()


def _frame(match: re.Match[str], line: str) -> Frame:
    path = match["path"] or ""
    function = match["call"].partition("(")[0]
    library = library_of(path) if path else "php"
    arguments = match["call"][len(function) :]
    text = line.strip().removesuffix(arguments) + "(…)" if len(arguments) > _LONG else line.strip()
    return Frame(path=path, line=int(match["line"] or 0), function=function, library=library, text=text)
