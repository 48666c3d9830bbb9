"""The names of the themes that the screen can have: `tui/theme.py` makes ours, Textual brings the others."""

from __future__ import annotations

from typing import Literal

ThemeName = Literal[
    "dspy-dark",
    "dspy-light",
    "dspy-contrast-dark",
    "dspy-contrast-light",
    "dspy-plain",
    "ansi-dark",
    "ansi-light",
    "atom-one-dark",
    "atom-one-light",
    "catppuccin-frappe",
    "catppuccin-latte",
    "catppuccin-macchiato",
    "catppuccin-mocha",
    "dracula",
    "flexoki",
    "gruvbox",
    "monokai",
    "nord",
    "rose-pine",
    "rose-pine-dawn",
    "rose-pine-moon",
    "solarized-dark",
    "solarized-light",
    "textual-dark",
    "textual-light",
    "tokyo-night",
]
