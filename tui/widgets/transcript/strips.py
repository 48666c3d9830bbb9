"""Rows of the window as Textual strips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from tui.widgets.transcript.lines import BLANK, Line
from tui.widgets.transcript.palette import Palette

Overlay = tuple[int, int, str]
"""Cells from start to end that are drawn in another style."""


class Row(NamedTuple):
    """What one row of the window shows; equal rows need no drawing. `label` lies over the right end."""

    line: Line = BLANK
    overlays: tuple[Overlay, ...] = ()
    label: str = ""

    def reach(self, width: int) -> int:
        """Columns from the left that hold anything but background."""
        if self.line.fill or self.label:
            return width
        text = self.line.text
        cells = cell_len(text)
        # Where a terminal may count cells in its own way, the whole row is written again.
        return width if cells != len(text) else min(cells, width)


class Whole(Strip):
    """A strip that goes when nobody needs it any more.

    Textual has a strip that is not cut keep itself, with its seven caches: some 17 objects each that only a
    full garbage collection takes away, which held up the keys for 20 ms every second where much is drawn.
    """

    __slots__ = ()

    @classmethod
    def of(cls, other: Strip) -> Whole:
        """The same cells."""
        return cls(list(other), other.cell_length)

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """See `Strip.divide`."""
        wanted = [cut for cut in cuts if cut <= self.cell_length]
        return [self] if wanted == [self.cell_length] else super().divide(wanted)


def strip(row: Row, width: int, palette: Palette) -> Strip:
    """The row as a strip of exactly `width` cells."""
    line, fill = row.line, row.line.fill
    segments: list[Segment] = []
    for text, names, link in line.runs:
        style = (
            palette.link(names, fill, link.target)
            if link is not None and link.url
            else palette.style(names, fill)
        )
        segments.append(Segment(text, style))
    out = Strip(segments).adjust_cell_length(width, palette.style("", fill))
    for start, end, names in row.overlays:
        out = _over(out, start, min(end, width), palette, names)
    if row.label:
        out = _labelled(out, row.label, width, palette)
    return out


def _over(whole: Strip, start: int, end: int, palette: Palette, names: str) -> Strip:
    if start >= end:
        return whole
    style = palette.overlay(names)
    middle = Strip(Segment.apply_style(whole.crop(start, end), post_style=style), end - start)
    return Strip.join([whole.crop(0, start), middle, whole.crop(end, whole.cell_length)])


def _labelled(whole: Strip, label: str, width: int, palette: Palette) -> Strip:
    cells = cell_len(label)
    if cells >= width:
        return whole
    return Strip.join([whole.crop(0, width - cells), Strip([Segment(label, palette.style("below"))], cells)])
