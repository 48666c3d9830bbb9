"""Cut a growing Markdown text into pieces that can be rendered by themselves.

The cuts depend on the text alone, never on how it arrived: they are decided line by line, once a line is
complete, so any chunking of a stream gives the same pieces as the whole text at once.
"""

from __future__ import annotations

import re

import msgspec

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}(?=[^`]*$)|~{3,})")
_ITEM = re.compile(r"(?P<mark>(?:[-*+]|\d{1,9}[.)])(?P<space>[ \t]+))\S")
_BREAK = re.compile(r"(?:#{1,6}(?:[ \t]|$))")
_INTERRUPTS = re.compile(r"(?:[-*+]|1[.)])[ \t]+\S")
_RULER = re.compile(r"[ \t]*\|?[ \t]*:?-+[-:| \t]*\n")
_LONGEST = 8_192
"""Characters after which a piece is cut anyway, so that no text makes a frame slow."""


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Some whole blocks of Markdown; `gap` says whether an empty row belongs above them."""

    source: str
    gap: bool = True


class Splitter:
    """Takes text as it comes and gives the pieces that nothing to come can change."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0
        self._gap = True
        self._blank = False
        self._fence = ""
        self._fence_top = False
        self._item_indent = 0
        self._rest = ""
        self._done: list[Piece] = []

    def open_pieces(self) -> list[Piece]:
        """What has come since the last finished piece, cut as if it were complete."""
        text = "".join(self._lines) + self._rest
        if self._fence and self._fence_top:
            return [Piece(text.rstrip("\n"), self._gap)]
        return split(text, gap=self._gap)

    def feed(self, text: str) -> list[Piece]:
        """Take more text; the pieces it finished."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._line(line)
        while len(self._rest) > _LONGEST and not self._fence:
            at = self._rest.rfind(" ", 1, _LONGEST)
            at = at if at > 0 else _LONGEST
            self._add(self._rest[:at])
            self._rest = self._rest[at:].lstrip(" ")
            self._cut(gap=False)
        return self._take()

    def finish(self) -> list[Piece]:
        """End of the text; the remaining pieces."""
        if self._rest:
            rest, self._rest = self._rest, ""
            self._line(rest)
        self._cut(gap=True)
        return self._take()

    def _take(self) -> list[Piece]:
        done, self._done = self._done, []
        return done

    def _add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)

    def _cut(self, *, gap: bool) -> None:
        source = "".join(self._lines)
        if source.strip():
            self._done.append(Piece(source.rstrip("\n"), self._gap))
            self._gap = gap
        self._lines, self._size = [], 0
        self._blank, self._fence, self._item_indent = False, "", 0

    def _line(self, line: str) -> None:
        line = line.rstrip("\r")
        if self._fence and self._inside_fence(line):
            return
        stripped = line.strip()
        if not stripped:
            if self._lines:
                self._add("\n")
                self._blank = True
            return
        indent = len(line) - len(line.lstrip(" \t"))
        item = _ITEM.match(stripped) if indent < 4 or self._item_indent else None
        if self._lines and self._starts_piece(stripped, indent, item is not None):
            header = self._table_header() if not self._blank and stripped.startswith("|") else []
            self._cut(gap=self._blank or not (item or header))
            for row in header:
                self._add(row)
        self._start(line, stripped, indent, item)

    def _table_header(self) -> list[str]:
        """The rows that make the rest of a very long table a table again."""
        return self._lines[:2] if len(self._lines) > 2 and _RULER.match(self._lines[1]) else []

    def _starts_piece(self, stripped: str, indent: int, item: bool) -> bool:
        if self._item_indent and indent >= self._item_indent:
            return False
        if self._size > _LONGEST or (self._blank and indent < 4):
            return True
        if indent > 3:
            return False
        if _BREAK.match(stripped) or (indent == 0 and _FENCE.match(stripped)):
            return True
        return item and (bool(self._item_indent) or bool(_INTERRUPTS.match(stripped)))

    def _start(self, line: str, stripped: str, indent: int, item: re.Match[str] | None) -> None:
        first = not self._lines
        self._blank = False
        self._add(line + "\n")
        if first and item:
            space = len(item["space"])
            self._item_indent = indent + len(item["mark"]) - (space - 1 if space > 4 else 0)
        body = stripped[len(item["mark"]) :] if item else stripped
        if fence := _FENCE.match(body):
            self._fence = fence["mark"]
            self._fence_top = first and not item and indent == 0
        elif first and indent < 4 and _BREAK.match(stripped):
            self._cut(gap=True)

    def _inside_fence(self, line: str) -> bool:
        """Whether the line belongs to the open fence (otherwise the fence ended with its list item)."""
        stripped = line.strip()
        indent = len(line) - len(line.lstrip(" \t"))
        if stripped and self._item_indent and indent < self._item_indent:
            self._fence = ""
            return False
        self._add(line + "\n")
        mark = self._fence[0]
        if len(stripped) >= len(self._fence) and not stripped.strip(mark):
            self._fence = ""
            if self._fence_top:
                self._cut(gap=True)
        return True


def split(text: str, *, gap: bool = True) -> list[Piece]:
    """The pieces of a whole text."""
    splitter = Splitter()
    pieces = splitter.feed(text) + splitter.finish()
    if pieces and pieces[0].gap != gap:
        pieces[0] = Piece(pieces[0].source, gap)
    return pieces
