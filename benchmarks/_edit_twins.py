"""Lines that stand in a file several times: edits of one of them, told by something else, and by nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks._edit_base import Base, Source, bases, block, diff, marked, mutated, patch, places

Case = dict[str, Any]
_FAR = 40
_MOST = 6


class Twins(NamedTuple):
    """Equal lines at several places of a file (from 0), the one that is meant, and what it becomes."""

    source: Source
    lines: list[str]
    places: list[int]
    meant: int
    new: list[str]

    @property
    def expected(self) -> str:
        """The file as it is to be."""
        lines = self.source.lines
        return "".join(
            f"{line}\n" for line in (*lines[: self.meant], *self.new, *lines[self.meant + len(self.lines) :])
        )

    @property
    def text(self) -> str:
        """The file as it is."""
        return "".join(f"{line}\n" for line in self.source.lines)


def another(base: Base, found: Sequence[Source], chance: random.Random) -> Source:
    """A file that is not the edit's."""
    while True:
        source = chance.choice(found)
        if source.path != base.source.path:
            return source


def twins(found: Sequence[Source], chance: random.Random) -> Twins | None:
    """Two or three lines that some file has several times, exactly alike."""
    source = chance.choice(found)
    size = chance.choice((2, 3))
    seen: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(source.lines) - size + 1):
        window = source.lines[at : at + size]
        if all(line.strip() for line in window) and any(len(line.strip()) > 8 for line in window):
            seen.setdefault(window, []).append(at)
    several = [(window, at) for window, at in seen.items() if 2 <= len(at) <= _MOST]
    if not several:
        return None
    window, at = chance.choice(sorted(several))
    changed = max(range(size), key=lambda number: len(window[number].strip()))
    new = list(window)
    new[changed] = mutated(new[changed], chance)
    loose = places(source.lines, window, size)
    apart = all(two - one >= size for one, two in itertools.pairwise(at))
    if (
        new == list(window)
        or len(loose) != len(at)
        or not apart
        or any(line.startswith(("+", "-", "@")) for line in window)
    ):
        return None
    return Twins(source, list(window), at, chance.choice(at), new)


def _good(pair: Twins, reply: str) -> Case:
    path = pair.source.path
    return {
        "files": {path: pair.text},
        "reply": reply,
        "recoverable": True,
        "expected": {path: pair.expected},
    }


def told_by_number(_: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    """The line number of a diff, at most two off, every other place being far."""
    pair = twins(found, chance)
    if pair is None or any(abs(at - pair.meant) < _FAR for at in pair.places if at != pair.meant):
        return None
    number = max(1, pair.meant + 1 + chance.choice((-2, -1, 0, 0, 1, 2)))
    return _good(pair, f"```diff\n{diff(pair.source.path, pair.lines, pair.new, number)}```\n")


def _heading(source: Source, at: int) -> tuple[int, int] | None:
    """The function around a line, by its indentation: where it begins and ends."""
    depth = _width(source.lines[at])
    for start in range(at - 1, -1, -1):
        line = source.lines[start]
        if line.strip() and _width(line) < depth:
            depth = _width(line)
            if line.rstrip().endswith((":", "{")) and ("def " in line or "func" in line or "(" in line):
                break
            if depth == 0:
                return None
    else:
        return None
    end = next(
        (
            index
            for index in range(at, len(source.lines))
            if source.lines[index].strip() and _width(source.lines[index]) <= depth
        ),
        len(source.lines),
    )
    return start, end


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def told_by_heading(_: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    """The function, as the heading of the hunk."""
    pair = twins(found, chance)
    if pair is None or (block_of := _heading(pair.source, pair.meant)) is None:
        return None
    start, end = block_of
    heading = pair.source.lines[start].strip()
    if sum(line.strip().startswith(heading) for line in pair.source.lines) != 1:
        return None
    if pair.meant + len(pair.lines) > end or any(start <= at < end for at in pair.places if at != pair.meant):
        return None
    path = pair.source.path
    reply = chance.choice(
        (
            patch(path, pair.lines, pair.new, heading=heading),
            f"```diff\n{diff(path, pair.lines, pair.new, 1, header=f'@@ @@ {heading}')}```\n",
        )
    )
    return _good(pair, reply)


def told_by_order(_: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    """An earlier hunk of the diff, after which one place is left."""
    pair = twins(found, chance)
    if pair is None or pair.meant != pair.places[-1]:
        return None
    earlier = next(bases([pair.source], chance)) if len(pair.source.lines) > 60 else None
    if earlier is None or not pair.places[-2] < earlier.start or earlier.end > pair.meant:
        return None
    head = diff(pair.source.path, earlier.search, earlier.replace, 1, header="@@ @@")
    reply = "```diff\n" + head + "\n".join(["@@ @@", *marked(pair.lines, pair.new)]) + "\n```\n"
    lines = pair.source.lines
    expected = (
        *lines[: earlier.first], *earlier.new, *lines[earlier.last : pair.meant], *pair.new,
        *lines[pair.meant + len(pair.lines) :],
    )  # fmt: skip
    case = _good(pair, reply)
    return {**case, "expected": {pair.source.path: "".join(f"{line}\n" for line in expected)}}


TOLD = (told_by_number, told_by_heading, told_by_order)


def _bad(pair: Twins, reply: str) -> Case:
    return {
        "files": {pair.source.path: pair.text},
        "reply": reply,
        "recoverable": False,
        "expected": {},
        "names": [str(at + 1) for at in pair.places],
    }


def equal_places(_: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    pair = twins(found, chance)
    if pair is None:
        return None
    path = pair.source.path
    text = block(path, pair.lines, pair.new, chance)
    return _bad(pair, chance.choice((text, patch(path, pair.lines, pair.new))))


def number_between(_: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    """A line number that is close to none of the places."""
    pair = twins(found, chance)
    if pair is None:
        return None
    between = [
        (one + two) // 2 for one, two in zip(pair.places, pair.places[1:], strict=False) if two - one > _FAR
    ]
    if not between:
        return None
    number = chance.choice(between)
    return _bad(pair, f"```diff\n{diff(pair.source.path, pair.lines, pair.new, number)}```\n")


AMBIGUOUS = (equal_places, number_between)
