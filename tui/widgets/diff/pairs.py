"""Which removed line became which added one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_core.changes.hunks import Hunk, HunkLine

Pair = tuple[int, int]
"""Places of an old and a new line in their hunk; -1 where a side has none."""

_WORD = re.compile(r"\w+|[^\w\s]")
_ALIKE = 0.4
_MOST = 400
"""Pairs of lines that are compared at most in one block."""


def pairs(hunk: Hunk) -> list[Pair]:
    """The rows of a hunk side by side: what is common, and what became what."""
    out: list[Pair] = []
    for old, new in _blocks(hunk.lines):
        if old and hunk.lines[old[0]].side == " ":
            out.append((old[0], old[0]))
        else:
            out += _aligned(hunk.lines, old, new)
    return out


def _blocks(lines: tuple[HunkLine, ...]) -> Iterator[tuple[list[int], list[int]]]:
    """Each common line alone; else what is removed with what is added in its place."""
    at = 0
    while at < len(lines):
        if lines[at].side == " ":
            yield [at], [at]
            at += 1
            continue
        old: list[int] = []
        new: list[int] = []
        for side, into in (("-", old), ("+", new)):
            while at < len(lines) and lines[at].side == side:
                into.append(at)
                at += 1
        yield old, new


def _aligned(lines: tuple[HunkLine, ...], old: list[int], new: list[int]) -> list[Pair]:
    if len(old) == len(new) or not old or not new or len(old) * len(new) > _MOST:
        return _beside(old, new)
    out: list[Pair] = []
    i = j = 0
    for i2, j2 in _matches([_words(lines[k].text) for k in old], [_words(lines[k].text) for k in new]):
        out += [*_beside(old[i:i2], new[j:j2]), (old[i2], new[j2])]
        i, j = i2 + 1, j2 + 1
    return out + _beside(old[i:], new[j:])


def _beside(old: list[int], new: list[int]) -> list[Pair]:
    rows = max(len(old), len(new))
    return [(old[k] if k < len(old) else -1, new[k] if k < len(new) else -1) for k in range(rows)]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text[:400]))


def _matches(old: list[frozenset[str]], new: list[frozenset[str]]) -> list[Pair]:
    """The pairs, in order on both sides, that have the most in common."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            paired = best[i + 1][j + 1] + _alike(old[i], new[j])
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    out: list[Pair] = []
    i = j = 0
    while i < len(old) and j < len(new):
        alike = _alike(old[i], new[j])
        if alike and best[i][j] == best[i + 1][j + 1] + alike:
            out.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return out


def _alike(one: frozenset[str], two: frozenset[str]) -> float:
    share = 2 * len(one & two) / max(len(one) + len(two), 1)
    return share if share >= _ALIKE else 0.0
