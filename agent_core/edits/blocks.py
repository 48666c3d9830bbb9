"""Search/replace blocks, as models write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from agent_core.edits.model import Fault, Replace

_OPEN = re.compile(
    r"^(\s*)(<{4,10}|<<<(?=\s*[A-Z]))\s*(?:(?i:SEARCH|ORIGINAL|OLD|BEFORE|HEAD|FIND)\b[ "
    r"\t:]*([^\s<>=]*)|)\s*$"
)
_CLOSE = re.compile(
    r"^\s*(>{4,10}|>>>(?=\s*[A-Z]))\s*(?:((?i:REPLACE|UPDATED?|NEW|AFTER|END|MODIFIED|SEARCH))\b.{0,40}|)$"
)
_DIVIDER = re.compile(r"^\s*(={4,12})\s*$")
_FENCE = re.compile(r"^\s*(```+|~~~+)\s*$")
_FENCE_OPEN = re.compile(r"^\s*(```+|~~~+)")
_BARE = 5
"""Marks without a word behind them mean a block from this number on."""
_USUAL = 7
_NUMBER = re.compile(r"^\s*(\d{1,7})\s?[|:→]\s?(.*)$|^\s*(\d{1,7})\t(.*)$")
_START = re.compile(r"^:start_line:\s*(\d+)\s*$")


class Block(msgspec.Struct, frozen=True):
    """A block that was read: its edit (without a path) or its fault, and the line after it."""

    edit: Replace | None
    fault: Fault | None
    path: str
    end: int


def opens(line: str) -> bool:
    """Whether a block begins here."""
    return _opening(line) is not None


def _opening(line: str) -> re.Match[str] | None:
    match = _OPEN.match(line)
    if match and (len(match[2]) >= _BARE or match[3] is not None):
        return match
    return None


def _closes(line: str) -> bool:
    match = _CLOSE.match(line)
    return match is not None and (len(match[1]) >= _BARE or match[2] is not None)


def read_block(lines: Sequence[str], start: int, *, fenced: bool) -> Block:
    """The block that opens at line `start` (from 0). `fenced`: a closing fence ends it at the latest."""
    opening = _opening(lines[start])
    assert opening is not None
    path = opening[3] or ""
    end, closed = _end(lines, start + 1, fenced=fenced)
    after = end + 1 if closed == "mark" else end
    body = [_dedented(line, opening[1]) for line in lines[start + 1 : end]]

    def fault(message: str) -> Block:
        return Block(None, Fault(message=message, path=path, line=start + 1), path, after)

    dividers = [(index, len(match[1])) for index, line in enumerate(body) if (match := _DIVIDER.match(line))]
    for wanted in (_USUAL, len(opening[2])):
        same = [index for index, marks in dividers if marks == wanted]
        if same:
            break
    else:
        same = [index for index, _ in dividers]
    if not same:
        return fault("The block has no line `=======` between what is searched and what replaces it.")
    if len(same) > 1:
        return fault(
            f"The block has {len(same)} lines that could divide it; one `=======` has to stand between "
            f"search and "
            "replacement. Send the edit as a unified diff instead."
        )
    if closed == "cut":
        return fault("The reply ends inside the block, before its `>>>>>>> REPLACE`. Send the whole block.")
    search, near = _cleaned(body[: same[0]])
    replace, _ = _cleaned(body[same[0] + 1 :])
    edit = Replace(
        path=path, search=tuple(search), replace=tuple(replace), form="block", line=start + 1, near=near
    )
    return Block(edit, None, path, after)


def _end(lines: Sequence[str], start: int, *, fenced: bool) -> tuple[int, str]:
    """Where the block ends, and by what: its mark, what follows (`next`, `fence`), or the reply's end
    (`cut`).
    """
    fence = -1
    divided = False
    for index in range(start, len(lines)):
        line = lines[index]
        divided = divided or bool(_DIVIDER.match(line))
        if _closes(line):
            return index, "mark"
        if opens(line):
            return (fence, "fence") if fence >= 0 else (index, "next")
        if fenced and divided and fence < 0 and _FENCE.match(line):
            fence = index
    return (fence, "fence") if fence >= 0 else (len(lines), "cut")


def _dedented(line: str, indent: str) -> str:
    return line[len(indent) :] if indent and line.startswith(indent) else line


def _cleaned(lines: list[str]) -> tuple[list[str], int]:
    """The lines without a fence of their own and without line numbers; and the number of the first."""
    near = 0
    if lines and (match := _START.match(lines[0])):
        near = int(match[1])
        lines = lines[1:]
        if lines and set(lines[0].strip()) == {"-"}:
            lines = lines[1:]
    if len(lines) >= 2 and _FENCE_OPEN.match(lines[0]) and _FENCE.match(lines[-1]):
        lines = lines[1:-1]
    return _unnumbered(lines, near)


def _unnumbered(lines: list[str], near: int) -> tuple[list[str], int]:
    """Take the line numbers off, where every line has one and they count up."""
    plain: list[str] = []
    numbers: list[int] = []
    for line in lines:
        match = _NUMBER.match(line)
        if match is None:
            return lines, near
        numbers.append(int(match[1] or match[3]))
        plain.append(match[2] if match[1] else match[4])
    if len(numbers) < 2 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return lines, near
    return plain, numbers[0]
