"""What the dialogs share: a frame in the middle of the screen, and keys that can be clicked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self, TypeVar

from textual import events
from textual.actions import SkipAction
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from agent_core.text import cells
from tui.screens.parts import PartsScreen
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import Line, Run

Result = TypeVar("Result")
Hint = tuple[str, str, str]
"""A key as people write it, what it does, and the action that a click runs."""


class Frame(Vertical):
    """The frame of a dialog whose title changes: of what is in it nothing is drawn anew then."""

    _edges: tuple[Region, ...] = ()

    def __init__(self) -> None:
        super().__init__(classes="frame")

    def entitle(self, title: str, subtitle: str) -> None:
        """Say it on the upper edge, and on the lower one."""
        (left, top), (width, height) = self.content_offset, self.outer_size
        self._edges = tuple(Region(-left, y - top, width, 1) for y in (0, height - 1) if height)
        self.border_title, self.border_subtitle = Content(title), Content(subtitle)
        self._edges = ()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Draw it anew; only the edges while they get other words."""
        regions = regions or self._edges
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class Dialog(ModalScreen[Result], PartsScreen[Result]):
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
            border-subtitle-color: $frame-note;
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
    asks = False
    """Whether it asks something that only the person can answer: it is not left for another screen."""
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012  # as Textual declares it
    _titles = "", ""

    def entitle(self, title: str, subtitle: str) -> None:
        """Say what it is, and where it stands, on the frame, which is drawn anew only for other words."""
        if (title, subtitle) != self._titles:
            self._titles = title, subtitle
            for frame in self.query(Frame):  # none while it is taken away, when work on it may not have ended
                frame.entitle(title, subtitle)


def title_room(frame: Widget) -> int:
    """Columns for a title on a frame: beside it are a space, a bit of the line and a corner."""
    return max(1, frame.outer_size.width - 6)


class TypingDialog(Dialog[Result]):
    """A dialog with boxes to type into, which show only while that is done."""

    AUTO_FOCUS = ""

    @property
    def content(self) -> Widget:
        """What has the focus while nothing is typed."""
        raise NotImplementedError

    def boxes(self, **placeholders: str) -> Iterator[Input]:
        """The boxes, by their ids."""
        for name, placeholder in placeholders.items():
            box = Input(placeholder=placeholder, id=name, select_on_focus=False)
            box.cursor_blink = box.display = False
            yield box

    def box(self, name: str) -> Input:
        """One of them."""
        return self.query_one(f"#{name}", Input)

    def type_into(self, name: str) -> Input:
        """Open a box; where something is typed already, the key that does it is typed instead."""
        if isinstance(self.focused, Input) and self.focused.display:
            raise SkipAction
        box = self.box(name)
        box.display = True
        self.set_focus(box)  # at once: what is typed next belongs to it
        box.focus()  # also behind what asked for the focus just now, and gets it later
        return box

    def end_typing(self, name: str) -> bool:
        """Empty a box and close it; whether it was open."""
        box = self.box(name)
        was, box.display, box.value = box.display, False, ""
        if was:
            self.content.focus()
        return was


class Hints(Sheet):
    """One row of keys; each can be clicked."""

    DEFAULT_CSS = """
    Hints { height: 1; }
    """

    def __init__(self, hints: Sequence[Hint]) -> None:
        super().__init__(self._row)
        self._hints = tuple(hints)

    def set_hints(self, hints: Sequence[Hint]) -> None:
        """Show other keys."""
        if tuple(hints) != self._hints:
            self._hints = tuple(hints)
            self.show(self._row)

    def _row(self, width: int) -> list[Line]:
        runs: list[Run] = []
        for key, title, _ in self._fitting(width):
            runs += [(key, "mark", None), (f" {title}   ", "dim", None)]
        return [Line(tuple(runs))]

    def _fitting(self, width: int) -> list[Hint]:
        used, out = 0, list[Hint]()
        for hint in self._hints:
            used += cells(hint[0]) + cells(hint[1]) + 4
            if used - 3 <= width:
                out.append(hint)
        return out

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        at = 0
        for key, title, action in self._fitting(self.size.width):
            width = cells(key) + cells(title) + 1
            if at <= event.x < at + width:
                await self.run_action(action)
                return
            at += width + 3
