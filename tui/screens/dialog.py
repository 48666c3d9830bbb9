"""What the dialogs share: a frame in the middle of the screen, and keys that can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from textual import events
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from agent_core.text import cells
from tui.widgets.transcript.lines import Line, Run
from tui.widgets.transcript.palette import Palette
from tui.widgets.transcript.strips import Row, strip

Result = TypeVar("Result")
Hint = tuple[str, str, str]
"""A key as people write it, what it does, and the action that a click runs."""


class Dialog(ModalScreen[Result]):
    """A screen over the work screen. Its one child carries the class `frame`."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 65%;
        & > .frame {
            width: 90%;
            max-width: 110;
            height: auto;
            max-height: 90%;
            border: round $border;
            border-title-color: $text-primary;
            border-title-style: bold;
            border-subtitle-color: $foreground 60%;
            background: $surface;
            padding: 0 1;
        }
        & Rows { background: $surface; }
        & Input {
            border: none;
            border-bottom: solid $border-blurred;
            height: 2;
            background: $surface;
            padding: 0;
            &:focus { border: none; border-bottom: solid $border; background-tint: $foreground 0%; }
        }
        & Hints { margin-top: 1; }
    }
    Dialog:ansi > .frame { background: ansi_default; }
    """


class Hints(Widget):
    """One row of keys; each can be clicked."""

    DEFAULT_CSS = """
    Hints { height: 1; }
    """

    def __init__(self, hints: Sequence[Hint]) -> None:
        super().__init__()
        self._hints = tuple(hints)
        self._palette: Palette | None = None

    def set_hints(self, hints: Sequence[Hint]) -> None:
        """Show other keys."""
        if tuple(hints) != self._hints:
            self._hints = tuple(hints)
            self.refresh()

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._palette = None

    def render_line(self, y: int) -> Strip:
        """The row."""
        if self._palette is None:
            variables = self.app.theme_variables  # pyright: ignore[reportUnknownMemberType]
            self._palette = Palette(variables, foreground=self.colors[3], background=self.colors[2])
        runs: list[Run] = []
        for key, title, _ in self._fitting():
            runs += [(key, "mark", None), (f" {title}   ", "dim", None)]
        return strip(Row(Line(tuple(runs))), self.size.width, self._palette)

    def _fitting(self) -> list[Hint]:
        used, out = 0, list[Hint]()
        for hint in self._hints:
            used += cells(hint[0]) + cells(hint[1]) + 4
            if used - 3 <= self.size.width:
                out.append(hint)
        return out

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        at = 0
        for key, title, action in self._fitting():
            width = cells(key) + cells(title) + 1
            if at <= event.x < at + width:
                await self.run_action(action)
                return
            at += width + 3
