"""The prompt: several lines, a history, completion, and keys that scroll the conversation."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from agent_core.text import pictured
from tui.keys import PROMPT, bindings
from tui.widgets.own_keys import do_own, own_keys

OWN_ACTIONS = frozenset(binding.action for binding in bindings(PROMPT))
PLACEHOLDER = "Ask about this repository, or type a command"
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Prompt(TextArea):
    """Where the user types. It decides nothing: what is to happen, it posts."""

    DEFAULT_CSS = """
    Prompt {
        height: auto;
        max-height: 10;
        border: round $border-blurred;
        background: $background;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        border-subtitle-color: $frame-note;
        &:focus { border: round $border; border-subtitle-color: $text-primary; border-subtitle-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PROMPT)]

    class Submitted(Message, namespace="prompt"):
        """Something was typed and sent."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class NowWanted(Message, namespace="prompt"):
        """What is typed is to run now, or the first that waits: `text` is "" then."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class DropWanted(Message, namespace="prompt"):
        """The last waiting prompt is not wanted any more."""

    class CompletionWanted(Message, namespace="prompt"):
        """The text up to the cursor is to be completed."""

    class Recalled(Message, namespace="prompt"):
        """Another prompt of the history is wanted: -1 the one before, 1 the one after."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class EndWanted(Message, namespace="prompt"):
        """The conversation's end is to be shown."""

    class Scrolled(Message, namespace="prompt"):
        """The conversation is to be scrolled by pages."""

        def __init__(self, pages: int) -> None:
            super().__init__()
            self.pages = pages

    def __init__(self) -> None:
        super().__init__(
            id="prompt", placeholder=Content(PLACEHOLDER), highlight_cursor_line=False, max_checkpoints=200
        )
        self.cursor_blink = False
        self.has_modes = False
        """Whether its edge says in which mode keys are: where it inserts, and leaving it is another mode."""
        self.steer: Callable[[str], Awaitable[bool]] | None = None
        """Asked before one of the prompt's own keys does what it does: whether it has done that itself."""
        self.unused: Callable[[str], bool] | None = None
        """Offered each key while nothing is typed: whether it took it."""

    def on_focus(self) -> None:
        """It inserts."""
        if self.has_modes:
            self.border_subtitle = "INSERT"

    def on_blur(self) -> None:
        """Keys are commands."""
        if self.has_modes:
            self.border_subtitle = "NORMAL · i inserts"

    @property
    def before_cursor(self) -> str:
        """The text up to the cursor."""
        return self.get_text_range((0, 0), self.cursor_location)

    @property
    def _row(self) -> int:
        """The row of the cursor, from 0; a line that is wrapped takes several."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    def put(self, text: str) -> None:
        """Replace the whole text; undo brings it back."""
        end = self.document.end
        self.replace(text, (0, 0), end)
        self.move_cursor(self.document.end)

    def edit(self, edit: Edit) -> EditResult:
        """Take no character that could draw: names of files, pasted text and the history may hold some."""
        edit.text = pictured(edit.text)
        return super().edit(edit)

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: nothing in it reorders the rest."""
        line = super().get_line(line_index)
        if _REORDERING.search(line.plain):
            line.plain = _REORDERING.sub("�", line.plain)
        return line

    async def on_key(self, event: events.Key) -> None:
        """Run its keys, and those of every text, in the order in which they were typed.

        A binding with priority would send before the letters typed just before it have arrived, and one
        without would come after the letters typed next.
        """
        if self.unused is not None and not self.text and self.unused(event.key):
            event.stop()
            event.prevent_default()
        elif not event.is_printable:
            steered = [each.action for each in own_keys(self, event.key) if each.action in OWN_ACTIONS]
            if (steered and self.steer is not None and await self.steer(steered[0])) or await do_own(
                self, event.key
            ):
                event.stop()
                event.prevent_default()

    def action_send(self) -> None:
        """Send what is typed."""
        text = self.text.strip("\n")
        if text.strip():
            self.clear()
            self.post_message(self.Submitted(text))

    def action_now(self) -> None:
        """Send what is typed before everything else; with nothing typed, what waits first."""
        text = self.text.strip("\n")
        self.clear()
        self.post_message(self.NowWanted(text if text.strip() else ""))

    def action_drop(self) -> None:
        """Drop the last waiting prompt; while something is typed, delete a letter."""
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.DropWanted())

    def action_newline(self) -> None:
        """Begin a new line."""
        self.insert("\n")

    def action_complete(self) -> None:
        """Complete; in an empty prompt go on to the next pane, as Tab does elsewhere."""
        if self.text:
            self.post_message(self.CompletionWanted())
        else:
            self.screen.focus_next()

    def action_earlier(self) -> None:
        """The prompt before this one; inside several rows, the row above."""
        if self._row == 0:
            self.post_message(self.Recalled(-1))
        else:
            self.action_cursor_up()

    def action_later(self) -> None:
        """The prompt after this one; inside several rows, the row below."""
        if self._row >= self.wrapped_document.height - 1:
            self.post_message(self.Recalled(1))
        else:
            self.action_cursor_down()

    def action_scroll(self, pages: int) -> None:
        """Scroll the conversation."""
        self.post_message(self.Scrolled(pages))

    def action_to_end(self) -> None:
        """The end of the line; from the end of the text, the end of the conversation."""
        if self.cursor_at_end_of_text:
            self.post_message(self.EndWanted())
        else:
            self.action_cursor_line_end()
