"""Exceptions of Ruby: as the interpreter prints them, old and new, and as Rails logs them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft
from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"(?m)^[^\n:]{0,300}[^\s:]{1,300}:\d{1,7}:in [`']"
    r"|^[^\s:]{1,300}\.(?:erb|haml|slim|rb):\d{1,7}$|<internal:\w{1,40}>:\d{1,7}:in "
)
_TAG = r"(?:\[[\w:.-]{4,60}\] ){0,4}"
_FRAME = re.compile(
    rf"\s*{_TAG}(?:\d{{1,6}}: )?(?:from )?(?P<gem>[\w-]{{1,80}} \([\w.]{{1,30}}\) )?"
    r"(?P<path><internal:[^>\s]{1,60}>|[^\s:][^:`']{0,400}):(?P<line>\d{1,7})"
    r":in [`'](?P<function>.{1,300}?)'(?P<rest>: .*)?$"
)
_VIEW = re.compile(rf"\s*{_TAG}(?P<path>[^\s:]{{1,300}}\.(?:erb|haml|slim|rb)):(?P<line>\d{{1,7}})\s*$")
"""A frame of a view, as Rails cleans them."""
_THROWN = re.compile(r": (?P<message>.*?) ?\((?P<kind>[A-Z][\w:]{0,150})\)\s*$")
_CLOSING = re.compile(r"(?P<message>.*?) ?\((?P<kind>[A-Z][\w:]{0,150})\)\s*$")
_RAILS = re.compile(
    rf".{{0,200}}?{_TAG}(?P<kind>[A-Z]\w{{0,80}}(?:::\w{{1,80}}){{0,8}}) \((?P<message>.*)\)?:?\s*$"
)
_PLAIN = re.compile(
    r".{0,300}?\b(?P<kind>[A-Z]\w{0,80}(?:::[A-Z]\w{0,80}){0,8}(?:Error|Exception|Exit|Interrupt|NotFound\w{0,20})?)"
    r": (?P<message>.*)$"
)
_CAUSED = re.compile(r"\s*(?:Caused by:?|Cause:)\s*(?P<rest>.*)$")
_LEVELS = re.compile(r"\s*\.\.\. \d+ levels")
_NOISE = re.compile(r"\s*[\^~]+\s*$|Traceback \(most recent call last\)")
_NUMBERED = re.compile(r"\s+\d{1,6}: from ")


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("ruby")
    pending: list[str] = []
    earlier: list[Frame] = []
    caused = False
    for line in lines:
        if match := _FRAME.match(line):
            frame = _frame(match)
            if _NUMBERED.match(line):
                earlier.insert(0, frame)
                draft.understood += 1
                continue
            if match["rest"] is not None:
                _settle(draft, pending)
                _thrown(draft, match, frame)
                draft.faults[-1].frames.extend(earlier)
                earlier = []
                continue
            _begin(draft, pending, caused)
            caused = False
            draft.frame(frame)
        elif match := _VIEW.match(line):
            _begin(draft, pending, caused)
            caused = False
            path = match["path"]
            text = f"{path}:{match['line']}"
            draft.frame(Frame(path=path, line=int(match["line"]), library=library_of(path), text=text))
        elif match := _CAUSED.match(line):
            _settle(draft, pending)
            caused = True
            pending.extend([match["rest"]] if match["rest"] else [])
        elif _LEVELS.match(line) or _NOISE.match(line):
            draft.understood += 1
        elif line.strip():
            pending.append(line)
    _settle(draft, pending)
    return draft.trace(size), draft.understood


def _thrown(draft: Draft, match: re.Match[str], frame: Frame) -> None:
    """A fault whose head is its first frame's line; a message of several lines has its type at their end."""
    rest = match["rest"]
    thrown = _THROWN.match(rest)
    message = thrown["message"] if thrown is not None else rest[2:].strip()
    kind = thrown["kind"] if thrown is not None else ""
    text = f"{message} ({kind})" if kind else message
    draft.fault(kind, message, text, "cause" if draft.faults else "")
    draft.frame(frame)


def _begin(draft: Draft, pending: list[str], caused: bool) -> None:
    """A fault whose head stood before its frames."""
    if not pending and draft.faults:
        return
    if draft.faults and draft.faults[-1].frames and not caused:
        _settle(draft, pending)
        return
    heads = [n for n, line in enumerate(pending) if _RAILS.match(line) or _PLAIN.match(line)]
    at = heads[-1] if heads else len(pending) - 1
    for line in pending[:at]:
        draft.lead.append(line.strip())
    text = pending[at].strip() if pending else ""
    match = _RAILS.match(text) or _PLAIN.match(text)
    kind, message = (match["kind"], match["message"].rstrip(":").removesuffix(")")) if match else ("", text)
    fault = draft.fault(kind, message, text, "cause" if draft.faults else "")
    for line in pending[at + 1 :]:
        fault.continued(line.strip())
    pending.clear()


def _settle(draft: Draft, pending: list[str]) -> None:
    for line in pending:
        text = line.strip()
        draft.aside(text)
        if draft.faults and not draft.faults[-1].kind and (closing := _CLOSING.match(text)) is not None:
            draft.faults[-1].kind = closing["kind"]
    pending.clear()


def _frame(match: re.Match[str]) -> Frame:
    path = match["path"].strip()
    gem = (match["gem"] or "").partition(" ")[0]
    name = match["function"]
    text = match[0].strip().removeprefix("from ")
    if match["rest"] is not None:
        text = text[: len(text) - len(match["rest"].rstrip())]
    return Frame(
        path=path, line=int(match["line"]), function=name, library=gem or library_of(path), text=text
    )
