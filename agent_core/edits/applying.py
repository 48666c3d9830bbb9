"""One edit brought to one text."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_core.changes.model import RefusalCode
from agent_core.changes.text import FileText
from agent_core.edits import elide, near, telling
from agent_core.edits.keys import folded
from agent_core.edits.merge import Conflict, Splice, merged
from agent_core.edits.model import Note, Replace
from agent_core.edits.pick import pick
from agent_core.edits.places import Lines, Place, ladder

_DOTS_ARE_CODE = (".py", ".pyi", ".pyx")
_TELLING = 20
"""So many characters make a single line distinct enough to know it again."""
_EQUAL = 0.4
"""So much of a near match has to be equal."""


class Refused(Exception):
    """The edit cannot be made; `lines` are the places that the message speaks of, from 1."""

    def __init__(self, code: RefusalCode, message: str, lines: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.code: RefusalCode = code
        self.message = message
        self.lines = lines


class Order(msgspec.Struct, frozen=True):
    """What the other edits of the same diff tell: `floor` and `shift` of those before, and those after."""

    floor: int = 0
    shift: int = 0
    later: tuple[Replace, ...] = ()


class Applied(msgspec.Struct, frozen=True):
    """The text with the edit made, a note of how, and the line (from 0) after what was changed."""

    text: FileText
    note: Note
    floor: int


def apply(edit: Replace, text: FileText, path: str, order: Order) -> Applied:
    """Make the edit. Raises `Refused`, and `Unfit` where the text cannot take it."""
    file = Lines(text.lines)
    if not any(line.strip() for line in edit.search):
        return _into_empty(edit, text, path)
    try:
        return _applied(edit, text, file, path, order)
    except Conflict as conflict:
        lines = (conflict.line,) if conflict.line else ()
        if conflict.line:
            raise Refused(
                conflict.code, telling.around(conflict.message, conflict.line, text.lines), lines
            ) from None
        message = conflict.message[:1].upper() + conflict.message[1:]
        raise Refused(conflict.code, message + ".", lines) from None


def _into_empty(edit: Replace, text: FileText, path: str) -> Applied:
    if any(line.strip() for line in text.lines):
        raise Refused(
            "malformed",
            "The edit does not say where: nothing is searched, and the file is not empty. Quote the lines "
            "beside which "
            "the new ones belong.",
        )
    changed = text.spliced(0, len(text.lines), edit.replace)
    note = Note(path=path, line=1, end=0, how="into the empty file", confidence=1.0)
    return Applied(changed, note, len(edit.replace))


def _applied(edit: Replace, text: FileText, file: Lines, path: str, order: Order) -> Applied:
    dots_are_code = path.endswith(_DOTS_ARE_CODE)
    holes = elide.holes_of(edit.search, file)
    if holes:
        places = elide.with_holes(edit.search, edit.replace, holes, file)
    else:
        replace = elide.without_dots(edit.search, edit.replace, file, dots_are_code=dots_are_code)
        places = ladder(edit.search, replace, file)
    if edit.every and len(places) > 1 and places[0].confidence == 1.0:
        return _everywhere(edit, text, places, path)
    if not places and edit.partial and (part := _part_of_line(edit, text, path)):
        return part
    if not places and (already := _already(edit, file, path)):
        return Applied(text, already, already.end)
    place = _meant(places, edit, file, order) if places else _similar(edit, file, order)
    if _stands_already(place, text.lines):
        note = _note(place, path, how="it is so already", changed=False)
        return Applied(text, note, place.start + len(place.replace))
    splices = merged(place.search, place.replace, text.lines, place.align)
    return _spliced(edit, text, splices, _note(place, path))


def _note(place: Place, path: str, *, how: str = "", changed: bool = True) -> Note:
    return Note(
        path=path,
        line=place.start + 1,
        end=place.end,
        how=how or place.how,
        confidence=place.confidence,
        changed=changed,
    )


def _spliced(edit: Replace, text: FileText, splices: Sequence[Splice], note: Note) -> Applied:
    floor = note.end
    ending = (bool(splices) and splices[-1].end == len(text.lines)) or note.end == len(text.lines)
    for splice in sorted(splices, key=lambda splice: -splice.start):
        text = text.spliced(splice.start, splice.end, splice.lines)
        floor += len(splice.lines) - (splice.end - splice.start)
    if edit.final is not None and ending:
        text = text.ended(edit.final)
    return Applied(text, note, floor)


def _meant(places: list[Place], edit: Replace, file: Lines, order: Order) -> Place:
    if len(places) == 1:
        return places[0]
    place = pick(places, edit, file, floor=order.floor, shift=order.shift, later=order.later)
    if place is None:
        message, numbers = telling.ambiguous(places, file.lines)
        raise Refused("ambiguous", message, numbers)
    return msgspec.structs.replace(
        place,
        how=f"{place.how}; one of {len(places)} equal places, told by what else the diff says",
        confidence=0.85,
    )


def _similar(edit: Replace, file: Lines, order: Order) -> Place:
    """The one place that resembles the search closely enough, and more than any other."""
    found = near.nearest(edit.search, edit.replace, file)
    close = [
        place for place in found if place.confidence >= near.ENOUGH and _equal_part(place, file) >= _EQUAL
    ]
    if not close:
        message, numbers = telling.not_found(edit.search, edit.replace, file)
        raise Refused("not-found", message, numbers)
    best = max(close, key=lambda place: _equal_part(place, file))
    most = _equal_part(best, file)
    # a place that the edit does not fit is one all the same, if all that is quoted speaks for it
    rivals = [
        place
        for place in found
        if place is not best
        and (
            _equal_part(place, file) >= most
            or (_equal_part(place, file) > most - near.MARGIN and _takes(place, file))
        )
    ]
    if rivals:
        equal = [best, *rivals]
        picked = pick(equal, edit, file, floor=order.floor, shift=order.shift, later=order.later)
        if picked is not best:
            message, numbers = telling.unclear(edit.search, equal, file)
            raise Refused("ambiguous", message, numbers)
    return best


def _takes(place: Place, file: Lines) -> bool:
    """Whether the edit could be made there at all."""
    try:
        merged(place.search, place.replace, file.lines, place.align)
    except Conflict:
        return False
    return True


def _equal_part(place: Place, file: Lines) -> float:
    """How much of what is quoted is there as it is, 0 to 1."""
    total = equal = 0
    for line, at in zip(place.search, place.align, strict=True):
        size = len(line.strip())
        total += size
        equal += size if at is not None and folded(file.lines[at]) == folded(line) else 0
    return equal / total if total else 0.0


def _stands_already(place: Place, lines: Sequence[str]) -> bool:
    """Whether an insertion has been made: what the edit makes of the place is what stands there."""
    new = place.replace
    if len(new) <= len(place.search) or None in place.align:
        return False
    for start in (place.start, place.end - len(new)):
        if start >= 0 and tuple(lines[start : start + len(new)]) == new:
            return True
    return False


def _already(edit: Replace, file: Lines, path: str) -> Note | None:
    """A note where the file has what the edit would make, and in one place."""
    solid = [line for line in edit.replace if line.strip()]
    added = {folded(line) for line in solid} - {folded(line) for line in edit.search}
    if not added or (len(solid) < 2 and max(len(line.strip()) for line in solid) < _TELLING):
        return None
    places = ladder(edit.replace, edit.replace, file)
    if len(places) != 1:
        return None
    place = places[0]
    return Note(
        path=path,
        line=place.start + 1,
        end=place.end,
        how="it is so already",
        confidence=place.confidence,
        changed=False,
    )


def _everywhere(edit: Replace, text: FileText, places: list[Place], path: str) -> Applied:
    note = _note(places[0], path, how=f"exact, in all {len(places)} places")
    end = len(text.lines)
    changed = text
    for place in sorted(places, key=lambda place: -place.start):
        if place.end <= end:
            changed = changed.spliced(place.start, place.end, edit.replace)
            end = place.start
    return Applied(changed, note, len(changed.lines))


def _part_of_line(edit: Replace, text: FileText, path: str) -> Applied | None:
    """The edit of a part of lines; None when the part is not in the text, or cut out of the middle of a
    word.
    """
    whole, wanted = "\n".join(text.lines), "\n".join(edit.search)
    starts: list[int] = []
    at = whole.find(wanted)
    while at >= 0:
        starts.append(at)
        at = whole.find(wanted, at + 1)
    fitting = [start for start in starts if _at_word_ends(whole, start, start + len(wanted))]
    if not fitting:
        return None
    numbers = tuple(whole.count("\n", 0, start) + 1 for start in fitting)
    if len(fitting) > 1 and not edit.every:
        shown = ", ".join(map(str, numbers[:8]))
        raise Refused(
            "ambiguous",
            f"The searched text stands in the file {len(fitting)} times, at lines {shown}. Search for more "
            f"of the lines "
            "around the one that is meant.",
            numbers,
        )
    note = Note(
        path=path, line=numbers[0], end=numbers[0] + wanted.count("\n"), how="part of a line", confidence=0.97
    )
    new = whole
    for start in reversed(fitting):
        new = new[:start] + "\n".join(edit.replace) + new[start + len(wanted) :]
    first = whole.count("\n", 0, fitting[0])
    after = len(text.lines) - (whole.count("\n", 0, fitting[-1] + len(wanted)) + 1)
    lines = new.split("\n")
    changed = text.spliced(first, len(text.lines) - after, lines[first : len(lines) - after])
    return Applied(changed, note, len(lines) - after)


def _at_word_ends(text: str, start: int, end: int) -> bool:
    def inside(at: int) -> bool:
        return 0 < at < len(text) and _word(text[at - 1]) and _word(text[at])

    return not inside(start) and not inside(end)


def _word(char: str) -> bool:
    return char.isalnum() or char == "_"
