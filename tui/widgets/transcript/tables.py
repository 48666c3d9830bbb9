"""Tables: column widths that fit, cells that wrap, and a list of records where nothing else fits."""

from __future__ import annotations

import msgspec
from rich.cells import cell_len

from tui.widgets.transcript.lines import Line, Run, cut, plain, wrap

_NARROWEST = 5
_RULE = "rule"


class Cell(msgspec.Struct, frozen=True, gc=False):
    """One cell: its runs and its alignment (left, center, right)."""

    runs: tuple[Run, ...] = ()
    align: str = "left"


Row = list[Cell]


def render(header: Row, rows: list[Row], width: int) -> list[Line]:
    """The table in at most `width` columns."""
    count = max([len(header), *[len(row) for row in rows]])
    grid = [[*row, *[Cell()] * (count - len(row))] for row in (header, *rows)]
    room = width - 3 * (count - 1)
    natural = [max(1, *[_widest(row[column]) for row in grid]) for column in range(count)]
    if room < count * min(_NARROWEST, max(natural)):
        return _records(grid, width)
    widths = _fit(natural, room)
    out = _row(grid[0], widths)
    out.append(Line((("─┼─".join(["─" * w for w in widths]), _RULE, None),)))
    for row in grid[1:]:
        out.extend(_row(row, widths))
    return out


def _widest(cell: Cell) -> int:
    return max([cell_len(part) for part in plain(cell.runs).split("\n")])


def _fit(natural: list[int], room: int) -> list[int]:
    """Natural widths, the widest ones lowered to a common limit until the sum fits."""
    if sum(natural) <= room:
        return natural
    low, high = 1, max(natural)
    while low < high:
        limit = (low + high + 1) // 2
        if sum([min(w, limit) for w in natural]) <= room:
            low = limit
        else:
            high = limit - 1
    widths = [min(w, low) for w in natural]
    spare = room - sum(widths)
    for column, wanted in enumerate(natural):
        if spare and widths[column] < wanted:
            widths[column] += 1
            spare -= 1
    return widths


def _row(row: Row, widths: list[int]) -> list[Line]:
    cells = [wrap(cell.runs, w) for cell, w in zip(row, widths, strict=True)]
    out: list[Line] = []
    for number in range(max([len(cell) for cell in cells])):
        runs: list[Run] = []
        for column, lines in enumerate(cells):
            if column:
                runs.append((" │ ", _RULE, None))
            line = lines[number] if number < len(lines) else Line()
            runs.extend(_aligned(line, widths[column], row[column].align))
        while runs and not runs[-1][0].strip():
            runs.pop()
        out.append(Line(tuple(runs)))
    return out


def _aligned(line: Line, width: int, align: str) -> list[Run]:
    spare = max(0, width - line.cells)
    left = spare if align == "right" else spare // 2 if align == "center" else 0
    return [(" " * left, "", None), *line.runs, (" " * (spare - left), "", None)]


def _records(grid: list[Row], width: int) -> list[Line]:
    """Each row as lines of `header: value`, for tables with more columns than the width can hold."""
    out: list[Line] = []
    for number, row in enumerate(grid[1:]):
        if number:
            out.append(Line((("─" * min(8, width), _RULE, None),)))
        for name, cell in zip(grid[0], row, strict=True):
            title = cut(name.runs, 0, 10_000)
            out.extend(
                wrap([*title, (": ", "dim", None), *cell.runs], width, rest=[("  ", "", None)], first=[])
            )
    return out or [line for cell in grid[0] for line in wrap(cell.runs, width)]
