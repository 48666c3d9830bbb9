"""From pieces to chunks: parts of one thing evenly, tiny neighbours together, nothing too long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from agent_core.code.lines import Lines
from agent_core.code.model import Chunk, ChunkKind
from agent_core.code.pieces import MAX_CHARS, MAX_LINES, Piece
from agent_core.code.windows import WINDOW_CHARS, WINDOW_LINES, parts, windows

TINY = 8
"""A piece of fewer lines is put together with a neighbour."""
_SOFT_LINES = 40
_SOFT_CHARS = 1500
_CRUMB = 3
_MOST = 0.6
"""The share of a chunk's lines from which on the largest definition names it."""


class _Span:
    """Rows that will be one chunk."""

    __slots__ = ("first", "group", "last", "main", "pieces")

    def __init__(self, first: int, last: int, piece: Piece) -> None:
        self.first, self.last = first, last
        self.group = piece.group
        self.pieces = [piece]
        self.main = (last - first, piece)

    @property
    def lines(self) -> int:
        return self.last - self.first + 1

    def join(self, other: _Span) -> None:
        self.last = other.last
        self.pieces += other.pieces
        if (other.main[1].defines, other.main[0]) > (self.main[1].defines, self.main[0]):
            self.main = other.main

    def named(self) -> tuple[ChunkKind, str]:
        """The kind and name: of what it defines; of what holds them, when these are several."""
        names = {(piece.kind, piece.name) for piece in self.pieces if piece.name}
        if len(names) > 1 and self.main[0] < _MOST * (self.last - self.first):
            homes = {piece.home.name for piece in self.pieces if piece.name}
            home = self.main[1].home
            if len(homes) == 1 and home.name:
                return home.kind, home.name
        return self.main[1].kind, self.main[1].name


def chunks(pieces: list[Piece], lines: Lines) -> Iterator[Chunk]:
    """The chunks of a file that was cut into pieces, in order."""
    for span in _together(list(_packed(pieces, lines)), lines):
        kind, name = span.named()
        yield from sized(lines, span.first, span.last, kind, name)


def sized(lines: Lines, first: int, last: int, kind: ChunkKind, name: str) -> Iterator[Chunk]:
    """The rows as one chunk, or as several where they are too long for one."""
    if first > last:
        return
    if last - first < MAX_LINES and lines.size(first, last) <= MAX_CHARS:
        yield Chunk(first + 1, last + 1, kind, name, lines.text(first, last))
        return
    for start, end in windows(lines, first, last):
        if start < end or lines.size(start, end) <= MAX_CHARS:
            yield Chunk(start + 1, end + 1, kind, name, lines.text(start, end))
            continue
        for part in parts(lines.text(start, end)):
            yield Chunk(start + 1, end + 1, kind, name, part)


def _packed(pieces: list[Piece], lines: Lines) -> Iterator[_Span]:
    """Spans of pieces that are parts of the same thing, evenly filled."""
    ends = [piece.start - 1 for piece in pieces[1:]] + [len(lines) - 1]
    spans: list[_Span] = []
    for piece, end in zip(pieces, ends, strict=True):
        first, last = lines.trim(piece.start, end)
        if first <= last:
            spans.append(_Span(first, last, piece))
    for _, run in groupby(spans, lambda span: (span.group, span.pieces[0].kind, span.pieces[0].name)):
        yield from _even(list(run), lines)


def _even(run: list[_Span], lines: Lines) -> Iterator[_Span]:
    """The spans of a run joined so that each takes about the same, and none too much."""
    chars, count = lines.size(run[0].first, run[-1].last), run[-1].last - run[0].first + 1
    shares = max(-(-chars // WINDOW_CHARS), -(-count // WINDOW_LINES))
    wanted = chars / shares
    current = run[0]
    for span in run[1:]:
        size = lines.size(current.first, span.last)
        over = size > MAX_CHARS or span.last - current.first >= MAX_LINES
        half = lines.size(span.first, span.last) / 2
        if over or (shares > 1 and size - half > wanted):
            yield current
            current = span
        else:
            current.join(span)
    yield current


def _together(spans: list[_Span], lines: Lines) -> list[_Span]:
    """Tiny spans joined with a neighbour of the same container."""
    joined: list[_Span] = []
    for span in spans:
        before = joined[-1] if joined else None
        if before is not None and before.group == span.group and _fit(before, span, lines):
            before.join(span)
        else:
            joined.append(span)
    return joined


def _fit(before: _Span, span: _Span, lines: Lines) -> bool:
    small = min(before.lines, span.lines)
    if small >= TINY:
        return False
    count, chars = span.last - before.first + 1, lines.size(before.first, span.last)
    if small <= _CRUMB:
        return count <= MAX_LINES and chars <= MAX_CHARS
    return count <= _SOFT_LINES and chars <= _SOFT_CHARS
