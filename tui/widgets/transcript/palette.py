"""Style names to colours, made from the tokens of whatever theme is on."""

from __future__ import annotations

from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color, ColorParseError

from tui.theme import is_high

_SPECS: dict[str, str] = {
    # name: attributes, and "fg=TOKEN" / "bg=TOKEN", each with "@PERCENT" to blend it towards the background
    "dim": "fg=foreground@66",
    "strong": "bold fg=foreground",
    "em": "italic",
    "strike": "strike fg=foreground@66",
    "code": "fg=text-accent bg=foreground@8",
    "link": "underline fg=text-primary",
    "h1": "bold fg=text-accent",
    "h1-rule": "fg=text-accent@64",
    "h2": "bold fg=text-primary",
    "h3": "bold fg=foreground",
    "h4": "bold italic fg=foreground@85",
    "h5": "italic fg=foreground@85",
    "h6": "italic fg=foreground@70",
    "bullet": "fg=text-primary",
    "rule": "fg=foreground@28",
    "th": "bold fg=text-primary",
    "quote": "italic fg=foreground@75",
    "quote-bar": "fg=text-secondary",
    "panel": "bg=foreground@5",
    "panel-title": "fg=foreground@70 bg=foreground@5",
    "prompt": "bold fg=foreground bg=primary@16",
    "prompt-bar": "bold fg=text-primary bg=primary@16",
    "title": "fg=foreground@85",
    "mark": "fg=text-primary",
    "ok": "fg=text-success",
    "bad": "fg=text-error",
    "bad-title": "bold fg=text-error",
    "warn": "fg=text-warning",
    "hint": "italic fg=foreground@75",
    "cursor": "fg=text-primary",
    "selected": "bg=primary@20",
    "found": "bg=warning@20",
    "found-now": "bold fg=background bg=warning",
    "link-now": "bold reverse",
    "below": "bold fg=background bg=primary",
    "kw": "fg=text-accent",
    "const": "fg=text-error",
    "cls": "bold fg=text-warning",
    "str": "fg=text-success",
    "doc": "italic fg=text-success",
    "num": "fg=text-warning",
    "com": "italic fg=foreground@66",
    "op": "fg=foreground@70",
    "fn": "fg=text-primary",
    "builtin": "fg=text-secondary",
    "deco": "fg=text-secondary",
    "sgr1": "bold",
    "sgr2": "fg=foreground@66",
    "sgr3": "italic",
    "sgr4": "underline",
    "sgr7": "reverse",
    "sgr31": "fg=text-error",
    "sgr32": "fg=text-success",
    "sgr33": "fg=text-warning",
    "sgr34": "fg=text-primary",
    "sgr35": "fg=text-accent",
    "sgr36": "fg=text-secondary",
    "ins": "fg=text-success",
    "del": "fg=text-error",
    "head": "bg=foreground@10",
    "hunk": "bg=foreground@4",
    "add-line": "bg=success@14",
    "del-line": "bg=error@14",
    "add-word": "bg=success@38",
    "del-word": "bg=error@38",
    "add-sign": "fg=text-success",
    "del-sign": "fg=text-error",
    "void": "fg=foreground@9",
}


_SHAPES: dict[str, str] = {
    "selected": "reverse",
    "found": "underline",
    "found-now": "bold reverse",
    "head": "bold underline",
    "link-now": "bold reverse fg=foreground bg=background",
    "add-line": "fg=text-success",
    "del-line": "fg=text-error",
    "add-word": "bold underline",
    "del-word": "bold underline",
}
"""What shows by its background alone, where there are no backgrounds, or none that everybody sees."""

_LEAST_TEXT, _LEAST_LINE, _LINE = 0.78, 0.5, 0.3
"""Shares in the background where contrast is high: of text, of lines, and up to which something is a line."""


class Palette:
    """The styles of one theme on one background; made once, asked for every run drawn.

    Args:
        variables: The theme's tokens.
        foreground: Of plain text.
        background: Behind everything.
        plain: Whether there are no shades: without colours, or with the terminal's own sixteen.
    """

    def __init__(
        self, variables: Mapping[str, str], *, foreground: Color, background: Color, plain: bool = False
    ) -> None:
        self._variables = variables
        self._high = is_high(variables)
        self.shapes = plain or self._high
        """Whether nothing may be told by a colour alone."""
        self._foreground, self._background = background + foreground, background
        self._styles: dict[tuple[str, str], Style] = {}
        self._links: dict[tuple[str, str], Style] = {}

    def style(self, names: str, fill: str = "") -> Style:
        """The combined style of names separated by spaces, on the background of `fill`."""
        key = (names, fill)
        style = self._styles.get(key)
        if style is None:
            style = self._base()
            for name in (*fill.split(), *names.split()):
                style += self._one(name)
            self._styles[key] = style
        return style

    def overlay(self, names: str) -> Style:
        """Only what the names say, to be laid over another style."""
        style = Style.null()
        for name in names.split():
            style += self._one(name)
        return style

    def link(self, names: str, fill: str, url: str) -> Style:
        """The same with a terminal hyperlink; the URL must be validated."""
        key = (f"{fill} {names}", url)
        style = self._links.get(key)
        if style is None:
            style = self._links[key] = self.style(names, fill) + Style(link=url)
            if len(self._links) > 500:
                self._links.clear()
        return style

    def _base(self) -> Style:
        return Style(color=_rich(self._foreground), bgcolor=_rich(self._background))

    def _one(self, name: str) -> Style:
        color = background = None
        flags: dict[str, bool] = {}
        spec = _SHAPES.get(name) if self.shapes else None
        for word in (spec or _SPECS.get(name, "")).split():
            if word.startswith("fg="):
                color = self._color(word[3:], text=True)
                if color is None:
                    flags["dim"] = True
            elif word.startswith("bg="):
                background = self._color(word[3:])
            else:
                flags[word] = True
        return Style(color=color, bgcolor=background, **flags)  # pyright: ignore[reportArgumentType]

    def _color(self, spec: str, *, text: bool = False) -> RichColor | None:
        token, _, percent = spec.partition("@")
        try:
            color = Color.parse(self._variables.get(token, ""))
        except ColorParseError:
            color = self._background if token == "background" else self._foreground
        if color.ansi is not None or self._background.ansi is not None:
            return _rich(color) if not percent else None
        share = float(percent) / 100 if percent else 1.0
        if text and self._high:
            share = max(share, _LEAST_LINE if share < _LINE else _LEAST_TEXT)
        share *= color.a
        return _rich(self._background.blend(Color(color.r, color.g, color.b), share, 1.0))


def _rich(color: Color) -> RichColor:
    return color.rich_color
