"""Other sizes of the panes: by keys, and by the border that the mouse holds. Plain functions of regions."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import msgspec
from textual.geometry import Region

from tui.screens.arrange import CHAT_LEAST, ROWS_LEAST, SIDE
from tui.screens.sizes import WHOLE, Sizes

Placed = dict[str, Region]
LEFT, RIGHT, ROWS = "left", "right", "rows"


class Edge(NamedTuple):
    """A border that can be moved.

    `kind` says what moves with it: the columns left or right of the chat, or the rows of two panes; `panes`
    are those that it is a border of (above and below for rows), and `region` is where it is held.
    """

    kind: str
    panes: tuple[str, ...]
    region: Region


def edges(placed: Placed) -> list[Edge]:
    """The borders between panes."""
    found: list[Edge] = []
    chat = placed.get("chat")
    if chat is not None:
        for kind, x in ((LEFT, chat.x - 1), (RIGHT, chat.right)):
            names = tuple(column(placed, kind))
            if names:
                found.append(Edge(kind, names, Region(x, 0, 1, chat.height)))
    for names in (column(placed, LEFT), column(placed, RIGHT)):
        for above, below in pairwise(names):
            region = placed[below]
            found.append(Edge(ROWS, (above, below), Region(region.x, region.y - 1, region.width, 2)))
    return found


def column(placed: Placed, kind: str) -> list[str]:
    """The panes on one side of the chat, from above; where there is no chat, they are on its left."""
    chat = placed.get("chat")
    names = [name for name in SIDE if name in placed]
    if chat is None:
        return names if kind == LEFT else []
    return [name for name in names if (placed[name].x < chat.x) == (kind == LEFT)]


def moved(placed: Placed, sizes: Sizes, edge: Edge, columns: int, rows: int) -> Sizes:
    """With a border that far from where it is in `placed`."""
    if edge.kind == ROWS:
        above, below = edge.panes
        least = min(0, ROWS_LEAST - placed[above].height)
        by = max(least, min(rows, max(0, placed[below].height - ROWS_LEAST)))
        return _with_rows(placed, sizes, {above: by, below: -by})
    return _with_columns(placed, sizes, edge.kind, columns if edge.kind == LEFT else -columns)


def reset(placed: Placed, sizes: Sizes, edge: Edge) -> Sizes:
    """With a border where it is by itself."""
    if edge.kind == ROWS:
        names = column(placed, LEFT) if edge.panes[0] in column(placed, LEFT) else column(placed, RIGHT)
        rows = {name: share for name, share in sizes.rows.items() if name not in names}
        return msgspec.structs.replace(sizes, rows=rows)
    return msgspec.structs.replace(sizes, **{edge.kind: 0})


def grown(placed: Placed, sizes: Sizes, pane: str, columns: int, rows: int) -> Sizes:
    """With a pane that is so much wider and taller, or less where that is negative."""
    if columns and "chat" in placed:
        sides = [kind for kind in (LEFT, RIGHT) if column(placed, kind)]
        if pane != "chat":
            sides = [kind for kind in sides if pane in column(placed, kind)]
        for kind in sides:
            by = -columns // len(sides) if pane == "chat" else columns
            sizes = _with_columns(placed, sizes, kind, by)
    if rows and pane in placed and pane != "chat":
        names = next(names for kind in (LEFT, RIGHT) if pane in (names := column(placed, kind)))
        sizes = _with_rows(placed, sizes, _taken(placed, names, pane, rows))
    return sizes


def as_placed(placed: Placed, sizes: Sizes) -> Sizes:
    """What came of wanted columns: more or fewer than there is room for are not remembered."""
    for kind in (LEFT, RIGHT):
        names = column(placed, kind)
        if "chat" in placed and names and getattr(sizes, kind):
            sizes = msgspec.structs.replace(sizes, **{kind: placed[names[0]].width})
    return sizes


def _taken(placed: Placed, names: list[str], pane: str, rows: int) -> dict[str, int]:
    """By how much each pane of a column changes: the next ones below give first, then those above."""
    at = names.index(pane)
    others = [*names[at + 1 :], *reversed(names[:at])]
    changes: dict[str, int] = dict.fromkeys(names, 0)
    if rows < 0:
        if others:
            changes[pane] = max(rows, min(0, ROWS_LEAST - placed[pane].height))
            changes[others[0]] = -changes[pane]
        return changes
    for name in others:
        changes[name] = -min(rows - changes[pane], max(0, placed[name].height - ROWS_LEAST))
        changes[pane] -= changes[name]
    return changes


def _with_columns(placed: Placed, sizes: Sizes, kind: str, by: int) -> Sizes:
    """With so many columns more on one side: the chat gives them, and nothing else."""
    width = placed[column(placed, kind)[0]].width
    most = max(0, placed["chat"].width - CHAT_LEAST)
    return msgspec.structs.replace(sizes, **{kind: max(1, width + min(by, most))})


def _with_rows(placed: Placed, sizes: Sizes, changes: dict[str, int]) -> Sizes:
    if not any(changes.values()):
        return sizes
    first = placed[next(iter(changes))]
    names = [name for name in SIDE if name in placed and placed[name].x == first.x]
    heights = {name: placed[name].height + changes.get(name, 0) for name in names}
    whole = max(1, sum(heights.values()))
    shares = {name: round(rows * WHOLE / whole) for name, rows in heights.items()}
    return msgspec.structs.replace(sizes, rows=sizes.rows | shares)
