"""Choosing the lines of an event that are shown, within bounds of lines and characters."""

from __future__ import annotations

import msgspec

from agent_core.text import printable

MAX_LINES = 12
MAX_LINE = 240
SHARE = 0.3
"""The share of a text's characters that what need not be shown may fill up to."""
MUST, SHOULD = 0, 1
"""Ranks of lines that are shown whatever they cost, and of those that only lack of lines keeps out."""


class Line(msgspec.Struct, frozen=True):
    """A line that may be shown: the lower its rank, the sooner; ranks above `SHOULD` must fit a budget."""

    text: str
    rank: int


def fitted(text: str, width: int = MAX_LINE) -> str:
    """The text as one printable line of at most `width` characters; of a longer one the middle goes."""
    text = " ".join(printable(text[: 8 * MAX_LINE]).split()) if len(text) > 8 * MAX_LINE else flat(text)
    if len(text) <= width:
        return text
    tail = width // 4
    return f"{text[: width - tail - 1]}…{text[-tail:]}"


def flat(text: str) -> str:
    """The text as one printable line; its indent goes, other spaces stay, since a person may look for it."""
    return printable(text.strip()).replace("\n", " ").replace("\t", " ")


def chosen(lines: list[Line], *, budget: int, most: int = MAX_LINES) -> list[Line]:
    """The lines to show, in their order: by rank as long as lines are left, the others within the budget of
    characters."""
    taken: set[int] = set()
    used = 0
    for number in sorted(range(len(lines)), key=lambda number: (lines[number].rank, number)):
        line = lines[number]
        if len(taken) >= most:
            break
        cost = len(line.text) + 1
        if line.rank > SHOULD and used + cost > budget:
            continue
        taken.add(number)
        used += cost
    return [line for number, line in enumerate(lines) if number in taken]
