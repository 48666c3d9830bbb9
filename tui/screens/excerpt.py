"""What stands at a place that a search found: why it is there, and its lines in colour."""

from __future__ import annotations

from agent_core.errors import AgentError
from agent_core.text import one_line, printable
from agent_core.workspace import Workspace
from tui.found import Spot
from tui.screens.preview import coloured
from tui.widgets.rows import Item
from tui.widgets.transcript.lines import Line, Run, at_most, wrap

_BEFORE = 3
_MOST = 120
_LONGEST = 400
_MOST_REASONS = 4


def read(workspace: Workspace, spot: Spot, width: int) -> list[Item]:
    """The rows of a place for a window of so many columns; blocks. A file that is gone says so."""
    rows = [row for text in _reasons(spot) for row in _rows(text, max(width, 20))]
    items = [Item("", lead=row.runs, can_choose=False) for row in rows]
    start = max(1, spot.start - _BEFORE)
    try:
        part = workspace.read_text(spot.path, start=start, end=start + _MOST - 1)
    except AgentError as error:
        return [*items, Item(f"{error.message}.", "bad")]
    lines = [printable(text)[:_LONGEST].expandtabs(4) for text in part.lines]
    digits = len(str(part.start + len(lines)))
    for number, runs in enumerate(coloured(spot.path, lines), part.start):
        inside = spot.start <= number <= spot.end
        label: Run = (f"{number:>{digits}} ", "mark" if inside else "dim", None)
        items.append(Item("", lead=(label, ("│ ", "rule", None), *runs), key=str(number)))
    return items


def _rows(text: str, width: int) -> list[Line]:
    """A reason, in a few rows."""
    return at_most(wrap([(text, "dim", None)], width), _MOST_REASONS, width)


def _reasons(spot: Spot) -> list[str]:
    reasons = [printable(spot.why)] if spot.why else []
    if spot.related:
        reasons.append("related: " + ", ".join(map(one_line, spot.related)))
    return reasons
