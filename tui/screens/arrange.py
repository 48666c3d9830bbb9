"""Where the panes of the work screen are, at every width: one function, and the layout that asks it."""

from __future__ import annotations

from collections.abc import Collection

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

SIDE = ("files", "logs", "suggestions")
MEDIUM, WIDE = 100, 160
_ALONE = 60
"""Below this many columns a side pane takes the whole width."""
_SUGGESTIONS = 9


def default_panes(width: int) -> tuple[str, ...]:
    """The side panes that show by themselves."""
    return SIDE if width >= MEDIUM else ()


def regions(width: int, height: int, shown: Collection[str]) -> dict[str, Region]:
    """The region of each pane that shows, the chat's included unless a side pane needs all the room.

    Wide: files on the left, logs over suggestions on the right. Otherwise all in one column on the left.
    """
    side = [name for name in SIDE if name in shown]
    if not side:
        return {"chat": Region(0, 0, width, height)}
    if width >= WIDE:
        return _wide(width, height, side)
    if width < _ALONE:
        return _stack(side, Region(0, 0, width, height))
    column = max(28, min(36, width * 3 // 10))
    placed = _stack(side, Region(0, 0, column, height))
    return placed | {"chat": Region(column, 0, width - column, height)}


def _wide(width: int, height: int, side: list[str]) -> dict[str, Region]:
    left = min(40, width // 5) if "files" in side else 0
    others = [name for name in side if name != "files"]
    right = min(56, width // 4) if others else 0
    placed = _stack(others, Region(width - right, 0, right, height))
    if left:
        placed["files"] = Region(0, 0, left, height)
    return placed | {"chat": Region(left, 0, width - left - right, height)}


def _stack(names: list[str], room: Region) -> dict[str, Region]:
    """One below the other: suggestions need few rows, files take most."""
    wanted = {"files": 3.0, "logs": 2.0, "suggestions": 0.0}
    fixed = min(_SUGGESTIONS, room.height // len(names)) if "suggestions" in names and len(names) > 1 else 0
    total = sum(wanted[name] for name in names) or 1.0
    placed: dict[str, Region] = {}
    y, left = room.y, room.height - fixed
    for name in names:
        rows = (
            fixed if name == "suggestions" and fixed else round((room.height - fixed) * wanted[name] / total)
        )
        if name == names[-1]:
            rows = room.bottom - y
        elif name != "suggestions":
            rows = min(rows, left)
            left -= rows
        placed[name] = Region(room.x, y, room.width, rows)
        y += rows
    return placed


class WorkLayout(Layout):
    """Places the children of the work screen by their ids."""

    name = "work"

    def __init__(self) -> None:
        self.shown: Collection[str] | None = None
        """The side panes that show; None for those of the width."""

    def panes(self, width: int) -> Collection[str]:
        """The side panes that show at a width."""
        return default_panes(width) if self.shown is None else self.shown

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Place the children; one without a region gets none."""
        placed = regions(size.width, size.height, self.panes(size.width))
        return [
            WidgetPlacement(placed.get(child.id or "", Region()), NULL_OFFSET, NULL_SPACING, child)
            for child in children
        ]
