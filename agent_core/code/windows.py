"""Cutting rows where no structure tells: near a size, at blank lines and where the indentation is small."""

from __future__ import annotations

from collections.abc import Iterator

from agent_core.code.lines import Lines
from agent_core.code.pieces import MAX_CHARS

WINDOW_LINES = 60
WINDOW_CHARS = 2000
"""What a window takes at most, except for a single line."""
_SLACK = 1.2
_PART = 2000
_SEPARATORS = " ,;{}()\t>"
_DEEP = 1000


def windows(lines: Lines, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows that cover `first` to `last`, about evenly filled, each cut at a good place."""
    first, last = lines.trim(first, last)
    while first <= last:
        end = _furthest(lines, first, last)
        if end < last:
            end = _best(lines, first, end)
        yield lines.trim(first, end)
        first, last = lines.trim(end + 1, last)


def _furthest(lines: Lines, first: int, last: int) -> int:
    """The last row that a window may take when what is left is shared evenly; at least the first."""
    chars, count = lines.size(first, last), last - first + 1
    most = min(WINDOW_CHARS, int(_SLACK * chars / -(-chars // WINDOW_CHARS)))
    rows = min(WINDOW_LINES, int(_SLACK * count / -(-count // WINDOW_LINES)))
    low, high = first, min(last, first + rows - 1)
    while low < high:
        middle = (low + high + 1) // 2
        if lines.size(first, middle) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def _best(lines: Lines, first: int, end: int) -> int:
    """The last row of a good first part: what follows it stands furthest left, best after a blank line."""
    best, where = (_DEEP, 1), end
    for row in range(end, first + (end - first) // 2 - 1, -1):
        following = lines.rows[row + 1]
        stripped = following.lstrip()
        if not stripped:
            continue
        indent = 2 * (len(following) - len(stripped)) + (stripped[0] in ")]}")
        cost = (indent, 0 if lines.blank(row) else 1)
        if cost < best:
            best, where = cost, row
    return where


def parts(line: str) -> Iterator[str]:
    """An enormous line in parts that together are the line, cut after a separator where one is near."""
    start, size = 0, len(line)
    while size - start > MAX_CHARS:
        end = start + _PART
        near = max(line.rfind(mark, end - _PART // 10, end) for mark in _SEPARATORS)
        end = near + 1 if near >= 0 else end
        yield line[start:end]
        start = end
    yield line[start:]
