"""From a syntax tree to pieces, symbols and imports: only definitions and what contains them are visited."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agent_core.code.found import Found, Rules
from agent_core.code.lines import Lines
from agent_core.code.model import ChunkKind, Symbol
from agent_core.code.pieces import MAX_CHARS, MAX_LINES, Piece, Place
from agent_core.code.signature import signature

if TYPE_CHECKING:
    from tree_sitter import Node

_COMMENTS = frozenset({"comment", "line_comment", "block_comment", "multiline_comment"})
_AHEAD = frozenset({"attribute_item", "inner_attribute_item", "decorator", "annotation"})
"""Nodes that stand before the definition they belong to, as comments do."""
_WHOLE_LINES = 40
_WHOLE_CHARS = 1600
"""A type of at most this size stays in one piece."""
_MAX_DEPTH = 32


class Structure(NamedTuple):
    """What a walk over a tree found: pieces in order, the first at row 0."""

    pieces: list[Piece]
    symbols: list[Symbol]
    imports: list[str]


def structure(root: Node, *, lines: Lines, data: bytes, rules: Rules) -> Structure:
    """Walk the tree of the text in `lines` (as UTF-8: `data`)."""
    walk = _Walk(lines, data, rules)
    walk.visit(root, Place(), cutting=True, depth=0)
    return Structure(walk.pieces, walk.symbols, walk.imports)


class _Walk:
    def __init__(self, lines: Lines, data: bytes, rules: Rules) -> None:
        self.lines, self.data, self.rules = lines, data, rules
        self.pieces = [Piece(0, "module", "", Place(), 0, defines=False)]
        self.symbols: list[Symbol] = []
        self.imports: list[str] = []
        self.reached = -1
        self.groups = 0

    def visit(self, parent: Node, place: Place, *, cutting: bool, depth: int) -> None:
        """Go through the children of a node that belong to `place`; `cutting`: make pieces of them."""
        rules = self.rules
        ahead = below = -1  # first row of what stands directly above the next definition, row after its last
        for node in parent.named_children:
            kind = node.type
            start: int = node.start_point[0]
            if kind in _COMMENTS or kind in _AHEAD:
                if start <= self.reached:
                    continue
                if start != below:
                    ahead = start
                    if cutting:
                        self.cut(start, place)
                below = last_row(node) + 1
                continue
            first = ahead if start == below else start
            ahead = below = -1
            rule = rules.get(kind)
            found = rule(node) if rule is not None else None
            if found is not None:
                self.take(node, found, place, first, cutting=cutting, depth=depth)
            elif cutting or kind == "ERROR":
                self.plain(node, place, first, cutting=cutting, depth=depth)
            self.reached = max(self.reached, last_row(node))

    def take(self, node: Node, found: Found, place: Place, first: int, *, cutting: bool, depth: int) -> None:
        """What a rule found."""
        outer, inner = node, node
        while found.role == "wrap":
            if found.body is None:
                break
            inner = found.body
            rule = self.rules.get(inner.type)
            following = rule(inner) if rule is not None else None
            if following is None:
                break
            found = following
        match found.role:
            case "function" | "type":
                self.define(outer, inner, found, place, first, cutting=cutting, depth=depth)
            case "constant" if found.body is not None and not place.local:
                self.define(outer, inner, found, place, first, cutting=cutting, depth=depth)
            case "constant":
                if not place.local:
                    self.constants(outer, inner, found, place)
                if cutting:
                    self.plain(node, place, first, cutting=cutting, depth=depth)
            case "scope":
                self.scope(node, found, place, first, cutting=cutting, depth=depth)
            case "import":
                self.imports.extend(found.names)
                if cutting:
                    self.cut(first, place)
            case "wrap":
                if cutting:
                    self.plain(node, place, first, cutting=cutting, depth=depth)

    def constants(self, outer: Node, inner: Node, found: Found, place: Place) -> None:
        """Values: symbols, but no pieces of their own."""
        shown = signature(self.data, outer, inner, None)
        for name in found.names:
            start, end = outer.start_point[0] + 1, last_row(outer) + 1
            self.symbols.append(Symbol(place.dotted(name), "constant", start, end, shown))

    def define(
        self, outer: Node, inner: Node, found: Found, place: Place, first: int, *, cutting: bool, depth: int
    ) -> None:
        """A definition: a symbol, a piece, and its members."""
        home = Place("type", place.dotted(found.owner), place.group, place.local) if found.owner else place
        name = home.dotted(found.names[0])
        body, last = found.body, last_row(outer)
        role = "constant" if found.role == "constant" else "function" if found.role == "function" else "type"
        shown = signature(self.data, outer, inner, body)
        self.symbols.append(Symbol(name, role, outer.start_point[0] + 1, last + 1, shown))
        kind: ChunkKind = "function" if role == "function" else "type"
        lines, chars = (MAX_LINES, MAX_CHARS) if role == "function" else (_WHOLE_LINES, _WHOLE_CHARS)
        split = cutting and body is not None and depth < _MAX_DEPTH and self.larger(first, last, lines, chars)
        if not split:
            if cutting:
                self.cut(first, home, kind, name)
            if role != "function" and body is not None and depth < _MAX_DEPTH:
                self.visit(body, Place(kind, name, place.group, place.local), cutting=False, depth=depth + 1)
            return
        assert body is not None
        self.groups += 1
        inside = Place(kind, name, self.groups, place.local or role == "function")
        self.cut(first, inside, kind, name)
        self.reached = max(self.reached, body.start_point[0])
        self.visit(body, inside, cutting=True, depth=depth + 1)

    def scope(self, node: Node, found: Found, place: Place, first: int, *, cutting: bool, depth: int) -> None:
        """Its children stand for it."""
        if cutting:
            self.cut(first, place)
        if found.body is None or depth >= _MAX_DEPTH:
            return
        split = cutting and self.larger(first, last_row(node), MAX_LINES, MAX_CHARS)
        if split or not place.local:
            self.visit(found.body, place, cutting=split, depth=depth + 1)

    def plain(self, node: Node, place: Place, first: int, *, cutting: bool, depth: int) -> None:
        """A statement: cut inside where it is long."""
        if cutting:
            self.cut(first, place)
        if depth < _MAX_DEPTH and (
            node.type == "ERROR" or self.larger(first, last_row(node), MAX_LINES, MAX_CHARS)
        ):
            inside = place if node.type == "ERROR" else place._replace(local=True)
            self.visit(node, inside, cutting=cutting, depth=depth + 1)

    def larger(self, first: int, last: int, lines: int, chars: int) -> bool:
        """Whether the rows are more than that."""
        last = min(last, len(self.lines) - 1)
        return last - first >= lines or (last > first and self.lines.size(first, last) > chars)

    def cut(self, row: int, place: Place, kind: ChunkKind | None = None, name: str = "") -> None:
        """Begin a piece at the row, unless what came before goes on in it."""
        piece = self.pieces[-1]
        defines = kind is not None
        if row == piece.start and defines and not piece.defines:
            self.pieces.pop()
        elif row <= self.reached or row <= piece.start:
            return
        own = (kind, name) if kind is not None else (place.kind, place.name)
        self.pieces.append(Piece(row, *own, place, place.group, defines=defines))


def last_row(node: Node) -> int:
    """The last row that the node has a character in (some grammars' nodes take in the line feed)."""
    row, column = node.end_point
    return row - 1 if not column and row > node.start_point[0] else row
