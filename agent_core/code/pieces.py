"""Where a file is cut, before small pieces are put together and long ones taken apart."""

from __future__ import annotations

from typing import NamedTuple

from agent_core.code.model import ChunkKind

MAX_LINES = 80
MAX_CHARS = 2500
"""What a chunk may take at most; more is cut."""


class Place(NamedTuple):
    """What the rows of a container belong to: their kind and name when they define nothing themselves.

    `group` tells the containers of a file apart; `local` is set inside functions and expressions, whose
    values are nobody else's business.
    """

    kind: ChunkKind = "module"
    name: str = ""
    group: int = 0
    local: bool = False

    def dotted(self, name: str) -> str:
        """The name of a member."""
        return f"{self.name}.{name}" if self.name else name


class Piece:
    """Rows from `start` to the next piece's start.

    `defines` says that it is a definition of its own inside `place`; then `kind` and `name` are its own.
    """

    __slots__ = ("defines", "group", "home", "kind", "name", "start")

    def __init__(
        self, start: int, kind: ChunkKind, name: str, home: Place, group: int, *, defines: bool
    ) -> None:
        self.start = start
        self.kind: ChunkKind = kind
        self.name = name
        self.home = home
        self.group = group
        self.defines = defines
