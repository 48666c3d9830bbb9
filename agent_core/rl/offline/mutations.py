"""Bugs to plant: small edits of Python sources, of kinds that different verifiers find.

The edits are cuts in the text, so that everything else of a file stays as it was written. The kinds are those
of mutation testing (DeMillo, Lipton, Sayward 1978; negated conditions, shifted boundaries, other operators,
other constants, lost results, dropped arguments), and slips that need no test to be found: names that are not
there, imports that nobody uses, text that does not parse.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Literal, get_args

import msgspec

MutationKind = Literal[
    "condition",
    "boundary",
    "operator",
    "constant",
    "result",
    "argument",
    "attribute",
    "name",
    "unused",
    "syntax",
]
KINDS: tuple[MutationKind, ...] = get_args(MutationKind)
_COMPARED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.Is: ("is", "is not"),
}
_COMPUTED: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"),
    ast.Mod: ("%", "*"),
}
_LARGEST = 1_000_000
"""Larger numbers are masks, sizes and seeds, whose neighbours change little."""


class Mutation(msgspec.Struct, frozen=True, order=True):
    """One edit: bytes `start` to `end` of a file, in UTF-8, become `text`.

    `line` counts from 1; `scope` is the function or class around it, "" for the module.
    """

    start: int
    end: int
    text: str
    kind: MutationKind
    line: int
    scope: str = ""


def mutations_of(source: str) -> list[Mutation]:
    """All that could be planted into a source, in the order of its text; none where it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return sorted(set(_Finder(source).found(tree)))


def mutated(source: str, mutation: Mutation) -> str:
    """The source with the bug in it."""
    data = source.encode()
    return (data[: mutation.start] + mutation.text.encode() + data[mutation.end :]).decode()


class _Finder:
    """Walks a tree; the places of its nodes are lines, and columns in bytes."""

    def __init__(self, source: str) -> None:
        self._data = source.encode()
        self._begins = [0]
        for line in self._data.splitlines(keepends=True):
            self._begins.append(self._begins[-1] + len(line))

    def found(self, tree: ast.AST) -> Iterator[Mutation]:
        waiting: list[tuple[ast.AST, str]] = [(tree, "")]
        while waiting:
            node, scope = waiting.pop()
            for start, end, text, kind in self._edits(node):
                line = self._data.count(b"\n", 0, start) + 1
                yield Mutation(start, end, text, kind, line, scope)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                scope = f"{scope}.{node.name}".lstrip(".")
            waiting += [(child, scope) for child in ast.iter_child_nodes(node) if not _is_said(child)]

    def _edits(self, node: ast.AST) -> Iterator[_Edit]:
        for kind, make in _MAKERS.get(type(node), ()):
            for start, end, text in make(self, node):
                yield start, end, text, kind

    def _at(self, line: int, column: int) -> int:
        return self._begins[line - 1] + column

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _between(self, left: ast.expr, right: ast.expr, sign: str, other: str) -> Iterator[_Cut]:
        """The operator between two operands, where nothing else stands there that looks like it."""
        begin, end = self._span(left)[1], self._span(right)[0]
        between = self._data[begin:end]
        if between.count(sign.encode()) == 1 and b"#" not in between:
            at = begin + between.index(sign.encode())
            yield at, at + len(sign), other

    def condition(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.If | ast.While | ast.IfExp)
        start, end = self._span(node.test)
        if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not):
            inner = self._span(node.test.operand)[0]
            yield start, inner, ""
        elif not isinstance(node.test, ast.NamedExpr | ast.Constant):
            yield start, end, f"not ({self._data[start:end].decode()})"

    def compared(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.Compare)
        if len(node.ops) == 1 and (signs := _COMPARED.get(type(node.ops[0]))):
            yield from self._between(node.left, node.comparators[0], *signs)

    def computed(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.BinOp)
        said = any(isinstance(each, ast.Constant | ast.JoinedStr) for each in (node.left, node.right))
        texts = said and any(_is_text(each) for each in (node.left, node.right))
        if not texts and (signs := _COMPUTED.get(type(node.op))):
            yield from self._between(node.left, node.right, *signs)

    def joined(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.BoolOp)
        signs = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        yield from self._between(node.values[0], node.values[1], *signs)

    def constant(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.Constant)
        if isinstance(node.value, bool):
            yield *self._span(node), str(not node.value)
        elif isinstance(node.value, int) and abs(node.value) <= _LARGEST:
            yield *self._span(node), str(node.value + 1)

    def result(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.Return)
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield *self._span(node.value), "None"

    def argument(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.Call)
        if len(node.args) >= 2 and not any(isinstance(each, ast.Starred) for each in node.args):
            start, end = self._span(node.args[-2])[1], self._span(node.args[-1])[1]
            yield start, end, ""

    def attribute(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.Attribute)
        end = self._span(node)[1]
        if isinstance(node.ctx, ast.Load) and len(node.attr) > 2:
            yield end - len(node.attr.encode()), end, _misspelt(node.attr)

    def name(self, node: ast.AST) -> Iterator[_Cut]:
        assert isinstance(node, ast.Name)
        if isinstance(node.ctx, ast.Load) and len(node.id) > 2:
            yield *self._span(node), _misspelt(node.id)

    def unused(self, node: ast.AST) -> Iterator[_Cut]:
        """An import that nobody needs, before a function's first line."""
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        first = next((each for each in node.body if not _is_said(each)), None)
        if first is not None and first.lineno > node.lineno:
            start = self._at(first.lineno, 0)
            indent = self._data[start : self._at(first.lineno, first.col_offset)].decode()
            if not indent.strip():
                yield start, start, f"{indent}import colorsys\n"

    def syntax(self, node: ast.AST) -> Iterator[_Cut]:
        """A definition without its colon."""
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.If | ast.For | ast.While)
        first = self._at(node.body[0].lineno, 0)
        head = self._data[self._span(node)[0] : first].rstrip()
        if head.endswith(b":") and node.body[0].lineno > node.lineno:
            end = self._span(node)[0] + len(head)
            yield end - 1, end, ""


_Cut = tuple[int, int, str]
_Edit = tuple[int, int, str, MutationKind]
_Maker = Callable[[_Finder, ast.AST], Iterator[_Cut]]
_MAKERS: dict[type[ast.AST], tuple[tuple[MutationKind, _Maker], ...]] = {
    ast.If: (("condition", _Finder.condition), ("syntax", _Finder.syntax)),
    ast.While: (("condition", _Finder.condition), ("syntax", _Finder.syntax)),
    ast.IfExp: (("condition", _Finder.condition),),
    ast.For: (("syntax", _Finder.syntax),),
    ast.Compare: (("boundary", _Finder.compared),),
    ast.BinOp: (("operator", _Finder.computed),),
    ast.BoolOp: (("operator", _Finder.joined),),
    ast.Constant: (("constant", _Finder.constant),),
    ast.Return: (("result", _Finder.result),),
    ast.Call: (("argument", _Finder.argument),),
    ast.Attribute: (("attribute", _Finder.attribute),),
    ast.Name: (("name", _Finder.name),),
    ast.FunctionDef: (("unused", _Finder.unused), ("syntax", _Finder.syntax)),
    ast.AsyncFunctionDef: (("unused", _Finder.unused), ("syntax", _Finder.syntax)),
}


def _is_said(node: ast.AST) -> bool:
    """Whether it is a text that stands alone, such as a docstring, or a text with values."""
    alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return alone or isinstance(node, ast.JoinedStr)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _misspelt(name: str) -> str:
    """Two letters that change places, else one that comes twice."""
    turned = f"{name[:-2]}{name[-1]}{name[-2]}"
    return turned if turned != name else f"{name}{name[-1]}"
