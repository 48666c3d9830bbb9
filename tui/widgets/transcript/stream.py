"""An answer that streams in: finished pieces become units once, only the open end is made again."""

from __future__ import annotations

from tui.widgets.transcript.layout import Layout
from tui.widgets.transcript.splitter import Piece, Splitter
from tui.widgets.transcript.units import Markdown

_AT_ONCE = 60
"""Pieces rendered in one go; of a long text that comes all at once, the earlier ones follow in slices."""


class AnswerStream:
    """Feeds the text of one answer, or of one stretch of it between tool calls, into the layout.

    Args:
        layout: The page.
        turn_id: Whose answer it is.
        later: It was given long ago: all of it is rendered when it is looked at.
    """

    def __init__(self, layout: Layout, *, turn_id: str, later: bool = False) -> None:
        self.turn_id = turn_id
        self._later = later
        self._layout = layout
        self._splitter = Splitter()
        self._waiting: list[str] = []
        self._base = len(layout)

    @property
    def first_open(self) -> int:
        """The first unit that may still change."""
        return self._base

    def feed(self, text: str) -> None:
        """Take a piece of text; nothing is rendered before `flush`."""
        self._waiting.append(text)

    def flush(self) -> None:
        """Bring the layout up to date."""
        text = "".join(self._waiting)
        self._waiting.clear()
        done = self._splitter.feed(text)
        self._show(done + self._splitter.open_pieces())
        self._base += len(done)

    def finish(self) -> None:
        """The answer is complete."""
        self.flush()
        self._show(self._splitter.finish())
        self._base = len(self._layout)

    def _show(self, pieces: list[Piece]) -> None:
        """Make the units from the first open one on match the pieces, keeping what is already rendered."""
        layout = self._layout
        for number, piece in enumerate(pieces):
            index = self._base + number
            if index == len(layout):
                unit = Markdown(piece.source, turn_id=self.turn_id, gap=piece.gap)
                layout.append(unit, later=self._later or len(pieces) - number > _AT_ONCE)
                continue
            unit = layout.units[index]
            if not (isinstance(unit, Markdown) and unit.gap == piece.gap and unit.grow(piece.source)):
                layout.units[index] = Markdown(piece.source, turn_id=self.turn_id, gap=piece.gap)
            if self._later:
                layout.outdate(index)
            else:
                layout.lines(index)
        layout.truncate(self._base + len(pieces))
