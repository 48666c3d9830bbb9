"""Where the panes of the work screen are, at every size: one function, and the layout that asks it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from tui.screens.sizes import MEDIUM, SIDE, WHOLE, WIDE, Sizes, default_panes

__all__ = ["MEDIUM", "SIDE", "WIDE", "WorkLayout", "default_panes", "regions"]

CHAT_LEAST, SIDE_LEAST, ROWS_LEAST = 40, 20, 4
"""Columns of the chat and of a side pane, and rows of a pane, below which nothing can be done in them."""
_COLUMN = 28
_ALONE = CHAT_LEAST + _COLUMN
"""Below this many columns there is room for the chat, or for side panes."""
_SUGGESTIONS = 9
_BY_ITSELF = {"files": 3, "logs": 2}
_UNTOUCHED = Sizes()


def regions(
    width: int,
    height: int,
    shown: Collection[str],
    sizes: Sizes = _UNTOUCHED,
    *,
    front: str = "chat",
    zoomed: bool = False,
) -> dict[str, Region]:
    """The region of each pane that there is room for.

    Wide: files on the left, logs over suggestions on the right. Otherwise all in one column on the left;
    where that and the chat have no room beside each other, either shows. What `sizes` wants holds as far as
    every pane keeps its least.

    Args:
        width: Columns.
        height: Rows.
        shown: The side panes that are wanted.
        sizes: How large they are wanted.
        front: The pane with the focus: the last to give way.
        zoomed: Whether it is to be alone.
    """
    whole = Region(0, 0, width, height)
    side = [name for name in SIDE if name in shown]
    if not side or (front not in side and (zoomed or width < _ALONE)):
        return {"chat": whole}
    if zoomed:
        return {front: whole}
    if width < _ALONE:
        return _stack(side, whole, sizes, front)
    if width >= WIDE:
        return _wide(width, height, side, sizes, front)
    usual = max(_COLUMN, min(36, width * 3 // 10))
    column = max(SIDE_LEAST, min(sizes.left or usual, width - CHAT_LEAST))
    placed = _stack(side, Region(0, 0, column, height), sizes, front)
    return placed | {"chat": Region(column, 0, width - column, height)}


def _wide(width: int, height: int, side: list[str], sizes: Sizes, front: str) -> dict[str, Region]:
    others = [name for name in side if name != "files"]
    room = width - CHAT_LEAST
    left = sizes.left or min(40, width // 5)
    left = max(SIDE_LEAST, min(left, room - (SIDE_LEAST if others else 0))) if "files" in side else 0
    right = max(SIDE_LEAST, min(sizes.right or min(56, width // 4), room - left)) if others else 0
    placed: dict[str, Region] = {"chat": Region(left, 0, width - left - right, height)}
    if left:
        placed["files"] = Region(0, 0, left, height)
    if right:
        placed |= _stack(others, Region(width - right, 0, right, height), sizes, front)
    return placed


def _stack(names: list[str], room: Region, sizes: Sizes, front: str) -> dict[str, Region]:
    """One below the other, as many as there is room for."""
    fit = max(1, room.height // ROWS_LEAST)
    kept = sorted(names, key=lambda name: name != front)[:fit]
    names = [name for name in names if name in kept]
    placed: dict[str, Region] = {}
    y = room.y
    for name, rows in zip(names, _heights(names, room.height, sizes.rows), strict=True):
        placed[name] = Region(room.x, y, room.width, rows)
        y += rows
    return placed


def _heights(names: Sequence[str], height: int, wanted: dict[str, int]) -> list[int]:
    """By themselves suggestions need few rows, and files take most; else by the shares that are wanted."""
    fixed = min(_SUGGESTIONS, height // len(names)) if names[-1] == "suggestions" and len(names) > 1 else 0
    free = names[:-1] if fixed else names
    usual = shared([_BY_ITSELF.get(name, 1) for name in free], height - fixed) + [fixed] * bool(fixed)
    if not any(name in wanted for name in names):
        return usual
    shares = [
        wanted.get(name, rows * WHOLE // max(1, height)) for name, rows in zip(names, usual, strict=True)
    ]
    return shared([max(1, share) for share in shares], height)


def shared(weights: Sequence[int], total: int) -> list[int]:
    """The rows that each gets of a total, by weights, each its least where that is possible."""
    least = min(ROWS_LEAST, total // len(weights))
    few: set[int] = set()
    while True:
        rest = total - least * len(few)
        weight = sum(each for place, each in enumerate(weights) if place not in few)
        less = {
            place for place, each in enumerate(weights) if place not in few and rest * each < least * weight
        }
        if not less:
            break
        few |= less
    rows = [least if place in few else rest * each // weight for place, each in enumerate(weights)]
    parts = [-1 if place in few else rest * each % weight for place, each in enumerate(weights)]
    for place in sorted(range(len(weights)), key=lambda place: -parts[place])[: total - sum(rows)]:
        rows[place] += 1
    return rows


class WorkLayout(Layout):
    """Places the children of the work screen by their ids."""

    name = "work"

    def __init__(self, sizes: Callable[[int], Sizes]) -> None:
        self.sizes = sizes
        """What was chosen, by columns of the terminal."""
        self.front = "chat"
        self.zoomed = False
        self.card: Callable[[], Region] | None = None
        """Where a card lies over the panes, if one does."""

    def wanted(self, width: int) -> tuple[str, ...]:
        """The side panes that show where there is room for all of them."""
        panes = self.sizes(width).panes
        return default_panes(width) if panes is None else panes

    def placed(self, size: Size, sizes: Sizes | None = None) -> dict[str, Region]:
        """Where the panes are in so much room, with other sizes where they are given."""
        width, height = size
        if sizes is None:
            sizes = self.sizes(width)
        shown = default_panes(width) if sizes.panes is None else sizes.panes
        return regions(width, height, shown, sizes, front=self.front, zoomed=self.zoomed)

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Place the children; one without a region gets none."""
        placed = self.placed(size)
        if self.card is not None:
            placed["tour"] = self.card()
        return [
            WidgetPlacement(placed.get(child.id or "", Region()), NULL_OFFSET, NULL_SPACING, child)
            for child in children
        ]
