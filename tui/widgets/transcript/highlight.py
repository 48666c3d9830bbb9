"""Colours for code: pygments, imported late, in chunks that are never read again while code streams in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from agent_core.code import languages
from tui.widgets.transcript.lines import Run, merge

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_CHUNK = 32
"""Source lines after which a chunk may end; it ends where no string or comment is open."""
_LONGEST_CHUNK = 256
_LONGEST_LINE = 2000
_STYLES = {
    "Comment": "com",
    "Comment.Preproc": "deco",
    "Keyword": "kw",
    "Keyword.Constant": "const",
    "Keyword.Type": "cls",
    "Literal.String": "str",
    "Literal.String.Doc": "doc",
    "Literal.String.Escape": "const",
    "Literal.String.Interpol": "const",
    "Literal.Number": "num",
    "Operator": "op",
    "Operator.Word": "kw",
    "Punctuation": "op",
    "Name.Function": "fn",
    "Name.Class": "cls",
    "Name.Builtin": "builtin",
    "Name.Builtin.Pseudo": "const",
    "Name.Exception": "cls",
    "Name.Decorator": "deco",
    "Name.Tag": "kw",
    "Name.Attribute": "fn",
    "Name.Constant": "const",
    "Name.Variable": "deco",
    "Name.Label": "fn",
    "Generic.Inserted": "ins",
    "Generic.Deleted": "del",
    "Generic.Heading": "kw",
    "Generic.Subheading": "fn",
    "Generic.Prompt": "op",
    "Generic.Output": "com",
    "Generic.Error": "del",
    "Generic.Strong": "strong",
    "Generic.Emph": "em",
}


@lru_cache(maxsize=256)
def language_of(path: str) -> str:
    """The language of a file by its name, as `lexer_for` takes it; "" where none fits.

    The first name that is none of ours costs 140 ms: pygments compiles every pattern it knows.
    """
    if known := languages.language_of(path):
        return known
    from pygments.lexers import find_lexer_class_for_filename  # pyright: ignore[reportUnknownVariableType]

    found = find_lexer_class_for_filename(path.rpartition("/")[2])
    return found.aliases[0] if found and found.aliases else ""


@lru_cache(maxsize=64)
def lexer_for(language: str) -> Lexer | None:
    """The lexer of a fence's info word; None for plain text or a language that is not known."""
    if not re.fullmatch(r"[\w+#.-]{1,30}", language):
        return None
    from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=256)
def _style(token: Any) -> str:
    while token:
        if name := _STYLES.get(str(token)[6:]):
            return name
        token = token.parent
    return ""


def _lex(lexer: Lexer, rows: list[str], *, ended: bool) -> tuple[list[list[Run]], bool]:
    """Each line's runs, and whether nothing (string, comment) is open at the end."""
    if any(len(row) > _LONGEST_LINE for row in rows):
        return [[(row, "", None)] if row else [] for row in rows], True
    out: list[list[Run]] = [[]]
    style = ""
    for _, token, text in lexer.get_tokens_unprocessed("\n".join(rows) + ("\n" if ended else "")):
        style = _style(token)
        first, *more = text.split("\n")
        if first:
            out[-1].append((first, style, None))
        for part in more:
            out.append([(part, style, None)] if part else [])
    return [merge(row) for row in out[: len(rows)]], style not in ("str", "doc", "com")


class Highlighter:
    """Runs of each line of a code block that may still grow at its end."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._done: list[list[Run]] = []

    @property
    def settled(self) -> int:
        """Lines that more text cannot change."""
        return len(self._done)

    def lines(self, code: str) -> list[list[Run]]:
        """The runs of each line. Code given before must be a prefix of `code`."""
        rows = code.split("\n")
        lexer = lexer_for(self._language) if self._language else None
        if lexer is None:
            return [[(row, "", None)] if row else [] for row in rows]
        while self._close_chunk(lexer, rows):
            pass
        return self._done + _lex(lexer, rows[len(self._done) :], ended=False)[0]

    def _close_chunk(self, lexer: Lexer, rows: list[str]) -> bool:
        start, size = len(self._done), _CHUNK
        while start + size < len(rows):
            runs, closed = _lex(lexer, rows[start : start + size], ended=True)
            if closed or size >= _LONGEST_CHUNK:
                self._done.extend(runs)
                return True
            size *= 2
        return False
