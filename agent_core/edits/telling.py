"""What a model is told whose edit could not be made: what is there, what differs, where it is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from agent_core.edits.keys import folded
from agent_core.edits.near import nearest
from agent_core.edits.places import Lines, Place
from agent_core.text import plural, printable, shorten

_SHOWN = 14
_WIDTH = 160
_PLACES = 8
_AROUND = 2
_LIKE = 0.35
_CANDIDATES = 4000


def ambiguous(places: Sequence[Place], lines: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """That there are several equal places, and what stands above each."""
    numbers = tuple(place.start + 1 for place in places)
    rows: list[str] = []
    for place in places[:_PLACES]:
        low, high = max(place.start - 1, 0), min(place.end, place.start + 2)
        rows.append("\n".join(_row(at, lines) for at in range(low, high)))
    more = f"\nand {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    where = ", ".join(map(str, numbers[:_PLACES]))
    message = (
        f"The searched lines stand in the file {len(places)} times, at lines {where}. Add the lines before "
        f"or after the "
        "one that is meant:\n" + "\n--\n".join(rows) + more
    )
    return message, numbers


def not_found(search: Sequence[str], replace: Sequence[str], file: Lines) -> tuple[str, tuple[int, ...]]:
    """That the searched lines are not there, with the lines that come closest and the first that differs."""
    places = nearest(search, replace, file)
    if places and places[0].confidence >= _LIKE:
        return _closest(search, places[0], file)
    line = max((text for text in search if text.strip()), key=lambda text: len(text.strip()), default="")
    at = _likest(line, file.lines)
    if at is None:
        return (
            f"The searched lines are nowhere in the file, nor anything like them (it has "
            f"{plural(len(file.lines), 'line')})"
            f". Not found: `{_cut(line.strip())}`. Read the file again.",
            (),
        )
    shown = _excerpt(at - _AROUND, at + _AROUND + 1, file.lines)
    message = (
        f"The searched lines are not in the file. Most like `{_cut(line.strip())}` is line "
        f"{at + 1}:\n{shown}\n"
        "Quote the lines as they are."
    )
    return message, (at + 1,)


def unclear(search: Sequence[str], places: Sequence[Place], file: Lines) -> tuple[str, tuple[int, ...]]:
    """That what comes closest comes not close enough, or not closer than another place."""
    if len(places) > 1:
        numbers = tuple(place.start + 1 for place in places)
        message = (
            "The searched lines are not in the file as they are, and more than one place resembles them: "
            "lines "
            f"{', '.join(map(str, numbers[:_PLACES]))}. Quote the lines as they are:\n"
        )
        return message + "\n--\n".join(
            _excerpt(place.start, min(place.end, place.start + 5), file.lines) for place in places[:3]
        ), numbers
    return _closest(search, places[0], file)


def around(message: str, line: int, lines: Sequence[str]) -> str:
    """The message with the file's lines around line `line` (from 1)."""
    shown = _excerpt(line - 1 - _AROUND, line + _AROUND, lines)
    return f"{message[:1].upper()}{message[1:]}. The file has there:\n{shown}\nQuote these lines as they are."


def _closest(search: Sequence[str], place: Place, file: Lines) -> tuple[str, tuple[int, ...]]:
    differing = next(
        (
            (index, at)
            for index, at in enumerate(place.align)
            if search[index].strip() and (at is None or folded(file.lines[at]) != folded(search[index]))
        ),
        None,
    )
    what = ""
    if differing is not None:
        index, at = differing
        line = _cut(search[index].strip())
        real = (
            f"line {at + 1} reads `{_cut(file.lines[at].strip())}`"
            if at is not None
            else "there is no such line"
        )
        what = f" Line {index + 1} of the search is `{line}`, but {real}."
    shown = _excerpt(place.start, place.end, file.lines)
    message = f"The searched lines are not in the file as they are.{what} Closest is:\n{shown}\nQuote the "
    "lines as they are."
    return message, (place.start + 1,)


def _likest(line: str, lines: Sequence[str]) -> int | None:
    wanted = folded(line)
    best, found = 0.6, None
    matcher = SequenceMatcher(None, "", wanted, autojunk=False)
    for at, text in enumerate(lines[:_CANDIDATES]):
        matcher.set_seq1(folded(text))
        if matcher.real_quick_ratio() <= best or matcher.quick_ratio() <= best:
            continue
        ratio = matcher.ratio()
        if ratio > best:
            best, found = ratio, at
    return found


def _excerpt(start: int, end: int, lines: Sequence[str]) -> str:
    start, end = max(start, 0), min(end, len(lines))
    if end - start <= _SHOWN:
        return "\n".join(_row(at, lines) for at in range(start, end))
    head = [_row(at, lines) for at in range(start, start + _SHOWN - 4)]
    tail = [_row(at, lines) for at in range(end - 3, end)]
    return "\n".join([*head, "   …", *tail])


def _row(at: int, lines: Sequence[str]) -> str:
    return f"{at + 1:>5} | {_cut(lines[at])}"


def _cut(text: str) -> str:
    return shorten(printable(text).replace("\n", " "), _WIDTH)
