"""Telling whether two traces are of the same fault."""

from __future__ import annotations

import re
from itertools import islice

from agent_core.logs.traces.model import Fault, Frame, Trace

FRAMES = 4
"""Frames of each fault that count: the innermost of its own code, else the innermost ones."""
_MAX_MESSAGE = 300
_MASKS = (
    (re.compile(r"'[^'\n]{0,200}'|\"[^\"\n]{0,200}\"|`[^`\n]{0,200}[`']|“[^”\n]{0,200}”"), "'*'"),
    (re.compile(r"\b(?:https?|wss?|tcp|file|jdbc:\w{1,20})://\S{1,300}"), "<url>"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][\w.@~+-]{1,100}){2,30}"), "<path>"),
    (re.compile(r"\b(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{6,64}(?:-[0-9a-fA-F]{2,16}){0,8}\b"), "#"),
    (re.compile(r"\b[\w-]{0,40}\d[\w-]{0,40}\b"), "#"),
)  # fmt: skip
_GENERATED = re.compile(r"\$\$?[\w$]{0,40}\d[\w$]{0,80}|0x[0-9a-fA-F]+|\d+(?=\W|$)|::h[0-9a-f]{16}|<locals>")


def signature(trace: Trace) -> str:
    """What is the same in all traces of one fault: types, masked messages, functions of the innermost frames.

    Numbers, addresses, quoted values, paths and URLs of messages do not count, nor do lines of code, so that
    a fault keeps its signature over small edits.
    """
    parts = [trace.language]
    for fault in trace.faults:
        if fault.relation == "thread":
            break
        parts.append(_of_fault(fault))
    return "\n".join(dict.fromkeys(parts))


def masked(message: str) -> str:
    """A message without what differs from one occurrence to the next."""
    text = message[:_MAX_MESSAGE].partition("\n")[0]
    for pattern, mark in _MASKS:
        text = pattern.sub(mark, text)
    return " ".join(text.split())


def _of_fault(fault: Fault) -> str:
    own = (frame for frame in fault.frames if not frame.library)
    frames = list(islice(own, FRAMES)) or list(fault.frames[:FRAMES])
    calls = "<".join(_of_frame(frame) for frame in frames)
    return f"{fault.relation} {_GENERATED.sub('#', fault.kind)}: {masked(fault.message)} @ {calls}"


def _of_frame(frame: Frame) -> str:
    name = frame.function or frame.path.replace("\\", "/").rpartition("/")[2]
    return _GENERATED.sub("#", name)
