"""Tracebacks of Python: chained, grouped, of threads, tasks and crashes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from agent_core.logs.traces.drafting import Draft, DraftFault
from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.model import Frame, Relation, Trace
from agent_core.logs.traces.tracebacks import Block, ordered

MARK = re.compile(
    r'(?m)Traceback \(most recent call last\)|^[ |]{2,40}File "[^"\n]{1,600}", line \d'
    r"|\(most recent call first\):$"
)
_OPEN = re.compile(r"(?P<lead>.{0,800}?)(?:Exception Group )?Traceback \(most recent call last\):\s*$")
_FRAME = re.compile(
    r' {2,}File "(?P<path>[^"]{1,1000})", line (?P<line>\d{1,9})(?:,? in (?P<function>.{1,300}))?$'
)
_REPEATED = re.compile(r"\s+\[Previous line repeated (\d{1,12}) more times?\]")
_HEAD = re.compile(
    r"(?P<kind>(?:[A-Za-z_]\w{0,80}\.)*(?:<locals>\.)?[A-Za-z_]\w{0,100})(?:: (?P<message>.*))?$"
)  # fmt: skip
_LINKS: tuple[tuple[str, Relation], ...] = (
    ("The above exception was the direct cause", "cause"),
    ("During handling of the above exception", "context"),
)
_CARETS = re.compile(r"\s*[\^~]+\s*$")
_GROUP = re.compile(r"(?P<indent> *)(?:\|(?: (?P<inner>.*)|)|\+(?:-\+)?-{4,}(?: [\d.]+ -{4,}|-*))$")
_CRASH = re.compile(r"(?:Fatal Python error: (?P<message>.*)|(?P<head>(?:Current thread|Thread) 0x\w+.*)"
                    r" \(most recent call first\):)$")  # fmt: skip
_REMOTE = re.compile(r"[\w.]{0,60}_RemoteTraceback:\s*$|\"{3}\s*$")
"""What stands around the traceback of another process."""


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("python")
    blocks: list[Block] = []
    link: Relation = ""
    fresh = False
    for raw in lines:
        depth, line, parted = _ungrouped(raw, bool(blocks))
        if parted:
            link, fresh = "", True
            draft.understood += 1
        elif opened := _OPEN.match(line):
            if not link and not depth and opened["lead"].strip():
                draft.lead.append(opened["lead"].strip())
            blocks.append(Block(depth, link))
            link, fresh = "", False
            draft.understood += 1
        elif found := _link(line):
            link = found
            draft.understood += 1
        elif crashed := _CRASH.match(line):
            draft.understood += 1
            _crash(blocks, crashed)
        elif fresh and line.strip():
            blocks.append(Block(depth))
            fresh = False
            draft.understood += _inside(blocks, depth, line)
        elif _REMOTE.match(line):
            draft.understood += 1
        elif blocks and not (blocks[-1].closed and line[:1] == " " and not _FRAME.match(line)):
            draft.understood += _inside(blocks, depth, line)
        elif _FRAME.match(line):
            blocks.append(Block(depth, link))
            draft.understood += _inside(blocks, depth, line)
        elif blocks:
            blocks[-1].fault.note(line.strip())
        elif line.strip():
            draft.lead.append(line.strip())
    draft.faults = ordered(blocks)
    return draft.trace(size), draft.understood


def _link(line: str) -> Relation:
    for words, relation in _LINKS:
        if words in line:
            return relation
    return ""


def _ungrouped(line: str, started: bool) -> tuple[int, str, bool]:
    """How deep in exception groups a line lies, its text, and whether it only parts members."""
    match = (
        _GROUP.match(line) if line[:8].lstrip(" ")[:1] in ("|", "+") or (started and "+-" in line) else None
    )
    if match is None:
        marked = re.match(r" *\+ (Exception Group Traceback.*)", line)
        return (1, marked[1], False) if marked else (0, line, False)
    depth = len(match["indent"]) // 2
    if match["inner"] is None and "+" in line:
        return depth, "", True
    return depth, match["inner"] or "", False


def _crash(blocks: list[Block], match: re.Match[str]) -> None:
    if match["message"] is not None:
        fault = DraftFault("Fatal Python error", match["message"], match[0].strip())
        blocks.append(Block(0, fault=fault, newest_first=True))
    elif blocks and blocks[-1].newest_first and not blocks[-1].fault.frames:
        blocks[-1].fault.note(match["head"])
    else:
        fault = DraftFault(kind=match["head"], text=match["head"])
        blocks.append(Block(0, "thread" if blocks else "", fault, newest_first=True))


def _inside(blocks: list[Block], depth: int, line: str) -> int:
    """Take in a line of a traceback; 1 if it has a form of its own."""
    block = blocks[-1]
    fault = block.fault
    if match := _FRAME.match(line):
        function = (match["function"] or "").strip()
        path = match["path"]
        text = line.strip()
        fault.frames.append(
            Frame(path=path, line=int(match["line"]), function=function, library=library_of(path), text=text)
        )
        return 1
    if (match := _REPEATED.match(line)) and fault.frames:
        last = fault.frames[-1]
        fault.frames[-1] = msgspec.structs.replace(last, count=last.count + int(match[1]))
        return 1
    if line[:2] == "  " and not block.closed:
        if fault.frames and not fault.frames[-1].source and not _CARETS.match(line):
            fault.frames[-1] = msgspec.structs.replace(fault.frames[-1], source=line.strip())
        return 1
    if not line.strip():
        return 0
    if block.closed or block.newest_first:
        fault.note(line.strip())
        return 0
    block.closed = True
    block.depth = depth
    head = _HEAD.match(line)
    fault.kind, fault.message = (head["kind"], head["message"] or "") if head else ("", line.strip())
    fault.text = line.strip()
    return 1 if head else 0
