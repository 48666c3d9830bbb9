"""Markdown and reStructuredText: cut at headings, named by the path of headings that leads there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent_core.code.lines import Lines
from agent_core.code.model import Symbol
from agent_core.code.pieces import TITLES, Piece, Place
from agent_core.code.signature import LONGEST

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t\r]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t\r]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_NO_TITLE = re.compile(r"\s*(?:[-*+>|#=]|\d+[.)]\s|$)| {4}|\t")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t\r]*$")
_LINK = re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*\)")
_DEEPEST = 8


class _Heading(NamedTuple):
    row: int
    level: int
    title: str


def markdown(lines: Lines) -> tuple[list[Piece], list[Symbol]]:
    """Pieces and symbols of a Markdown file: ATX and setext headings outside of fences and front matter."""
    return _cut(lines, list(_markdown(lines)))


def restructured(lines: Lines) -> tuple[list[Piece], list[Symbol]]:
    """Pieces and symbols of a reStructuredText file: titles with a line of punctuation below, or around."""
    return _cut(lines, list(_restructured(lines)))


def _markdown(lines: Lines) -> Iterator[_Heading]:
    rows = lines.rows
    fence = ""
    for row in range(_front_matter(rows), len(rows)):
        line = rows[row]
        start = line.lstrip(" ")[:1]
        if start not in ("#", "`", "~", "=", "-"):
            continue
        if start in "`~":
            found = _FENCE.match(line)
            if found is None:
                continue
            if not fence:
                fence = found[1] if start == "~" or "`" not in found[2] else ""
            elif found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif fence:
            continue
        elif start == "#":
            found = _ATX.match(line)
            if found is not None:
                yield _Heading(row, len(found[1]), _plain(found[2] or ""))
        elif row and _SETEXT.match(line) and not _NO_TITLE.match(rows[row - 1]):
            yield _Heading(row - 1, 1 if start == "=" else 2, _plain(rows[row - 1]))


def _front_matter(rows: list[str]) -> int:
    """The first row behind the block of metadata that some files begin with."""
    if rows and rows[0].lstrip("\ufeff").rstrip() == "---":
        for row in range(1, len(rows)):
            if rows[row].rstrip() in ("---", "..."):
                return row + 1
    return 0


def _plain(title: str) -> str:
    """A heading without the marks of links, code and emphasis."""
    return " ".join(_LINK.sub(r"\1", title).replace("`", "").strip("*_ \t\r").split())


def _restructured(lines: Lines) -> Iterator[_Heading]:
    rows = lines.rows
    styles: list[str] = []
    row = 1
    while row < len(rows):
        line = rows[row]
        if not line or line[0].isalnum() or line[0].isspace() or not _ADORNMENT.match(line):
            row += 1
            continue
        title = rows[row - 1].rstrip()
        above = rows[row - 2].rstrip() if row > 1 else ""
        over = above[:1] == line[0] and len(above) >= len(title) and bool(_ADORNMENT.match(above))
        named = bool(title.strip()) and (over or not title[0].isspace()) and not _ADORNMENT.match(title)
        if not named or len(line.rstrip()) < min(len(title), _DEEPEST) or (above and not over):
            row += 1
            continue
        style = line[0] * (2 if over else 1)
        if style not in styles:
            styles.append(style)
        yield _Heading(row - 2 if over else row - 1, styles.index(style) + 1, " ".join(title.split()))
        row += 2


def _cut(lines: Lines, headings: list[_Heading]) -> tuple[list[Piece], list[Symbol]]:
    """One piece per heading; the sections of one parent, and its introduction, may be put together."""
    pieces = [Piece(0, Place("section"), 0, "section", "", defines=False)]
    symbols: list[Symbol] = []
    open_: list[tuple[int, Place, int]] = [(0, Place("section"), -1)]  # level, what it holds, its symbol
    last = len(lines.rows)
    for number, heading in enumerate(headings, 1):
        while open_[-1][0] >= heading.level:
            _close(symbols, open_.pop()[2], heading.row)
        parent = open_[-1][1]
        name = parent.named(heading.title or "…", TITLES)
        own = Place("section", name, number)
        ahead = headings[number] if number < len(headings) else None
        holds = ahead is not None and ahead.level > heading.level
        home = own if holds else parent
        piece = Piece(heading.row, home, home.group, "section", name, defines=True)
        if heading.row == 0:
            pieces.pop()
        pieces.append(piece)
        symbols.append(
            Symbol(name, "section", heading.row + 1, last, lines.rows[heading.row].strip()[:LONGEST])
        )
        open_.append((heading.level, own, len(symbols) - 1))
    return pieces, symbols


def _close(symbols: list[Symbol], index: int, row: int) -> None:
    """A section ends before the row of the next heading that is not below it."""
    symbol = symbols[index]
    symbols[index] = Symbol(symbol.name, symbol.kind, symbol.start, row, symbol.signature)


SECTIONS = {"markdown": markdown, "rst": restructured}
"""How the files of a language are cut that have sections instead of definitions."""
