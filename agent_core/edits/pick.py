"""Which of several equal places is meant: only where something that the edit says tells it."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.edits.keys import folded, indent_of
from agent_core.edits.model import Replace
from agent_core.edits.places import Lines, Place, ladder

_CLOSE = 5
"""So many lines may the number that a diff gives be off."""
_FARTHER = 4
"""So many times farther, and this many lines more, has every other place to be."""


def pick(
    places: Sequence[Place], edit: Replace, file: Lines, *, floor: int, shift: int, later: Sequence[Replace]
) -> Place | None:
    """The one place that is meant, None when it cannot be told.

    Args:
        places: Where it could be.
        edit: What says more: its line number, its headings.
        file: The lines as they are now.
        floor: The line (from 0) that edits of the same diff, which come first, reach to.
        shift: By how many lines these have moved what comes after them.
        later: The edits of the same diff that come after it.
    """
    left = list(places)
    if edit.group:
        ordered = _in_order(left, file, floor, later)
        left = ordered or left
    if len(left) > 1 and edit.within:
        inside = _within(left, edit.within, file)
        left = inside or left
    if len(left) > 1 and edit.near:
        left = _by_number(left, edit.near - 1 + shift) or left
    return left[0] if len(left) == 1 else None


def _in_order(places: list[Place], file: Lines, floor: int, later: Sequence[Replace]) -> list[Place]:
    """Those after the edits before, and with room for the edits after."""
    ceiling = len(file.lines)
    for edit in reversed(later):
        ends = [place for place in ladder(edit.search, edit.replace, file) if place.end <= ceiling]
        if ends:
            ceiling = max(place.start for place in ends)
    return [place for place in places if place.start >= floor and place.end <= ceiling]


def _within(places: list[Place], headings: Sequence[str], file: Lines) -> list[Place]:
    """Those in the block that the headings open, each inside the one before."""
    low, high = 0, len(file.lines)
    for heading in headings:
        wanted = folded(heading)
        found = [at for at in range(low, high) if folded(file.lines[at]) == wanted]
        found = found or [
            at for at in range(low, high) if wanted and folded(file.lines[at]).startswith(wanted)
        ]
        if len(found) != 1:
            return []
        low, high = found[0], block_end(found[0], file.lines)
    return [place for place in places if low <= place.start and place.end <= high]


def block_end(start: int, lines: Sequence[str]) -> int:
    """The line after the block that the line at `start` opens: what is indented deeper, and what closes
    it.
    """
    depth = len(indent_of(lines[start]))
    for index in range(start + 1, len(lines)):
        line = lines[index]
        if not line.strip() or len(indent_of(line)) > depth:
            continue
        if line.strip()[0] in "}])" or line.strip() in ("end", "{", "):"):
            if line.strip()[0] in "{" or line.rstrip().endswith((":", "{")):
                continue
            return index + 1
        return index
    return len(lines)


def _by_number(places: list[Place], wanted: int) -> list[Place]:
    """The one that is close to the line number, when every other one is far from it."""
    by_distance = sorted(places, key=lambda place: abs(place.start - wanted))
    first, second = (abs(place.start - wanted) for place in by_distance[:2])
    if first <= _CLOSE and second >= _FARTHER * first + _FARTHER:
        return by_distance[:1]
    return []
