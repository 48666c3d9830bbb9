"""The plugins in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agent_core.plugins.installed import PluginRow
from agent_core.plugins.kinds import KINDS

NONE = (
    "No plugins are installed. One is a distribution with an entry point in one of the groups"
    f" {', '.join(f'dspy_tui.{kind}' for kind in KINDS)}."
)


def listing(rows: Sequence[PluginRow]) -> str:
    """A line for each with where it comes from, and below it its file, and why it failed."""
    if not rows:
        return NONE
    widths = [max(len(cells[column]) for cells in map(_cells, rows)) for column in range(3)]
    lines: list[str] = []
    for row in rows:
        cells = "  ".join(f"{cell:<{width}}" for cell, width in zip(_cells(row), widths, strict=True))
        about = " ".join(filter(None, (row.distribution, row.version)))
        lines.append(f"{cells}  {about}{f': {row.summary}' if row.summary else ''}".rstrip())
        lines += [f"    {said}" for said in (row.error, row.note, row.file) if said]
    return "\n".join(lines)


def counted(rows: Sequence[PluginRow]) -> str:
    """How many of them there are in which state."""
    counts = Counter(row.state for row in rows)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no plugins"


def _cells(row: PluginRow) -> tuple[str, str, str]:
    return row.kind, row.name, row.state
