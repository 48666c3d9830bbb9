"""The places in the workspace that a trace, or the text of any other event, leads to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from agent_core.logs.api import CodePlace
from agent_core.logs.traces.model import Trace

MOST = 12
_MAX_TEXT = 10_000
_FILE = r"[\w./\\@~+-]{1,300}\.[A-Za-z]\w{0,9}"
_MENTIONS = tuple(
    re.compile(form)
    for form in (
        r"File \"(?P<path>[^\"\n]{1,300})\", line (?P<line>\d{1,7})(?:,? in (?P<function>[\w.<>]{1,200}))?",
        rf"(?P<path>(?:[A-Za-z]:|file://|webpack://)?{_FILE})[:(](?P<line>\d{{1,7}})\b",
        rf"(?P<path>{_FILE})[\"']?,? (?:on |at )?line (?P<line>\d{{1,7}})",
    )
)
"""How compilers, linters and messages name a line of a file."""

Known = Callable[[str], str | None]


def places(trace: Trace, *, known: Known) -> tuple[CodePlace, ...]:
    """The workspace's own frames, the most telling first: of the root cause outwards, the innermost first.

    Args:
        trace: The trace.
        known: The workspace's file for a frame's path, None where it is not of the workspace.
    """
    led = [fault for fault in trace.faults if fault.relation != "thread"]
    others = [fault for fault in trace.faults if fault.relation == "thread"]
    first = trace.root
    ordered = [first, *(fault for fault in reversed(led) if fault is not first), *others]
    found = (
        CodePlace(path, frame.line, frame.function)
        for fault in ordered
        for frame in fault.frames
        if frame.path and (path := known(frame.path)) is not None
    )
    return _bounded(found)


def mentioned(text: str, *, known: Known) -> tuple[CodePlace, ...]:
    """The places of the workspace that a text names as `path:line` or in words, in order."""
    text = text[:_MAX_TEXT]
    matches = sorted(
        (match for form in _MENTIONS for match in form.finditer(text)), key=lambda match: match.start()
    )
    return _bounded(_known(matches, known))


def _known(matches: Iterable[re.Match[str]], known: Known) -> Iterator[CodePlace]:
    for match in matches:
        path = known(match["path"])
        if path is not None:
            yield CodePlace(path, int(match["line"]), match.groupdict().get("function") or "")


def _bounded(found: Iterable[CodePlace]) -> tuple[CodePlace, ...]:
    """The first few, each place once."""
    result: dict[tuple[str, int], CodePlace] = {}
    for place in found:
        result.setdefault((place.path, place.line), place)
        if len(result) == MOST:
            break
    return tuple(result.values())
