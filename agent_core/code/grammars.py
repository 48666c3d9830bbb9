"""The grammars: single-grammar wheels of tree-sitter, each imported when a file of its language is met.

A text that a grammar was not made for can cost the parser time and memory that grow with the square of its
length. Texts with thousands of open brackets are refused, and processor time is bounded; what is left of this
can only be bounded from outside of the process.
"""

from __future__ import annotations

import time
from functools import cache
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from agent_core.code.found import Rules

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Point


class Grammar(NamedTuple):
    """A parser and what its nodes mean."""

    parser: Parser
    rules: Rules


class _Source(NamedTuple):
    module: str
    rules: str
    function: str = "language"


_SOURCES = {
    "python": _Source("tree_sitter_python", "python"),
    "javascript": _Source("tree_sitter_javascript", "javascript"),
    "typescript": _Source("tree_sitter_typescript", "javascript", "language_typescript"),
    "tsx": _Source("tree_sitter_typescript", "javascript", "language_tsx"),
    "go": _Source("tree_sitter_go", "go"),
    "rust": _Source("tree_sitter_rust", "rust"),
    "java": _Source("tree_sitter_java", "java"),
    "kotlin": _Source("tree_sitter_kotlin", "kotlin"),
    "scala": _Source("tree_sitter_scala", "scala"),
    "c": _Source("tree_sitter_c", "c"),
    "cpp": _Source("tree_sitter_cpp", "c"),
    "csharp": _Source("tree_sitter_c_sharp", "csharp"),
    "ruby": _Source("tree_sitter_ruby", "ruby"),
    "php": _Source("tree_sitter_php", "php", "language_php"),
    "bash": _Source("tree_sitter_bash", "bash"),
    "swift": _Source("tree_sitter_swift", "swift"),
    "lua": _Source("tree_sitter_lua", "lua"),
}
_SMALL = 4096
"""Bytes that no grammar takes longer than a second for, whatever they are."""
_SECONDS, _SECONDS_A_BYTE = 0.5, 2e-6
"""Processor time that a parse may take: twenty times what source code takes."""
_STEP = 64 * 1024
_SELDOM = 16
"""Steps of the parser between two looks at the clock, which is a system call."""
_OPEN = 2000
"""Brackets that may be left open: the parser's memory grows with their square."""


@cache
def grammar_of(language: str) -> Grammar | None:
    """The grammar of a language, kept for the life of the process; None where there is none."""
    source = _SOURCES.get(language)
    if source is None:
        return None
    from tree_sitter import Language, Parser

    pointer: object = getattr(import_module(source.module), source.function)()
    rules = import_module(f"agent_core.code.rules.{source.rules}").RULES
    return Grammar(Parser(Language(pointer)), rules)


def tree_of(grammar: Grammar, data: bytes) -> Node | None:
    """The root of the syntax tree of a text in UTF-8; None where the parser gives up or is not let near."""
    if len(data) > _OPEN and _left_open(data):
        return None
    if len(data) <= _SMALL:
        return grammar.parser.parse(data).root_node
    step = count().__next__
    until = time.thread_time() + _SECONDS + _SECONDS_A_BYTE * len(data)

    def read(start: int, _point: Point) -> bytes:
        return data[start : start + _STEP]

    def late(_offset: int, _in_error: bool) -> bool:
        return step() % _SELDOM == 0 and time.thread_time() > until

    try:
        return grammar.parser.parse(read, progress_callback=late).root_node
    except ValueError:  # how the library says that it was stopped
        grammar.parser.reset()
        return None


def _left_open(data: bytes) -> bool:
    """Whether too many brackets are open that nothing closes."""
    for opened, closed in ((b"(", b")"), (b"[", b"]"), (b"{", b"}")):
        count = data.count(opened)
        if count > _OPEN and count - data.count(closed) > _OPEN:
            return True
    if data.count(b"<") <= _OPEN:
        return False
    shifts, arrows = data.count(b"<<") - data.count(b">>"), data.count(b"->") + data.count(b"=>")
    return data.count(b"<") - data.count(b">") - 2 * shifts + arrows > _OPEN
