"""Where a file is cut, before small pieces are put together and long ones taken apart."""

from __future__ import annotations

from typing import NamedTuple

from agent_core.code.model import ChunkKind
from agent_core.code.signature import LONGEST

TITLES = " > "
"""What stands between a title and the title that it is below."""
MAX_LINES = 80
MAX_CHARS = 2500
"""What a chunk may take at most; more is cut."""


FINE = 8
"""Statements of the same container are put into one piece up to this many lines."""

MOST = 0.6
"""The share of a piece's lines from which on its largest definition names it."""


class Place(NamedTuple):
    """What the rows of a container belong to: their kind and name when they define nothing themselves.

    `group` tells the containers of a file apart; `local` is set inside functions and expressions, whose
    values are nobody else's business.
    """

    kind: ChunkKind = "module"
    name: str = ""
    group: int = 0
    local: bool = False

    def named(self, name: str, separator: str = ".") -> str:
        """The name of a member, on one line, behind the container's where that is not too long.

        A test's title goes only before other titles.
        """
        name = " ".join(name.split())[:LONGEST]
        alone = not self.name or len(self.name) > LONGEST or (self.kind == "test" and separator != TITLES)
        return name if alone else f"{self.name}{separator}{name}"


class Piece:
    """Rows from `start` to the next piece's start; later `start` to `last`, and what was joined to it.

    `home` is the container, `group` its number. `defines` says that `kind` and `name` are of a definition in
    it; otherwise they are the container's. `main` is the number of lines of the part that gives the name,
    `others` says that there are parts with another.
    """

    __slots__ = ("defines", "group", "home", "kind", "last", "main", "name", "others", "start")

    def __init__(
        self, start: int, home: Place, group: int, kind: ChunkKind, name: str, *, defines: bool
    ) -> None:
        self.start = start
        self.home: Place = home
        self.group: int = group
        self.kind: ChunkKind = kind
        self.name: str = name
        self.defines: bool = defines
        self.last = start
        self.main = 1
        self.others: bool = False

    def join(self, other: Piece) -> None:
        """Take in the piece that follows."""
        self.last = other.last
        if other.name == self.name and other.kind == self.kind:
            self.main += other.main
            self.others = self.others or other.others
            return
        self.others = True
        if self.defines and self.kind == "type" and self.name == self.home.name:
            return  # the head of a type stays what the chunk is about
        if (other.defines, other.main) > (self.defines, self.main):
            self.home, self.kind, self.name = other.home, other.kind, other.name
            self.defines, self.main = other.defines, other.main

    def named(self) -> tuple[ChunkKind, str]:
        """The kind and name: of what it defines; of what holds them, when these are several."""
        if self.others and self.home.name and self.main < MOST * (self.last - self.start + 1):
            return self.home.kind, self.home.name
        return self.kind, self.name
