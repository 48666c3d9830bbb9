"""Reports of the sanitizers of C and C++ (address, thread, leak, undefined behaviour) and of valgrind."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft
from agent_core.logs.traces.library import library_of, library_of_symbol
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"(?m)\b(?:Address|Leak|Thread|Memory|UndefinedBehavior|HWAddress)Sanitizer\b|: runtime error: "
    r"|^==\d+==\s+(?:at|by) 0x"
)
_HEAD = re.compile(
    r"(?P<lead>.{0,200}?)(?P<id>==\d+== ?)?(?P<word>ERROR|WARNING): (?P<kind>\w{2,20}Sanitizer): "
    r"(?P<message>.*)$"
)
_UNDEFINED = re.compile(r"(?P<path>[^\s:]{1,400}):(?P<line>\d{1,7}):\d{1,5}: runtime error: (?P<message>.*)$")
_FRAME = re.compile(r"\s*#\d{1,5} +(?:0x[0-9a-f]+ +)?(?:in +)?(?P<rest>\S.*)$")
_SOURCE = re.compile(
    r"(?P<function>.{0,600}?) ?(?P<path>[^\s()]{1,500}\.\w{1,8}):(?P<line>\d{1,7})(?::\d{1,5})?"
    r"(?: \(.*\))?\s*$"
)
_MODULE = re.compile(
    r"(?P<function>.{0,600}?) ?\(?(?P<path>/?[^\s()]{1,400})\+0x[0-9a-f]+\)?(?: \(BuildId.*\))?\s*$"
)
_VALGRIND = re.compile(r"==\d+== ?(?P<text>.*)$")
_CALL = re.compile(
    r"\s+(?:at|by) 0x[0-9A-Fa-f]+: (?P<function>.{1,400}?)"
    r"(?: \((?:(?P<path>[^:()]{1,200}):(?P<line>\d{1,7})|in (?P<module>[^()]{1,300}))\))?\s*$"
)
_SECTION = re.compile(
    r"\s*(?:Previous |Direct |Indirect )?.{1,200}"
    r"(?:here|by (?:thread|main thread).{0,60}|created at|by .{1,60} at|allocated from|blamed on):\s*$"
)
_NOISE = re.compile(
    r"""(?x)=+\s*$ | \s*(?:=>)?\s*0x[0-9a-f]+:[ ]?(?:\[?[0-9a-f]{2}\]?[ \[\]]?){4} | Shadow[ ]
    | \s+(?:Addressable|Partially|Heap|Freed|Stack|Global|Poisoned|Container|Array|Intra|ASan
      |Left|Right|After)
      [\w -]{0,60}:[ ]
    | ==\d+==(?:ABORTING|HINT) | \s+This[ ]frame[ ]has | HINT: | AddressSanitizer:DEADLYSIGNAL"""
)
_IDLE = re.compile(
    r"\s|For |Use |Rerun|HEAP|LEAK|ERROR SUMMARY|Memcheck|Copyright|Using|Command|All heap"
    r"|If you|overflow|possible|main thread|The main"
)
_ADDRESS = re.compile(r" at pc 0x.*")
_IMPORTANT = re.compile(
    r"\s*(?:(?:READ|WRITE) of size|0x[0-9a-f]+ is located|The signal is caused|Address 0x"
    r"|Process terminating)"
    r"|SUMMARY: LeakSanitizer"
)


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("c")
    fresh = True
    for line in lines:
        checked = _VALGRIND.match(line) if not _HEAD.match(line) and not _NOISE.match(line) else None
        if checked is not None:
            fresh = _checked(draft, checked["text"], fresh)
        elif match := _HEAD.match(line):
            _report(draft, match)
        elif match := _UNDEFINED.search(line):
            fault = draft.fault("runtime error", match["message"], line, "member" if draft.faults else "")
            path = match["path"]
            fault.frames.append(Frame(path=path, line=int(match["line"]), library=library_of(path)))
        elif (match := _FRAME.match(line)) and draft.faults:
            draft.frame(_frame(match["rest"], line.strip()))
        elif _NOISE.match(line):
            draft.understood += 1
        elif _SECTION.match(line) and draft.faults:
            draft.fault(line.strip().rstrip(":"), "", line, "member")
        elif line.strip():
            _text(draft, line.strip())
    return draft.trace(size), draft.understood


def _report(draft: Draft, match: re.Match[str]) -> None:
    message = _ADDRESS.sub("", match["message"])
    text = f"{match['id'] or ''}{match['word']}: {match['kind']}: {message}"
    if match["lead"].strip():
        draft.lead.append(match["lead"].strip())
    draft.fault(match["kind"], message, text, "member" if draft.faults else "")


def _text(draft: Draft, text: str) -> None:
    if not draft.faults:
        draft.lead.append(text)
    elif _IMPORTANT.match(text):
        draft.faults[-1].codes.append(text)
        draft.understood += 1
    elif text.startswith("SUMMARY: "):
        draft.understood += 1
        if not any(frame.line for fault in draft.faults for frame in fault.frames):
            draft.faults[0].codes.append(text)
    else:
        draft.faults[-1].note(text)


def _frame(rest: str, text: str) -> Frame:
    match = _SOURCE.match(rest) or _MODULE.match(rest)
    if match is None:
        return Frame(function=rest, library=library_of_symbol(rest), text=rest)
    function, path = match["function"].strip(), match["path"]
    line = int(match.groupdict().get("line") or 0)
    library = library_of_symbol(function) or library_of(path)
    shown = f"{function} {path}:{line}" if line else f"{function} ({path})"
    return Frame(path=path if line else "", line=line, function=function, library=library, text=shown.strip())


def _checked(draft: Draft, text: str, fresh: bool) -> bool:
    """Take in a line of valgrind; whether the next one begins an error."""
    draft.understood += 1
    if not text.strip():
        return True
    if match := _CALL.match(text):
        function, path = match["function"], match["path"] or ""
        library = library_of_symbol(function) or library_of(match["module"] or path)
        line = int(match["line"] or 0)
        where = f" ({path}:{line})" if path else f" (in {match['module']})" if match["module"] else ""
        draft.frame(Frame(path=path, line=line, function=function, library=library, text=function + where))
    elif fresh and not _IDLE.match(text):
        draft.fault(text.strip(), "", text, "member" if draft.faults else "")
        return False
    elif draft.faults and _IMPORTANT.match(text):
        draft.faults[-1].codes.append(text.strip())
    return False
