"""Failures of pytest: its own form of a traceback, long and short."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.logs.traces.drafting import Draft, DraftFault
from agent_core.logs.traces.library import library_of
from agent_core.logs.traces.model import Frame, Trace

MARK = re.compile(
    r"(?m)^E {2,7}\S[^\n]*\n(?:[^\n]*\n){0,60}?[^\s:]{1,300}\.py:\d{1,7}: |^[^\s:]{1,300}\.py:\d{1,7}: in "
)
_FRAME = re.compile(
    r"(?P<path>[^\s:]{1,300}\.py):(?P<line>\d{1,7}): ?"
    r"(?:in (?P<function>\S{1,200})|(?P<kind>[A-Z]\w{1,100}))?\s*$"
)
_RAISED = re.compile(r"E {2,7}(?P<text>\S.*)$")
_HEAD = re.compile(r"(?P<kind>[A-Za-z_][\w.]{1,150}): (?P<message>.*)$")
_TITLE = re.compile(r"_{3,} ?(?P<name>[^_].{0,200}?) ?_{3,}$")
_ENTRY = re.compile(r"[ >] {3}(?:async )?def (?P<function>\w{1,200})\(")
_SUMMARY = re.compile(r"(?:FAILED|ERROR) \S+::")


def read(lines: Sequence[str], size: int) -> tuple[Trace | None, int]:
    """The trace in the lines, and how many of them were understood."""
    draft = Draft("python")
    title = function = ""
    frames: list[Frame] = []
    raised: list[str] = []
    for line in [*lines, "____ end ____"]:
        if match := _FRAME.match(line):
            frames.insert(0, _frame(match, function))
            function = ""
            draft.understood += 1
        elif match := _RAISED.match(line):
            raised.append(match["text"])
            draft.understood += 1
        elif match := _ENTRY.match(line):
            function = match["function"]
        elif match := _TITLE.match(line):
            if frames and raised:
                _close(draft, title, frames, raised)
            title, function, frames, raised = match["name"], "", [], []
        elif _SUMMARY.match(line):
            draft.understood += 1
    return draft.trace(size), draft.understood


def _frame(match: re.Match[str], function: str) -> Frame:
    path = match["path"]
    return Frame(
        path=path,
        line=int(match["line"]),
        function=match["function"] or function,
        library=library_of(path),
        text=match[0].strip(),
    )


def _close(draft: Draft, title: str, frames: list[Frame], raised: list[str]) -> None:
    head = next((match for text in raised if (match := _HEAD.match(text))), None)
    kind, message = (head["kind"], head["message"]) if head is not None else ("AssertionError", raised[0])
    text = head[0] if head is not None else raised[0]
    fault = DraftFault(kind=kind, message=message, text=text, relation="member" if draft.faults else "")
    fault.frames.extend(frames)
    if title:
        fault.codes.append(title)
    for more in raised:
        if more != text:
            fault.note(more)
    draft.faults.append(fault)
