"""Where in a file the searched lines stand: exactly first, then with more and more tolerated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec

from agent_core.edits import indent, keys
from agent_core.edits.keys import Keyed, indent_of


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place in the file.

    `align` gives for each searched line the file's line (from 0), None for one that is not there. `search`
    and `replace` are the edit's, with what they leave out filled in.
    """

    search: tuple[str, ...]
    replace: tuple[str, ...]
    align: tuple[int | None, ...]
    how: str
    confidence: float

    @property
    def start(self) -> int:
        """The first line that is there, from 0."""
        return next((at for at in self.align if at is not None), 0)

    @property
    def end(self) -> int:
        """The line after the last one that is there."""
        return next((at + 1 for at in reversed(self.align) if at is not None), 0)


class Lines:
    """A file's lines as they are searched, each way of reading them prepared once."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)

    @cached_property
    def exact(self) -> Keyed:
        """As they are."""
        return Keyed(self.lines, keys.exact)

    @cached_property
    def trailing(self) -> Keyed:
        """Without white space at their ends."""
        return Keyed(self.lines, keys.trailing)

    @cached_property
    def stripped(self) -> Keyed:
        """Without their indentation."""
        return Keyed(self.lines, keys.stripped)

    @cached_property
    def folded(self) -> Keyed:
        """Without spacing and kinds of quotes."""
        return Keyed(self.lines, keys.folded)

    @cached_property
    def dense(self) -> Keyed:
        """The same, without empty lines."""
        return Keyed(self.lines, keys.folded, blanks=False)

    @cached_property
    def unit(self) -> str:
        """By what they are indented."""
        return indent.file_unit(self.lines)


def ladder(search: Sequence[str], replace: Sequence[str], file: Lines) -> list[Place]:
    """All places of the first step at which there is one; several mean that it is not clear which."""
    search, replace = tuple(search), tuple(replace)
    steps = (
        (file.exact, keys.exact, "exact", 1.0),
        (file.trailing, keys.trailing, "white space at the end of lines differs", 0.99),
        (file.stripped, keys.stripped, "the indentation differs", 0.95),
        (file.folded, keys.folded, "spacing or look-alike characters differ", 0.93),
    )
    for keyed, key, how, confidence in steps:
        found = keyed.find([key(line) for line in search])
        if found:
            places = [
                Place(
                    search=search,
                    replace=replace,
                    align=tuple(range(start, start + len(search))),
                    how=how,
                    confidence=confidence,
                )
                for start in found
            ]
            return _indented_alike(places, file)
    return _indented_alike(_without_blanks(search, replace, file), file)


def _without_blanks(search: tuple[str, ...], replace: tuple[str, ...], file: Lines) -> list[Place]:
    solid = [index for index, line in enumerate(search) if line.strip()]
    wanted = [keys.folded(search[index]) for index in solid]
    places: list[Place] = []
    for start in file.dense.find(wanted):
        align: list[int | None] = [None] * len(search)
        for step, index in enumerate(solid):
            align[index] = file.dense.at[start + step]
        fill_blanks(search, align, file.lines)
        places.append(
            Place(
                search=search, replace=replace, align=tuple(align), how="empty lines differ", confidence=0.92
            )
        )
    return places


def fill_blanks(search: Sequence[str], align: list[int | None], lines: Sequence[str]) -> None:
    """Give the empty lines of the search their places beside the lines that have one."""
    for index in range(1, len(search)):
        before = align[index - 1]
        if align[index] is not None or search[index].strip() or before is None:
            continue
        following = next((at for at in align[index + 1 :] if at is not None), len(lines))
        if before + 1 < following and not lines[before + 1].strip():
            align[index] = before + 1
    for index in range(len(search) - 2, -1, -1):
        after = align[index + 1]
        if align[index] is not None or search[index].strip() or after is None:
            continue
        previous = next((at for at in reversed(align[:index]) if at is not None), -1)
        if previous < after - 1 and not lines[after - 1].strip():
            align[index] = after - 1


def _indented_alike(places: list[Place], file: Lines) -> list[Place]:
    """Of several places those whose lines are indented against each other as the searched ones are."""
    if len(places) < 2 or places[0].confidence == 1.0:
        return places
    alike = [place for place in places if _fits(place, file)]
    return alike or places


def _fits(place: Place, file: Lines) -> bool:
    pairs = [
        (indent_of(line), indent_of(file.lines[at]))
        for line, at in zip(place.search, place.align, strict=True)
        if at is not None and line.strip()
    ]
    return not pairs or indent.fit(pairs, (), file.unit) is not None
