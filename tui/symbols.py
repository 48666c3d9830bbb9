"""The marks and lines of the screen, and what stands for each where the terminal cannot show it.

The only place that knows them all: `tests/tui/test_symbols.py` looks for any other in the sources. What takes
the place of a mark is as wide as the mark, one cell, so that nothing moves. It is put in when a row is
drawn, behind everything that made it, so that what is copied, searched or saved is always the text itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from rich.segment import Segment
from textual.filter import LineFilter
from textual.scrollbar import ScrollBarRender

if TYPE_CHECKING:
    from textual.color import Color

Level = Literal["unicode", "console", "ascii"]
"""What a terminal can show: everything, what the font of the Linux console has, ASCII."""


class Symbol(NamedTuple):
    """A mark: what it means, and what stands for it in the console's font and in ASCII; "" for itself."""

    shown: str
    means: str
    console: str
    ascii: str


TABLE = (
    Symbol("✓", "done, passed, wanted", "√", "+"),
    Symbol("✗", "failed, an error", "x", "x"),
    Symbol("✎", "something was changed", "≡", "~"),
    Symbol("■", "stopped", "", "#"),
    Symbol("▲", "a warning, something to look at", "", "!"),
    Symbol("●", "on, running, here", "•", "*"),
    Symbol("○", "off, absent, not wanted", "", "o"),
    Symbol("◌", "waits, is being looked for", "○", "."),
    Symbol("◐", "in between: starting, in part", "○", "%"),
    Symbol("↻", "once more", "o", "@"),
    Symbol("▸", "folded: Enter opens it", "►", ">"),
    Symbol("▾", "open: Enter folds it", "▼", "v"),
    Symbol("→", "leads to; what to do next", "", ">"),
    Symbol("←", "the key", "", "<"),
    Symbol("↑", "the key", "", "^"),
    Symbol("↓", "the key; more below", "", "v"),
    Symbol("…", "more was left out; goes on", "~", "~"),
    Symbol("·", "between facts", "", "-"),
    Symbol("–", "nothing; from to", "-", "-"),
    Symbol("—", "a dash", "-", "-"),
    Symbol("×", "times", "x", "x"),
    Symbol("±", "changed files; give or take", "", "~"),
    Symbol("⎇", "the branch", "»", "Y"),
    Symbol("◆", "a class", "♦", "C"),
    Symbol("◇", "another definition; an aside", "♦", "o"),
    Symbol("ƒ", "a function", "", "f"),
    Symbol("▣", "an image", "■", "#"),
    Symbol("☑", "a task that is done", "√", "x"),
    Symbol("☐", "a task to do", "○", "o"),
    Symbol("•", "an item; hidden letters", "", "*"),
    Symbol("◦", "an item in an item", "·", "-"),
    Symbol("▪", "an item in that", "■", "+"),
    Symbol("∙", "it recurs as it always did", "", "-"),
    Symbol("“", "a quotation", '"', '"'),
    Symbol("”", "a quotation", '"', '"'),
    Symbol("„", "a quotation", '"', '"'),
    Symbol("’", "an apostrophe", "'", "'"),
    Symbol("‘", "a quotation", "'", "'"),
    Symbol("«", "an arrow of the palette", "", "<"),
    Symbol("»", "the same", "", ">"),
    Symbol("‹", "the same", "<", "<"),
    Symbol("›", "the same", ">", ">"),
    Symbol("⟨", "around a character that cannot be seen", "<", "<"),
    Symbol("⟩", "the same", ">", ">"),
    Symbol("�", "what was no text", "?", "?"),
    Symbol("␍", "a return in a line", "¶", "r"),
    Symbol("␡", "a delete", "x", "x"),
    Symbol("╱", "no line on this side of a change", "/", "/"),
    Symbol("▌", "the current hunk; what was asked", "", "|"),
    Symbol("▎", "a quotation; the conversation has the focus", "│", "|"),
    Symbol("▏", "a hunk that is wanted", "│", "|"),
    Symbol("┃", "where the window is in a log; a frame with the focus", "║", "#"),
    Symbol("━", "how far it is; a frame with the focus", "═", "="),
    Symbol("╸", "half a step of that", "─", "-"),
    *(Symbol(mark, "a frame with the focus", other, "#") for mark, other in zip("┏┓┗┛", "╔╗╚╝", strict=True)),
    *(Symbol(mark, "a frame", other, "+") for mark, other in zip("╭╮╰╯", "┌┐└┘", strict=True)),
    *(Symbol(mark, "a frame, a tree, a table", "", "+") for mark in "┌┐└┘├┤┬┴┼"),
    *(Symbol(mark, "a frame", "", "#") for mark in "╔╗╚╝║═"),
    Symbol("╍", "a line", "═", "="),
    Symbol("╏", "a line", "║", "|"),
    Symbol("─", "a line", "", "-"),
    Symbol("│", "a line", "", "|"),
    Symbol("╴", "half a line", "─", "-"),
    Symbol("╵", "half a line", "│", "|"),
    Symbol("╶", "half a line", "─", "-"),
    Symbol("╷", "half a line", "│", "|"),
    *(
        Symbol(mark, "how much, of eight", other, letter)
        for mark, other, letter in zip("▁▂▃▄▅▆▇█", "___▄▄▄██", "_.:-=+*#", strict=True)
    ),
    *(
        Symbol(mark, "the end of a bar", other, letter)
        for mark, other, letter in zip("▉▊▋▍▐▔▕", "██▌▌▐▀│", "###||-|", strict=True)
    ),
    *(
        Symbol(mark, "an edge", other, letter)
        for mark, other, letter in zip("▀▖▗▘▙▛▜▝▟", "▀▄▄▀▌▌▐▀▐", "-..'|||'|", strict=True)
    ),
)  # fmt: skip
"""Every mark once, in the order of the documents."""

_BRAILLE = range(0x2801, 0x2900)
"""A dot each in 2 × 4 places: of plots."""
_CONTROL = range(0x2400, 0x2420)
"""Pictures of control characters: shown by their letter."""
_BUSY = " …"


def wanted(setting: str, env: Mapping[str, str] | None = None, *, encoding: str = "") -> Level:
    """What the terminal can show.

    Args:
        setting: The setting `symbols`; anything but `auto` is taken at its word.
        env: The environment; this process's by default.
        encoding: Of the terminal's text; the locale's by default.
    """
    if setting in ("unicode", "console", "ascii"):
        return setting
    env = os.environ if env is None else env
    if env.get("TEXTUAL_DRIVER"):
        return "unicode"  # a browser draws it, whatever the terminal is that serves it
    encoding = encoding or _encoding()
    if encoding.lower().replace("-", "").replace("_", "") != "utf8" or env.get("TERM") == "dumb":
        return "ascii"
    return "console" if env.get("TERM") in ("linux", "console") else "unicode"


def _encoding() -> str:
    """The locale's, not the one that Python would rather have: a terminal in Latin 1 stays one."""
    import locale

    return locale.getencoding()


def table(level: Level) -> dict[int, str]:
    """What takes the place of which character, for `str.translate`."""
    if level == "unicode":
        return {}
    found = {ord(each.shown): (each.console if level == "console" else each.ascii) for each in TABLE}
    found |= {code: _dots(code, level) for code in _BRAILLE}
    found |= {code: chr(code - 0x2400 + 0x40).lower() for code in _CONTROL}
    return {code: text for code, text in found.items() if text}


def _dots(code: int, level: Level) -> str:
    """A character with about as many dots, at the same height."""
    dots = code - 0x2800
    lower = dots & 0b11100100
    upper = dots & 0b00011011
    if level == "console":
        return "·" if not lower else "." if not upper else ":"
    return "'" if not lower else "." if not upper else ":"


def plainly(text: str, level: Level) -> str:
    """The text with what stands for each mark; as wide as it was."""
    return text if level == "unicode" or text.isascii() else _put(text, _TABLES[level])


def _put(text: str, found: Mapping[int, str]) -> str:
    return text.replace(_BUSY, "..").translate(found)


_TABLES: dict[Level, dict[int, str]] = {level: table(level) for level in ("console", "ascii")}


class WholeCells(ScrollBarRender):
    """A scrollbar that ends where a cell does."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


class Plainly(LineFilter):
    """Puts what stands for the marks into rows that are drawn."""

    def __init__(self, level: Level) -> None:
        super().__init__(enabled=level != "unicode")
        self._level: Level = level

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """See `LineFilter.apply`."""
        level = self._level
        return [
            segment if segment.text.isascii() else Segment(plainly(segment.text, level), *segment[1:])
            for segment in segments
        ]
