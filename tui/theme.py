"""Our two themes, and one for terminals that are to choose the colours themselves."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT, PLAIN = "dspy-dark", "dspy-light", "dspy-plain"

_dark = Theme(
    name=DARK,
    dark=True,
    primary="#7aa2f7",
    secondary="#8fa3bf",
    accent="#c3a6ff",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#d5dbe8",
    background="#14171f",
    surface="#181c26",
    panel="#222837",
    boost="#ffffff08",
    variables={
        "text-primary": "#8fb3ff",
        "text-secondary": "#9fb2cc",
        "text-accent": "#cbb3ff",
        "text-success": "#a9d977",
        "text-warning": "#e6bb7a",
        "text-error": "#ff8a9f",
        "border": "#7aa2f7",
        "border-blurred": "#39425a",
        "scrollbar": "#39425a",
        "scrollbar-hover": "#4b5675",
        "scrollbar-active": "#7aa2f7",
        "scrollbar-background": "#14171f",
        "scrollbar-background-hover": "#14171f",
        "scrollbar-background-active": "#14171f",
        "input-cursor-background": "#d5dbe8",
        "input-cursor-foreground": "#14171f",
        "input-selection-background": "#7aa2f7 35%",
        "block-cursor-background": "#2f3c5c",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
    },
)

_light = Theme(
    name=LIGHT,
    dark=False,
    primary="#2f5fd0",
    secondary="#51617d",
    accent="#7a3fc9",
    success="#2f7d32",
    warning="#9a5b00",
    error="#c02340",
    foreground="#1d2433",
    background="#fbfbfd",
    surface="#f3f5f9",
    panel="#e6eaf2",
    boost="#00000008",
    variables={
        "text-primary": "#2450b8",
        "text-secondary": "#465570",
        "text-accent": "#6a33b3",
        "text-success": "#276b2a",
        "text-warning": "#855000",
        "text-error": "#ab1c36",
        "border": "#2f5fd0",
        "border-blurred": "#c3cad8",
        "scrollbar": "#c3cad8",
        "scrollbar-hover": "#a7b1c4",
        "scrollbar-active": "#2f5fd0",
        "scrollbar-background": "#fbfbfd",
        "scrollbar-background-hover": "#fbfbfd",
        "scrollbar-background-active": "#fbfbfd",
        "input-cursor-background": "#1d2433",
        "input-cursor-foreground": "#fbfbfd",
        "input-selection-background": "#2f5fd0 25%",
        "block-cursor-background": "#d3defa",
        "block-cursor-foreground": "#14213d",
        "block-cursor-text-style": "bold",
    },
)

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
        "border": "ansi_bright_blue",
        "border-blurred": "ansi_bright_black",
        "text-primary": "ansi_bright_blue",
        "scrollbar": "ansi_bright_black",
        "scrollbar-background": "ansi_default",
        "block-cursor-background": "ansi_blue",
        "block-cursor-foreground": "ansi_bright_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
    },
)

THEMES = (_dark, _light, _plain)


def opposite(name: str) -> str:
    """The theme that the light-or-dark action changes to."""
    return DARK if name == LIGHT else LIGHT
