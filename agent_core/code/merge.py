"""From pieces to chunks: parts of one thing evenly, tiny neighbours together, nothing too long."""

from __future__ import annotations

from collections.abc import Iterator

from agent_core.code.lines import Lines
from agent_core.code.model import Chunk, ChunkKind
from agent_core.code.pieces import MAX_CHARS, MAX_LINES, Piece
from agent_core.code.windows import WINDOW_CHARS, WINDOW_LINES, parts, windows

_TINY = 8
"""A piece of fewer lines is put together with a neighbour, up to:"""
_SOFT_LINES = 40
_SOFT_CHARS = 1500
_CRUMB = 3
"""A piece of so few lines is, up to what a chunk may take."""
_OPENERS = ("{", "(", "[", ":")
_SCRAP = 6
"""A part of so few lines is no part of its own; what becomes too long with it is cut again."""


def chunks(pieces: list[Piece], lines: Lines) -> tuple[Chunk, ...]:
    """The chunks of a file that was cut into pieces, in order."""
    made: list[Chunk] = []
    for piece in _together(_packed(pieces, lines), lines):
        kind, name = piece.named()
        made += sized(lines, piece.start, piece.last, kind, name)
    return tuple(made)


def sized(lines: Lines, first: int, last: int, kind: ChunkKind, name: str) -> list[Chunk]:
    """The rows as one chunk, or as several where they are too long for one."""
    if first > last:
        return []
    if last - first < MAX_LINES and lines.size(first, last) <= MAX_CHARS:
        return [Chunk(first + 1, last + 1, kind, name, lines.text(first, last))]
    made: list[Chunk] = []
    for start, end in windows(lines, first, last):
        text = lines.text(start, end)
        if start < end or len(text) <= MAX_CHARS:
            made.append(Chunk(start + 1, end + 1, kind, name, text))
        else:
            made += [Chunk(start + 1, end + 1, kind, name, part) for part in parts(text)]
    return made


def _packed(pieces: list[Piece], lines: Lines) -> Iterator[Piece]:
    """Parts of the same thing joined so that they are evenly filled."""
    run: list[Piece] = []
    end = len(lines.rows)
    for index, piece in enumerate(pieces, 1):
        following = pieces[index].start if index < len(pieces) else end
        first, last = lines.trim(piece.start, following - 1)
        if first > last:
            continue
        piece.start, piece.last, piece.main = first, last, last - first + 1
        if run and (run[0].group != piece.group or run[0].name != piece.name):
            yield from _even(run, lines)
            run = []
        run.append(piece)
    yield from _even(run, lines)


def _even(run: list[Piece], lines: Lines) -> list[Piece]:
    """The pieces of a run joined so that each takes about the same, and none too much."""
    if len(run) < 2:
        return run
    end = run[-1].last
    joined = [run[0]]
    wanted = _share(run[0].start, end, lines)
    for piece in run[1:]:
        current = joined[-1]
        size = lines.size(current.start, piece.last)
        over = size > MAX_CHARS or piece.last - current.start >= MAX_LINES
        scrap = min(current.last - current.start, piece.last - piece.start) < _SCRAP
        if not scrap and (over or size - lines.size(piece.start, piece.last) / 2 > wanted):
            joined.append(piece)
            wanted = _share(piece.start, end, lines)
        else:
            current.join(piece)
    return joined


def _share(first: int, last: int, lines: Lines) -> float:
    """Characters in each of as few equal parts of the rows as fit."""
    chars = lines.size(first, last)
    return chars / max(-(-chars // WINDOW_CHARS), -(-(last - first + 1) // WINDOW_LINES))


def _together(pieces: Iterator[Piece], lines: Lines) -> list[Piece]:
    """Tiny pieces joined with a neighbour that they belong to."""
    joined: list[Piece] = []
    waiting = next(pieces, None)
    while waiting is not None:
        piece, waiting = waiting, next(pieces, None)
        before = joined[-1] if joined else None
        if before is None or (waiting is not None and _prefers(piece, waiting, before, lines)):
            joined.append(piece)
        elif _belong(before, piece, first=len(joined) == 1) and _fit(before, piece, lines):
            before.join(piece)
        else:
            joined.append(piece)
    return joined


def _prefers(piece: Piece, following: Piece, before: Piece, lines: Lines) -> bool:
    """Whether a tiny piece should rather be joined with the one that follows it.

    So does a line that opens what follows, and a tiny definition between a larger and another tiny one.
    """
    if piece.defines:
        alike = following.group == piece.group and not before.others
        return alike and _tiny(piece) and _tiny(following) and not _tiny(before)
    opens = lines.rows[piece.last].rstrip().endswith(_OPENERS)
    return opens and piece.last - piece.start < _CRUMB and following.name.startswith(piece.name)


def _tiny(piece: Piece) -> bool:
    return piece.last - piece.start + 1 < _TINY


def _belong(before: Piece, piece: Piece, *, first: bool) -> bool:
    """In the same container, or a line or two that head the other, begin the file, or are on their own."""
    if before.group == piece.group:
        return True
    if before.last - before.start < _CRUMB and (
        first or (before.name and piece.name.startswith(before.name))
    ):
        return True
    return not piece.defines and piece.last - piece.start < _CRUMB


def _fit(before: Piece, piece: Piece, lines: Lines) -> bool:
    small = min(before.last - before.start, piece.last - piece.start) + 1
    if small >= _TINY:
        return False
    count, chars = piece.last - before.start + 1, lines.size(before.start, piece.last)
    if (
        before.kind == "section"
        and before.last - before.start < _CRUMB
        and piece.name.startswith(before.name)
    ):
        return True  # a title that stands over its first section; what is too long is cut again
    if small <= _CRUMB:
        return count <= MAX_LINES and chars <= MAX_CHARS
    return count <= _SOFT_LINES and chars <= _SOFT_CHARS
