"""Crashes of native programs: aborts, uncaught exceptions of C++, stacks of debuggers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft
from agent_core.logs.traces.library import library_of, library_of_symbol
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"""(?mx)
      ^\#\d{1,5}[ ][ ]?(?:0x[0-9a-f]+[ ]in[ ])?[^\n]{1,600}(?:[ ]\(|\)[ ]at[ ]|\)[ ]from[ ])
    | terminate[ ]called[ ] | :[ ]Assertion[ ][`'] | \*\*\*[ ][^\n]{1,200}[ ]\*\*\* | received[ ]signal[ ]SIG
    | \bFatal[ ]error:[ ][^\n]{0,300}\.swift | \.swift:\d+:[ ]Fatal[ ]error
    | ^\S{1,300}\([\w+]{0,200}\+0x[0-9a-f]+\)[ ]?\[0x
    """
)
_FRAME = re.compile(
    r"""(?x)\s*\#?\d{1,5}:?[ ]+(?:0x[0-9a-fA-F]+[ ]in[ ])?
    (?P<function>[^\s(][^(]{0,400}?)[ ]?(?:\((?P<arguments>.{0,1500}?)\))?(?:[ ]const)?
    (?:(?:[ ]in[ ]\S{1,100})?[ ]at[ ](?P<path>.{1,500}?):(?P<line>\d{1,7})(?::\d{1,5})?
      |[ ]from[ ](?P<module>\S{1,300})|)\s*$"""
)
_SWIFT = re.compile(
    r"\d{1,5}\s+(?P<module>\S{1,200})\s+0x[0-9a-f]{8,16} (?P<function>.{1,500}?) \+ \d+"
    r"(?:(?: in \S{1,200})? at (?P<path>.{1,500}?):(?P<line>\d{1,7})(?::\d{1,5})?)?\s*$"
)
_SWIFT_5 = re.compile(
    r"\d{1,5} (?:\[\w{1,20}\] )?0x[0-9a-f]{8,16} (?P<function>.{1,500}?) \+ \d+ in (?P<module>\S{1,200})"
    r"(?: at (?P<path>.{1,500}?):(?P<line>\d{1,7})(?::\d{1,5})?)?\s*$"
)
_SYMBOL = re.compile(
    r"(?P<module>\S{1,300})\((?P<function>[\w+@.]{0,300}?)(?:\+0x[0-9a-f]+)?\) ?\[0x[0-9a-f]+\]"
)
_THREAD = re.compile(r"Thread \d+ (?:\(.{1,200}\)|crashed|\".{1,100}\".{0,60}):?|\(gdb\) ")
_HEAD = re.compile(
    r"(?P<text>.{0,300}(?:terminate called|Assertion [`'].{1,500} failed|\*\*\* .{1,300} \*\*\*"
    r"|received signal SIG\w+|Fatal error: |free\(\): |malloc\(\): |corrupted |double free"
    r"|terminated with signal).*)$"
)
_WHAT = re.compile(r"\s*what\(\): +(?P<message>.*)$")
_THROWN = re.compile(r"instance of '(?P<kind>[^']{1,300})'")
_NOISE = re.compile(
    r"=+ (?:Backtrace|Memory map)|\[New (?:Thread|LWP)|\[Thread debugging|Core was generated"
    r"|Using host libthread"
)


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("c")
    for line in lines:
        if match := _WHAT.match(line):
            _what(draft, match["message"])
        elif match := _HEAD.match(line):
            text = match["text"].strip()
            thrown = _THROWN.search(text)
            kind = thrown["kind"] if thrown is not None else text.rpartition(": ")[0] or text
            draft.fault(kind, "" if thrown is not None else text, text, "member" if draft.faults else "")
        elif _THREAD.match(line):
            if not draft.faults or draft.faults[-1].frames:
                draft.fault(line.strip(), "", line, "thread" if draft.faults else "")
        elif match := _SWIFT.match(line) or _SWIFT_5.match(line):
            draft.frame(_swift(match))
        elif match := _SYMBOL.match(line):
            draft.frame(_symbol(match))
        elif (match := _FRAME.match(line)) and (
            match["path"] or match["module"] or match["arguments"] is not None
        ):
            draft.frame(_frame(match))
        elif _NOISE.match(line):
            draft.understood += 1
        elif line.strip():
            draft.aside(line.strip())
    return draft.trace(size), draft.understood


def _what(draft: Draft, message: str) -> None:
    draft.understood += 1
    if not draft.faults:
        draft.fault("", message, f"what():  {message}")
        return
    draft.faults[-1].message = message
    draft.faults[-1].text += f" what():  {message}"


def _swift(match: re.Match[str]) -> Frame:
    module, function, path = match["module"], match["function"], match["path"] or ""
    library = library_of(path) or (module if module.startswith("lib") else "")
    place = f" at {path}:{match['line']}" if path else ""
    line = int(match["line"] or 0)
    return Frame(path=path, line=line, function=function, library=library, text=function + place)


def _symbol(match: re.Match[str]) -> Frame:
    function, module = match["function"].partition("+")[0], match["module"]
    library = library_of_symbol(function) or library_of(module)
    return Frame(function=function, library=library, text=f"{module}({function})")


def _frame(match: re.Match[str]) -> Frame:
    function, path = match["function"].strip(), match["path"] or ""
    line = int(match["line"] or 0)
    library = library_of_symbol(function) or library_of(path or match["module"] or "")
    where = f" at {path}:{line}" if path else f" from {match['module']}" if match["module"] else ""
    arguments = match["arguments"]
    shown = "" if arguments is None else f" ({arguments})" if len(arguments) <= 60 else " (…)"
    return Frame(path=path, line=line, function=function, library=library, text=f"{function}{shown}{where}")
