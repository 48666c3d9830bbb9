"""Our themes, what is made of the tokens of any theme, and which one belongs to which.

Two themes for every day, two with high contrast, and one for terminals that are to choose the colours
themselves. Tokens that Textual does not know, or that its own themes leave too faint to be seen, are
completed here, so that every screen follows whatever theme is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

DARK, LIGHT, PLAIN = "dspy-dark", "dspy-light", "dspy-plain"
CONTRAST_DARK, CONTRAST_LIGHT = "dspy-contrast-dark", "dspy-contrast-light"
CONTRAST = "contrast"
"""The token that says `high` where nothing may be told by a shade alone."""


def _ours(
    name: str,
    *,
    dark: bool,
    page: tuple[str, str, str],
    text: str,
    colours: dict[str, Any],
    read: dict[str, str],
    edge: tuple[str, str],
    bar: tuple[str, str],
    cursor: tuple[str, str],
    selection: str,
    more: Mapping[str, str] | None = None,
) -> Theme:
    """A theme of ours.

    Args:
        name: What it is called.
        dark: Whether the page is darker than the text.
        page: Background, surface of dialogs, panels.
        text: Colour of plain text.
        colours: primary, secondary, accent, success, warning, error, as areas.
        read: The same as text.
        edge: Of frames, with the focus and without.
        bar: Scrollbars, as they are and under the pointer.
        cursor: The row with the cursor in lists of Textual: background, text.
        selection: Behind what is selected in boxes.
        more: Further tokens.
    """
    background, surface, panel = page
    return Theme(
        name=name,
        dark=dark,
        **colours,
        foreground=text,
        background=background,
        surface=surface,
        panel=panel,
        boost="#ffffff08" if dark else "#00000008",
        variables={
            **{f"text-{role}": colour for role, colour in read.items()},
            "border": edge[0],
            "border-blurred": edge[1],
            "scrollbar": bar[0],
            "scrollbar-hover": bar[1],
            "scrollbar-active": edge[0],
            "scrollbar-background": background,
            "scrollbar-background-hover": background,
            "scrollbar-background-active": background,
            "input-cursor-background": text,
            "input-cursor-foreground": background,
            "input-selection-background": selection,
            "block-cursor-background": cursor[0],
            "block-cursor-foreground": cursor[1],
            "block-cursor-text-style": "bold",
            **(more or {}),
        },
    )


_dark = _ours(
    DARK,
    dark=True,
    page=("#14171f", "#181c26", "#222837"),
    text="#d5dbe8",
    colours={
        "primary": "#7aa2f7", "secondary": "#8fa3bf", "accent": "#c3a6ff",
        "success": "#9ece6a", "warning": "#e0af68", "error": "#f7768e",
    },
    read={
        "primary": "#8fb3ff", "secondary": "#9fb2cc", "accent": "#cbb3ff",
        "success": "#a9d977", "warning": "#e6bb7a", "error": "#ff8a9f",
    },
    edge=("#7aa2f7", "#39425a"),
    bar=("#39425a", "#4b5675"),
    cursor=("#2f3c5c", "#ffffff"),
    selection="#7aa2f7 35%",
)  # fmt: skip

_light = _ours(
    LIGHT,
    dark=False,
    page=("#fbfbfd", "#f3f5f9", "#e6eaf2"),
    text="#1d2433",
    colours={
        "primary": "#2f5fd0", "secondary": "#51617d", "accent": "#7a3fc9",
        "success": "#2f7d32", "warning": "#9a5b00", "error": "#c02340",
    },
    read={
        "primary": "#2450b8", "secondary": "#465570", "accent": "#6a33b3",
        "success": "#276b2a", "warning": "#855000", "error": "#ab1c36",
    },
    edge=("#2f5fd0", "#c3cad8"),
    bar=("#c3cad8", "#a7b1c4"),
    cursor=("#d3defa", "#14213d"),
    selection="#2f5fd0 25%",
)  # fmt: skip

_contrast_dark = _ours(
    CONTRAST_DARK,
    dark=True,
    page=("#000000", "#000000", "#16181d"),
    text="#ffffff",
    colours={
        "primary": "#79c0ff", "secondary": "#c9d4e3", "accent": "#d9b8ff",
        "success": "#7ee787", "warning": "#ffd866", "error": "#ff9da8",
    },
    read={
        "primary": "#9ad0ff", "secondary": "#d3dcea", "accent": "#e2c8ff",
        "success": "#96f09d", "warning": "#ffe08a", "error": "#ffb3bb",
    },
    edge=("#79c0ff", "#9aa4b2"),
    bar=("#9aa4b2", "#c9d4e3"),
    cursor=("#ffffff", "#000000"),
    selection="#1f5fa8",
    more={CONTRAST: "high"},
)  # fmt: skip

_contrast_light = _ours(
    CONTRAST_LIGHT,
    dark=False,
    page=("#ffffff", "#ffffff", "#eceef2"),
    text="#000000",
    colours={
        "primary": "#0a3fa8", "secondary": "#2f3a4d", "accent": "#55189c",
        "success": "#0a5219", "warning": "#653c00", "error": "#930a22",
    },
    read={
        "primary": "#0a3690", "secondary": "#2b3547", "accent": "#4d158d",
        "success": "#094a17", "warning": "#593500", "error": "#850a1f",
    },
    edge=("#0a3fa8", "#59616e"),
    bar=("#59616e", "#2f3a4d"),
    cursor=("#000000", "#ffffff"),
    selection="#9ec2ff",
    more={CONTRAST: "high"},
)  # fmt: skip

_plain = Theme(
    name=PLAIN,
    dark=True,
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_magenta",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border": "ansi_blue",
        "border-blurred": "ansi_bright_black",
        "text-primary": "ansi_blue",
        "scrollbar": "ansi_bright_black",
        "scrollbar-background": "ansi_default",
        "block-cursor-background": "ansi_blue",
        "block-cursor-foreground": "ansi_bright_white",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
    },
)

THEMES = (_dark, _light, _contrast_dark, _contrast_light, _plain)
_PAIRS = (
    (DARK, LIGHT),
    (CONTRAST_DARK, CONTRAST_LIGHT),
    ("ansi-dark", "ansi-light"),
    ("atom-one-dark", "atom-one-light"),
    ("catppuccin-mocha", "catppuccin-latte"),
    ("rose-pine", "rose-pine-dawn"),
    ("solarized-dark", "solarized-light"),
    ("textual-dark", "textual-light"),
)
_OPPOSITE = {**dict(_PAIRS), **{light: dark for dark, light in _PAIRS}}
_FAINT = {"frame-title": 75, "frame-note": 60, "placeholder": 60}
"""Tokens of ours: plain text, of which at least so many percent show over what is behind it."""
_ROLES = tuple(f"text-{role}" for role in ("primary", "secondary", "accent", "success", "warning", "error"))
_READ, _READ_HIGH, _SEEN, _FRAME = 4.5, 7.0, 3.0, 1.25
"""Least contrast of text, of text where contrast is high, of what shows the focus, of frames without it."""


def opposite(name: str, *, dark: bool) -> str:
    """The theme that the light-or-dark action changes to, of the same family and contrast where there is."""
    return _OPPOSITE.get(name, LIGHT if dark else DARK)


def completed(variables: Mapping[str, str]) -> dict[str, str]:
    """The tokens of a theme with those that only this program knows, and with frames that can be seen."""
    out = dict(variables)
    try:
        background, text, edge, blurred = (
            Color.parse(out[name]) for name in ("background", "foreground", "border", "border-blurred")
        )
    except ColorParseError:
        background = text = edge = blurred = Color(0, 0, 0, ansi=-1)
    if background.ansi is not None:
        return {**out, **dict.fromkeys(_FAINT, out["foreground"])}
    need = _READ_HIGH if is_high(out) else _READ
    for name, percent in _FAINT.items():
        out[name] = f"{text.hex} {_enough(text, background, percent, need)}%"
    for role in _ROLES:
        out[role] = _readable(Color.parse(out[role]), text, background).hex
    if ratio(blurred, background) < _FRAME:
        out["border-blurred"] = background.blend(text, 0.24, 1.0).hex
    if ratio(edge, background) < _SEEN:
        colours = [Color.parse(out[name]) for name in ("primary", "text-primary", "foreground")]
        out["border"] = next((each for each in colours if ratio(each, background) >= _SEEN), text).hex
    return out


def _readable(color: Color, text: Color, background: Color) -> Color:
    """The colour, as far towards that of plain text as it takes to be read; Textual's are made for areas."""
    return next(
        (
            mixed
            for step in range(0, 10, 2)
            if ratio(mixed := color.blend(text, step / 10), background) >= _READ
        ),
        text,
    )


def _enough(text: Color, background: Color, percent: int, need: float) -> int:
    """How many percent of a text have to show so that it can be read."""
    steps = (*range(percent, 100, 2), 100)
    return next(
        (each for each in steps if ratio(background.blend(text, each / 100, 1.0), background) >= need), 100
    )


def is_high(variables: Mapping[str, str]) -> bool:
    """Whether a theme has high contrast."""
    return variables.get(CONTRAST) == "high"


def ratio(one: Color, other: Color) -> float:
    """The contrast of two opaque colours as WCAG 2 defines it: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
