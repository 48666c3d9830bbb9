"""The grammars: single-grammar wheels of tree-sitter, each imported when a file of its language is met."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from agent_core.code.found import Rules

if TYPE_CHECKING:
    from tree_sitter import Parser


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
