"""The palette as Textual has it, but that its cursor stays: nothing on the screen blinks."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.command import CommandPalette
from textual.widgets import Input

_ANYTHING = "An action, a command, a file, a definition, a model, a setting …"


class Finder(CommandPalette):
    """Finds everything by a few letters."""

    def __init__(self) -> None:
        super().__init__(placeholder=_ANYTHING, id="--command-palette")

    def compose(self) -> ComposeResult:
        """See `CommandPalette.compose`."""
        for widget in super().compose():
            if isinstance(widget, Input):
                widget.cursor_blink = False
            yield widget
