"""Reading one source file: pure, synchronous, the same every time; made for worker processes."""

from __future__ import annotations

from agent_core.code.grammars import Grammar, grammar_of, tree_of
from agent_core.code.languages import language_of
from agent_core.code.lines import Lines
from agent_core.code.merge import chunks, sized
from agent_core.code.model import Chunk, ParsedFile
from agent_core.code.sections import SECTIONS
from agent_core.code.structure import structure as structure_of

_DENSE = 400
"""Characters a line on average from which on a file was not written by hand: its structure is of no use."""


def parse(path: str, text: str, *, structure: bool = True) -> ParsedFile:
    """Cut a file into chunks and find what it defines and imports. Never raises for any text.

    A text made to hurt a grammar can still take a gigabyte; who reads files of strangers gives the process a
    limit, and does without a file that it did not survive.

    Args:
        path: The file's path; its name decides the language.
        text: The file's whole text.
        structure: Whether to look at it; without, it is cut into plain windows.
    """
    lines = Lines(text)
    if not structure:
        return ParsedFile("", _windows(lines), broken=True)
    language = language_of(path, text)
    if len(text) > _DENSE * (len(lines) + 1):
        return ParsedFile(language, _windows(lines))
    if language in SECTIONS:
        pieces, symbols = SECTIONS[language](lines)
        return ParsedFile(language, chunks(pieces, lines), tuple(symbols))
    grammar = grammar_of(language)
    if grammar is not None:
        return _by_grammar(language, grammar, text, lines)
    return ParsedFile("", _windows(lines))


def _windows(lines: Lines) -> tuple[Chunk, ...]:
    first, last = lines.trim(0, len(lines) - 1)
    return tuple(sized(lines, first, last, "window", ""))


def _by_grammar(language: str, grammar: Grammar, text: str, lines: Lines) -> ParsedFile:
    data = text.encode("utf-8", "surrogatepass")
    if "\0" in text:
        data = data.replace(b"\0", b" ")  # scanners of some grammars take it for the end, and never get there
    root = tree_of(grammar, data)
    if root is None:
        return ParsedFile(language, _windows(lines), broken=True)
    seen = structure_of(root, lines=lines, data=data, rules=grammar.rules)
    return ParsedFile(
        language,
        chunks(seen.pieces, lines),
        tuple(seen.symbols),
        tuple(dict.fromkeys(name for name in seen.imports if name)),
        root.has_error,
    )
