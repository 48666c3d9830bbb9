"""From a syntax tree to pieces, symbols and imports: only definitions and what contains them are visited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from agent_core.code.found import Found, Rules
from agent_core.code.lines import Lines
from agent_core.code.model import ChunkKind, Symbol
from agent_core.code.pieces import FINE, MAX_CHARS, MAX_LINES, TITLES, Piece, Place
from agent_core.code.signature import LONGEST, signature

if TYPE_CHECKING:
    from tree_sitter import Node

_AHEAD = frozenset(
    {
        *("comment", "line_comment", "block_comment", "multiline_comment"),
        *("attribute_item", "inner_attribute_item", "decorator", "annotation"),
    }
)
"""Nodes that stand before the definition they belong to."""
_BANNER = 3
"""A comment of so few lines also belongs to what stands below it with one blank line between."""
_WHOLE_LINES = 40
_WHOLE_CHARS = 1600
"""A type of at most this size stays in one piece."""
_MAX_DEPTH = 32
_NOWHERE = -9


class Structure(NamedTuple):
    """What a walk over a tree found: pieces in order, the first at row 0."""

    pieces: list[Piece]
    symbols: list[Symbol]
    imports: list[str]


class _Item(msgspec.Struct, frozen=True, gc=False):
    """A node on its way: its rows `start` to `last`, and where it stands.

    `first` is the row where the comments above it begin. `cutting`: pieces are made of it; otherwise only
    symbols are wanted.
    """

    node: Node
    first: int
    start: int
    last: int
    place: Place
    cutting: bool
    depth: int


def structure(root: Node, *, lines: Lines, data: bytes, rules: Rules) -> Structure:
    """Walk the tree of the text in `lines` (as UTF-8: `data`)."""
    walk = _Walk(lines, data, rules)
    walk.visit(root, Place(), cutting=True, depth=0)
    return Structure(walk.pieces, walk.symbols, walk.imports)


class _Walk:
    def __init__(self, lines: Lines, data: bytes, rules: Rules) -> None:
        self.lines, self.data, self.rules = lines, data, rules
        self.pieces = [Piece(0, Place(), 0, "module", "", defines=False)]
        self.symbols: list[Symbol] = []
        self.imports: list[str] = []
        self.reached = -1  # the last row of what was visited
        self.groups = 0

    def visit(self, parent: Node, place: Place, *, cutting: bool, depth: int) -> None:
        """Go through the children of a node that belong to `place`."""
        rules = self.rules
        ahead = below = _NOWHERE  # what stands above the next definition: its first row, the row behind it
        for node in parent.named_children:
            kind = node.type
            start: int = node.start_point[0]
            end, column = node.end_point  # in the next row where the node takes in a line feed
            last: int = end - 1 if not column and end > start else end
            if kind in _AHEAD:
                if start > self.reached:
                    if start != below and (start != below + 1 or below - ahead > _BANNER):
                        ahead = start
                        if cutting:
                            self.cut(start, place)
                    below = last + 1
                continue
            first = ahead if start == below or (start == below + 1 and below - ahead <= _BANNER) else start
            below = _NOWHERE
            rule = rules.get(kind)
            found = rule(node, self.data) if rule is not None else None
            if found is not None:
                self.take(found, _Item(node, first, start, last, place, cutting, depth))
            elif cutting:
                self.cut(first, place)
                if kind == "ERROR" or (last > first and self.larger(first, last)):
                    self.inside(_Item(node, first, start, last, place, cutting, depth))
            elif kind == "ERROR":
                self.inside(_Item(node, first, start, last, place, cutting, depth))
            if last > self.reached:
                self.reached = last

    def take(self, found: Found, item: _Item) -> None:
        """What a rule found."""
        inner = item.node
        while found.role == "wrap":
            following = None
            if found.body is not None:
                inner = found.body
                rule = self.rules.get(inner.type)
                following = rule(inner, self.data) if rule is not None else None
            if following is None:
                self.plain(item)
                return
            found = following
        if found.role == "import":
            self.imports += [name[:LONGEST] for name in found.names]
            if item.cutting:
                self.cut(item.first, item.place)
        elif found.role == "scope":
            self.scope(found, item)
        elif found.role == "test":
            self.test(found, item)
        elif found.role == "function" or found.role == "type":
            self.define(found, item, inner, found.role)
        elif item.place.local:
            self.plain(item)
        elif found.body is not None:
            self.define(found, item, inner, "type")
        else:
            self.constants(found, item, inner)

    def plain(self, item: _Item) -> None:
        """A statement: cut inside where it is long."""
        if not item.cutting:
            return
        self.cut(item.first, item.place)
        if item.last > item.first and self.larger(item.first, item.last):
            self.inside(item)

    def inside(self, item: _Item) -> None:
        """What is in a statement, or in source text that the grammar does not know."""
        if item.depth < _MAX_DEPTH:
            broken = item.node.type == "ERROR"
            place = item.place if broken else item.place._replace(local=True)
            self.visit(item.node, place, cutting=item.cutting, depth=item.depth + 1)

    def scope(self, found: Found, item: _Item) -> None:
        """Its children stand for it."""
        if item.cutting:
            self.cut(item.first, item.place)
        if found.body is None or item.depth >= _MAX_DEPTH:
            return
        split = item.cutting and self.larger(item.first, item.last)
        if split or not item.place.local:
            self.visit(found.body, item.place, cutting=split, depth=item.depth + 1)

    def constants(self, found: Found, item: _Item, inner: Node) -> None:
        """Values: symbols, but no pieces of their own."""
        start, end = item.start + 1, item.last + 1
        shown = signature(self.data, item.node, inner, None)
        for name in filter(None, found.names):
            self.symbols.append(Symbol(item.place.named(name), "constant", start, end, shown))
        self.plain(item)

    def define(self, found: Found, item: _Item, inner: Node, kind: Literal["function", "type"]) -> None:
        """A definition: a symbol, a piece, and its members."""
        if not found.names or not found.names[0]:
            self.plain(item)
            return
        place = item.place
        home = place
        if found.owner:
            home = Place("type", place.named(found.owner), place.group, place.local)
        name = home.named(found.names[0])
        body = found.body if item.depth < _MAX_DEPTH else None
        role = "constant" if found.role == "constant" else kind
        shown = signature(self.data, item.node, inner, found.body)
        self.symbols.append(Symbol(name, role, item.start + 1, item.last + 1, shown))
        self.within(item, home, kind, name, body)

    def test(self, found: Found, item: _Item) -> None:
        """A test, or a suite: a symbol, a piece, and the tests in it."""
        body = found.body if item.depth < _MAX_DEPTH else None
        name = item.place.named(found.names[0], TITLES)
        call = item.node.named_child(0) or item.node
        function = found.body.parent if found.body is not None else None
        shown = signature(self.data, call, call, function)[: LONGEST - 1].rstrip(", ") + ")"
        self.symbols.append(Symbol(name, "test", item.start + 1, item.last + 1, shown))
        self.within(item, item.place, "test", name, body)

    def within(
        self,
        item: _Item,
        home: Place,
        kind: Literal["function", "type", "test"],
        name: str,
        body: Node | None,
    ) -> None:
        """The piece of a definition, and its members: cut apart where it is long, else for their symbols."""
        local = item.place.local or kind != "type"
        if body is not None and item.cutting and self.long(item, kind):
            self.groups += 1
            own = Place(kind, name, self.groups, local)
            self.cut(item.first, own, kind, name)
            self.reached = max(self.reached, body.start_point[0])
            self.visit(body, own, cutting=True, depth=item.depth + 1)
            return
        if item.cutting:
            self.cut(item.first, home, kind, name)
        if body is not None and kind != "function":
            own = Place(kind, name, item.place.group, local)
            self.visit(body, own, cutting=False, depth=item.depth + 1)

    def long(self, item: _Item, kind: ChunkKind) -> bool:
        """Whether a definition is taken apart."""
        if kind == "type":
            return self.larger(item.first, item.last, _WHOLE_LINES, _WHOLE_CHARS)
        return self.larger(item.first, item.last)

    def larger(self, first: int, last: int, lines: int = MAX_LINES, chars: int = MAX_CHARS) -> bool:
        """Whether the rows are more than that."""
        last = min(last, len(self.lines.rows) - 1)
        return last - first >= lines or (last > first and self.lines.size(first, last) > chars)

    def cut(self, row: int, place: Place, kind: ChunkKind | None = None, name: str = "") -> None:
        """Begin a piece at the row: a definition's, or else one of what belongs to the place."""
        piece = self.pieces[-1]
        if kind is None:
            fine = piece.defines or piece.group != place.group or row - piece.start >= FINE
            if fine and row > self.reached and row > piece.start:
                self.pieces.append(Piece(row, place, place.group, place.kind, place.name, defines=False))
        elif row == piece.start and not piece.defines:
            self.pieces[-1] = Piece(row, place, place.group, kind, name, defines=True)
        elif row > self.reached and row > piece.start:
            self.pieces.append(Piece(row, place, place.group, kind, name, defines=True))
