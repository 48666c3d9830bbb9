"""The places that an answer names, checked against the workspace."""

from __future__ import annotations

import re

from agent_core.errors import AgentError
from agent_core.events import Hit
from agent_core.workspace import Workspace

_CITED = re.compile(r"(?<![\w/.:@-])((?:[\w.@+-]+/)*[\w@+-][\w.@+-]*):(\d{1,7})(?:[-–](\d{1,7}))?(?![\w:])")
_MOST = 60


def check_citations(text: str, workspace: Workspace) -> tuple[tuple[Hit, ...], tuple[str, ...]]:
    """The citations of a text as `path:line` or `path:first-last`: those that exist, and those that do not.

    What only looks like a citation (`localhost:8080`, `12:30`) is in neither. Reads files: call it in a
    thread.
    """
    counts: dict[str, int | None] = {}
    good: dict[str, Hit] = {}
    bad: dict[str, None] = {}
    for match in list(_CITED.finditer(text))[:_MOST]:
        path, start, end = match[1], int(match[2]), int(match[3] or match[2])
        if path not in counts:
            counts[path] = _line_count(path, workspace)
        count = counts[path]
        if count is not None and 1 <= start <= end <= count:
            good.setdefault(match[0], Hit(path, start, end, why="cited"))
        elif count is not None or "/" in path or re.search(r"\.[A-Za-z]\w{0,4}$", path):
            bad.setdefault(match[0])
    return tuple(good.values()), tuple(bad)


def _line_count(path: str, workspace: Workspace) -> int | None:
    """Lines of a file; None when there is none at the path."""
    try:
        part = workspace.read_text(path, start=1, end=1)
    except AgentError:
        return None
    return part.total_lines if part.total_lines is not None else 10**7
