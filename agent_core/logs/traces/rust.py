"""Panics of Rust in both forms, backtraces, and the causes that anyhow and eyre list."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from agent_core.logs.traces.drafting import Draft
from agent_core.logs.traces.library import library_of, library_of_name, library_of_symbol
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"(?m)\bpanicked at |^\s{0,20}\d{1,5}: +(?:0x[0-9a-f]+ - )?<?[\w:$]+(?:::|>)"
    r"|^Caused by:\n\s+|^Location:\n\s+\S+\.rs:"
)
_THREAD = r"(?P<lead>.{0,300}?)thread '[^']{0,200}' (?:\(\d+\) )?panicked at "
_OLD = re.compile(rf"{_THREAD}'(?P<message>.*)', (?P<path>[^\s:']+):(?P<line>\d+)")
_NEW = re.compile(rf"{_THREAD}(?P<path>\S+?):(?P<line>\d+):\d+:?\s*(?P<message>.*)$")
_CALL = re.compile(r"\s{0,30}\d{1,5}: +(?:0x[0-9a-f]+ - )?(?P<function>\S.*)$")
_PLACE = re.compile(r"\s+at (?P<path>.{1,600}?):(?P<line>\d{1,7})(?::\d{1,5})?\s*$")
_WHERE = re.compile(r"\s+(?P<path>\S+\.rs):(?P<line>\d{1,7})(?::\d{1,5})?\s*$")
_CAUSES = re.compile(r"\s*(?:Caused by|Error):\s*$")
_CAUSE = re.compile(r"\s+(?:\d{1,3}: )?(?P<message>\S.*)$")
_ERROR = re.compile(r"(?:Error|error): (?P<message>.+)$")
_BACKTRACE = re.compile(r"\W*(?:stack )?backtrace\W*$", re.I)
_NOISE = re.compile(r"note: |\s*⋮|Run with |Backtrace omitted|\s*[━─]{3,}|Location:")
_HASH = re.compile(r"::h[0-9a-f]{16}$")


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("rust")
    state = ""
    call = ""
    for line in lines:
        if match := _OLD.match(line) or _NEW.match(line):
            call = _call(draft, call)
            _panic(draft, match, line)
            state = "message"
        elif _BACKTRACE.match(line):
            state = "frames"
            draft.understood += 1
        elif _NOISE.match(line) or _CAUSES.match(line):
            state = "causes" if _CAUSES.match(line) else "" if state == "message" else state
            draft.understood += 1
        elif (match := _PLACE.match(line)) and call:
            draft.frame(_frame(call, match["path"], int(match["line"])))
            draft.understood += 1
            call = ""
        elif state == "causes" and (match := _CAUSE.match(line)) and not _WHERE.match(line):
            text = match["message"]
            draft.fault(
                "", text, text if not draft.faults else f"caused by {text}", "cause" if draft.faults else ""
            )
        elif (match := _WHERE.match(line)) and draft.faults:
            frame = _frame("", match["path"], int(match["line"]))
            text = f"at {frame.path}:{frame.line}"
            draft.faults[-1].frames.insert(0, msgspec.structs.replace(frame, text=text))
            draft.understood += 1
        elif state != "message" and (match := _CALL.match(line)):
            _call(draft, call)
            call = _HASH.sub("", match["function"].strip())
        elif not draft.faults and (match := _ERROR.match(line)):
            draft.fault("Error", match["message"], line)
        elif line.strip():
            _text(draft, line.strip(), state)
        else:
            state = "" if state == "causes" and draft.faults else state
    _call(draft, call)
    return _finished(draft).trace(size), draft.understood


def _panic(draft: Draft, match: re.Match[str], line: str) -> None:
    fault = draft.fault("panic", match["message"], line.strip(), "context" if draft.faults else "")
    frame = _frame("", match["path"], int(match["line"]))
    if not frame.library:
        fault.frames.append(frame)


def _call(draft: Draft, call: str) -> str:
    """Take in a call that no place followed."""
    if call:
        draft.frame(_frame(call, "", 0))
    return ""


def _text(draft: Draft, text: str, state: str) -> None:
    if not draft.faults:
        draft.lead.append(text)
    elif state == "message" and not draft.faults[-1].message:
        draft.faults[-1].message = text
        draft.faults[-1].text += f" {text}"
        draft.understood += 1
    elif state == "message":
        draft.faults[-1].continued(text)
    else:
        draft.faults[-1].note(text)


def _finished(draft: Draft) -> Draft:
    """Leave out the place of a panic where its backtrace names it, too; the head has it in any case."""
    for fault in draft.faults:
        if fault.kind == "panic" and fault.frames and not fault.frames[0].function:
            line = fault.frames[0].line
            own = [frame for frame in fault.frames[1:] if not frame.library]
            if any(frame.line == line for frame in own):
                del fault.frames[0]
    return draft


def _frame(function: str, path: str, line: int) -> Frame:
    library = library_of(path) or ("" if path else library_of_name(function) or library_of_symbol(function))
    if not path and function == "main":
        library = "libc"
    place = f" at {path}:{line}" if path and function else ""
    return Frame(path=path, line=line, function=function, library=library, text=f"{function}{place}")
