"""A picture of a terminal: its cells as SVG, in a frame, without fonts or scripts from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import NamedTuple

from pyte.screens import Char

from scripts.record.boxes import BLOCKS, SHAPES, path
from scripts.record.emulator import Emulator

_WIDTH, _HEIGHT, _SIZE = 8.4, 18.0, 14.0
_MARGIN, _BAR = 12.0, 34.0
_FONT = "ui-monospace,SFMono-Regular,'DejaVu Sans Mono',Menlo,Consolas,monospace"
_CRISP = "g rect,.c{shape-rendering:crispEdges}"
"""Rows that touch leave no lines between them, at any size."""
_FORE, _BACK, _FRAME, _TITLE = "#d8d8d8", "#121212", "#2a2a2e", "#a0a0a8"
_LIGHTS = ("#ff5f57", "#febc2e", "#28c840")
_NAMES = {
    "black": "#1c1c1c", "red": "#d75f5f", "green": "#87af5f", "brown": "#d7af5f", "blue": "#5f87d7",
    "magenta": "#af87d7", "cyan": "#5fafaf", "white": "#d0d0d0", "brightblack": "#767676",
    "brightred": "#ff8787", "brightgreen": "#afd787", "brightbrown": "#ffd787", "brightblue": "#87afff",
    "bfightmagenta": "#d7afff", "brightmagenta": "#d7afff", "brightcyan": "#87d7d7", "brightwhite": "#ffffff",
}  # fmt: skip
"""Colours that a terminal names itself, by pyte's names."""


class _Look(NamedTuple):
    """How a run of text looks."""

    fore: str
    bold: bool
    italic: bool
    line: str


class _Run(NamedTuple):
    """Cells of a row that look the same: where they begin, how many there are, and their text."""

    column: int
    cells: int
    text: str
    look: _Look
    back: str


def picture(emulator: Emulator, *, title: str) -> str:
    """The screen as an SVG."""
    screen = emulator.screen
    width = screen.columns * _WIDTH + 2 * _MARGIN
    height = screen.lines * _HEIGHT + _BAR + _MARGIN
    looks: dict[_Look, str] = {}
    backs = _common(emulator)
    body = [piece for row in range(screen.lines) for piece in _row(emulator, row, backs, looks)]
    styles = "".join(f".{name}{{{_css(look)}}}" for look, name in looks.items())
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>text{{font-family:{_FONT};font-size:{_SIZE:g}px}}{_CRISP}{styles}</style>",
            f'<rect width="{width:g}" height="{height:g}" rx="9" fill="{_FRAME}"/>',
            *(f'<circle cx="{20 + 20 * n}" cy="17" r="6" fill="{fill}"/>' for n, fill in enumerate(_LIGHTS)),
            f'<text x="{width / 2:g}" y="22" text-anchor="middle" fill="{_TITLE}">{escape(title)}</text>',
            f'<g transform="translate({_MARGIN:g} {_BAR:g})">',
            f'<rect width="{screen.columns * _WIDTH:g}" height="{screen.lines * _HEIGHT:g}" fill="{backs}"/>',
            *body,
            "</g></svg>\n",
        )
    )


def _common(emulator: Emulator) -> str:
    """The background that most cells have."""
    counts: dict[str, int] = {}
    for row in range(emulator.screen.lines):
        for cell in emulator.cells(row):
            back = _colours(cell)[1]
            counts[back] = counts.get(back, 0) + 1
    return max(counts, key=lambda back: counts[back])


def _row(emulator: Emulator, row: int, common: str, looks: dict[_Look, str]) -> Iterator[str]:
    """The backgrounds of a row that differ, then what stands on them."""
    runs = list(_runs(emulator.cells(row)))
    top = row * _HEIGHT
    for back, group in groupby(runs, lambda run: run.back):
        part = list(group)
        if back != common:
            cells = sum(run.cells for run in part)
            yield (
                f'<rect x="{_n(part[0].column * _WIDTH)}" y="{_n(top)}" width="{_n(cells * _WIDTH)}" '
                f'height="{_n(_HEIGHT)}" fill="{back}"/>'
            )
    for run in runs:
        left = run.column * _WIDTH
        if not run.text.strip() and not run.look.line:
            continue
        if run.text[0] in SHAPES:
            drawn = path(run.text[0], left, top, _WIDTH, _HEIGHT, run.cells)
            crisp = ' class="c"' if run.text[0] in BLOCKS else ""
            yield f'<path{crisp} d="{drawn}" fill="{run.look.fore}"/>'
            continue
        name = looks.setdefault(run.look, f"s{len(looks)}")
        skipped = len(run.text) - len(run.text.lstrip()) if not run.look.line else 0
        cells = run.cells - skipped
        text = run.text[skipped:]
        if not run.look.line:
            cells -= len(text) - len(text.rstrip())
            text = text.rstrip()
        fit = "" if text.isascii() else ' lengthAdjust="spacingAndGlyphs"'
        yield (
            f'<text class="{name}" x="{_n(left + skipped * _WIDTH)}" y="{_n(top + 13.4)}" '
            f'textLength="{_n(cells * _WIDTH)}"{fit}>{_text(text)}</text>'
        )


def _runs(cells: list[Char]) -> Iterator[_Run]:
    """Runs of one look; wide characters and each kind of shape are runs of their own."""
    column, run = 0, None
    while column < len(cells):
        cell = cells[column]
        taken = 2 if column + 1 < len(cells) and cells[column + 1].data == "" else 1
        look, back = _look(cell)
        alone = taken == 2 or not cell.data.isascii()
        kind = cell.data if cell.data in SHAPES else ""
        before = run.text[0] if run and run.text[0] in SHAPES else ""
        same = run is not None and (run.look, run.back) == (look, back)
        if (
            run is not None
            and not before
            and not look.fore
            and run.look.fore
            and not run.look.line
            and run.back == back
        ):
            run = run._replace(
                cells=run.cells + taken, text=run.text + " "
            )  # goes with what it stands behind
        elif run is not None and same and kind == before and (kind or not (alone or not run.text.isascii())):
            run = run._replace(cells=run.cells + taken, text=run.text + cell.data)
        else:
            if run is not None:
                yield run
            run = _Run(column, taken, cell.data or " ", look, back)
        column += taken
    if run is not None:
        yield run


def _look(cell: Char) -> tuple[_Look, str]:
    fore, back = _colours(cell)
    line = " ".join(
        name for name, on in (("underline", cell.underscore), ("line-through", cell.strikethrough)) if on
    )
    blank = not cell.data.strip() and not line
    if blank or cell.data in SHAPES:
        return _Look("" if blank else fore, False, False, ""), back
    return _Look(fore, cell.bold, cell.italics, line), back


def _colours(cell: Char) -> tuple[str, str]:
    fore, back = _colour(cell.fg, _FORE), _colour(cell.bg, _BACK)
    return (back, fore) if cell.reverse else (fore, back)


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _NAMES.get(name, f"#{name}")


def _css(look: _Look) -> str:
    return (
        f"fill:{look.fore}"
        + (";font-weight:bold" if look.bold else "")
        + (";font-style:italic" if look.italic else "")
        + (f";text-decoration:{look.line}" if look.line else "")
    )


def _text(text: str) -> str:
    """Blanks that hold their place everywhere."""
    return escape(text, quote=False).replace(" ", "\u00a0")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
