"""Definitions by some letters of their names, while they are typed."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate, islice

import msgspec

from agent_core.code.model import Symbol
from agent_core.index.api import NamedPlace
from agent_core.index.image import FileEntry, Image

_MOST = 300_000
"""Definitions that are looked through; those of source files come first."""
_MOST_NEAR = 2_000


class Names:
    """Every name of an image as one text, made when it is first asked for after a change."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._made = -1
        self._text = ""
        self._starts: list[int] = []
        self._where: list[tuple[FileEntry, int]] = []

    def find(self, query: str, limit: int) -> tuple[NamedPlace, ...]:
        """Names that hold these letters in this order: the same, those that begin so, that hold it in one."""
        wanted = query.strip().lower()
        if not wanted or "\n" in wanted:
            return ()
        self._refresh()
        found = {number: _rank(wanted, name) for number, name in self._near(wanted)}
        best = sorted(found, key=lambda number: found[number])[:limit]
        return tuple(place for number in best if (place := self._place(number)) is not None)

    def _near(self, wanted: str) -> list[tuple[int, str]]:
        """Numbers and names of what fits: first what holds the letters in one, then what holds them apart."""
        near: dict[int, str] = {}
        for pattern in (re.escape(wanted), "[^\n]*?".join(map(re.escape, wanted))):
            whole = re.compile(f"^[^\n]*?{pattern}[^\n]*$", re.MULTILINE)
            for match in islice(whole.finditer(self._text), _MOST_NEAR):
                near.setdefault(bisect_right(self._starts, match.start()) - 1, match[0])
            if len(near) >= _MOST_NEAR:
                break
        return list(near.items())

    def _refresh(self) -> None:
        if self._made == self._image.changes:
            return
        self._made = self._image.changes
        entries = sorted(self._image.files.values(), key=lambda entry: entry.row.role != "source")
        names: list[str] = []
        self._where = []
        for entry in entries:
            for number, symbol in enumerate(_symbols(entry)):
                names.append(symbol.name.lower().replace("\n", " "))
                self._where.append((entry, number))
            if len(names) >= _MOST:
                break
        self._text = "\n".join(names)
        self._starts = [0, *accumulate(len(name) + 1 for name in names)]

    def _place(self, number: int) -> NamedPlace | None:
        entry, which = self._where[number]
        symbol = _symbols(entry)[which]
        return NamedPlace(symbol.name, symbol.kind, entry.row.path, symbol.start, symbol.end)


def _symbols(entry: FileEntry) -> tuple[Symbol, ...]:
    return msgspec.msgpack.decode(entry.row.symbols, type=tuple[Symbol, ...])


def _rank(wanted: str, name: str) -> tuple[int, int, str]:
    last = name.rpartition(".")[2]
    if wanted in (name, last):
        kind = 0
    elif last.startswith(wanted) or name.startswith(wanted):
        kind = 1
    else:
        kind = 2 if wanted in name else 3
    return kind, len(name), name
