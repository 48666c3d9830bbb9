"""The colours of the conversation's code for Textual's editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets.text_area import TextAreaTheme

if TYPE_CHECKING:
    from tui.widgets.transcript.palette import Palette

NAME = "ours"
_STYLES = {
    "str": ("string", "link.uri"),
    "doc": ("string.documentation",),
    "com": ("comment",),
    "kw": (
        "keyword", "keyword.function", "keyword.return", "keyword.operator", "repeat", "exception",
        "include", "conditional", "tag",
    ),
    "op": (
        "operator", "punctuation.bracket", "punctuation.delimiter", "punctuation.special",
        "heading.marker", "list.marker", "list.ordered", "list.unordered", "link.destination",
    ),
    "num": ("number", "float", "toml.datetime"),
    "cls": ("class", "type", "type.class", "type.builtin", "constructor"),
    "fn": (
        "function", "method", "function.call", "method.call", "yaml.field", "json.label", "toml.type",
        "css.property", "attribute", "property", "link.label",
    ),
    "const": ("boolean", "constant.builtin", "variable.builtin", "json.null", "regex.punctuation.bracket"),
    "h2": ("heading",),
    "strong": ("bold",),
    "em": ("italic",),
    "strike": ("strikethrough",),
    "code": ("inline_code",),
}  # fmt: skip


def editor_theme(palette: Palette) -> TextAreaTheme:
    """A theme whose names are coloured as code is elsewhere; everything else comes from the style sheet."""
    styles = {name: palette.overlay(style) for style, names in _STYLES.items() for name in names}
    return TextAreaTheme(name=NAME, syntax_styles=styles)
