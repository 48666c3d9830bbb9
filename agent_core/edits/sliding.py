"""Differences that can be told in several ways: from `a b a` to `a` either `a b` goes or `b a`."""

from __future__ import annotations

from collections.abc import Sequence


def reach(
    search: Sequence[str], replace: Sequence[str], i1: int, i2: int, j1: int, j2: int
) -> tuple[int, int]:
    """The searched lines (from 0, exclusive) that the step could be said of as well, with its own.

    Only what purely goes or purely comes slides; of anything else these are its own lines.
    """
    if i2 > i1 and j2 > j1:
        return i1, i2
    lines, start, end = (search, i1, i2) if i2 > i1 else (replace, j1, j2)
    up = 0
    while min(start, i1, j1) - up > 0 and lines[start - 1 - up] == lines[end - 1 - up]:
        if search[i1 - 1 - up] != replace[j1 - 1 - up]:
            break
        up += 1
    down = 0
    while i2 + down < len(search) and j2 + down < len(replace) and lines[start + down] == lines[end + down]:
        if search[i2 + down] != replace[j2 + down]:
            break
        down += 1
    return i1 - up, i2 + down
