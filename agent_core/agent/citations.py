"""What an answer cites, checked: places in the workspace, and numbered events."""

from __future__ import annotations

import re

from agent_core.errors import AgentError
from agent_core.events import Hit
from agent_core.workspace import Workspace

_CITED = re.compile(r"(?<![\w/.:@-])((?:[\w.@+-]+/)*[\w@+-][\w.@+-]*):(\d{1,7})(?:[-–](\d{1,7}))?(?![\w:])")
_MOST = 60
_NUMBERS = re.compile(r"(?:[ \t]|(?<![\w)]))\[(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\]")
_OPENED = re.compile(r"[ \t]?\[[\d,;\s–-]{0,40}$|[ \t]$")


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


class EventCitations:
    """Drops from a text, as it comes, citations such as `[7]` or `[1, 3]` of events that are not there.

    Args:
        count: The numbers that exist are 1 to this one.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._held = ""
        self._before = ""

    def take(self, piece: str) -> str:
        """What can be shown now; the beginning of what may be a citation is held back."""
        text = self._held + piece
        opened = _OPENED.search(text)
        cut = opened.start() if opened else len(text)
        self._held = text[cut:]
        return self._checked(text[:cut])

    def rest(self) -> str:
        """What was held back at the end."""
        text, self._held = self._held, ""
        return self._checked(text)

    def _checked(self, text: str) -> str:
        text = self._before + text
        shown = _NUMBERS.sub(self._kept, text)[len(self._before) :]
        self._before = text[-1:]
        return shown

    def _kept(self, match: re.Match[str]) -> str:
        good = [number for number in re.findall(r"\d+", match[1]) if 1 <= int(number) <= self._count]
        if len(good) == len(re.findall(r"\d+", match[1])):
            return match[0]
        space = match[0][: len(match[0]) - len(match[0].lstrip())]
        return f"{space}[{', '.join(good)}]" if good else ""
