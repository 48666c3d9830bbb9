"""Text of a change made fit to be shown: nothing hidden, nothing that draws, in exactly so many columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len, split_graphemes

from agent_core.changes.hunks import Spans
from agent_core.text import pictured, printable
from tui.widgets.transcript.lines import Run, cut, plain

LONGEST = 20_000
"""Characters of a line that are shown."""


@lru_cache(maxsize=8192)
def shown(text: str) -> str:
    """A line as it is shown: escape sequences stay to be seen, as their pictures; tabs are spaces."""
    # `printable` alone would take escape sequences out, and what cannot be seen cannot be judged.
    return printable(pictured(text[:LONGEST].replace("\r", "␍"))).expandtabs(4)


def fitted(runs: Sequence[Run], shift: int, width: int, style: str = "") -> tuple[Run, ...]:
    """The columns from `shift` on, in exactly `width` of them; `…` at a side where something is cut off."""
    text = plain(runs)
    out = _cut(runs, text, shift, width)
    used = cell_len(plain(out))
    if used < width:
        return (*out, (" " * (width - used), style, None))
    if width > 1 and _longer(text, shift + width):
        kept = _cut(out, plain(out), 0, width - 1)
        pad = width - 1 - cell_len(plain(kept))
        return (*kept, ("…" + " " * pad, f"{style} dim".strip(), None))
    return out


def _longer(text: str, width: int) -> bool:
    return (len(text) if text.isascii() else cell_len(text)) > width


def _cut(runs: Sequence[Run], text: str, shift: int, width: int) -> tuple[Run, ...]:
    if text.isascii():
        return cut(runs, shift, shift + width)
    start = end = -1
    at = 0
    for first, last, cells in split_graphemes(text)[0]:
        if start < 0 and at >= shift:
            start = first
        if start >= 0:
            if at + cells > shift + width:
                break
            end = last
        at += cells
    return cut(runs, start, end) if end > start >= 0 else ()


def marked(runs: Sequence[Run], spans: Spans, style: str) -> list[Run]:
    """The runs with some characters in another style on top."""
    out: list[Run] = []
    at = 0
    length = len(plain(runs))
    for start, end in spans:
        out += cut(runs, at, start)
        out += [(text, f"{names} {style}".strip(), link) for text, names, link in cut(runs, start, end)]
        at = end
    return [*out, *cut(runs, at, length)]
