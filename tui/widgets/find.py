"""The line in which the conversation is searched."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.widgets.transcript import Transcript


class FindBar(Input):
    """Searches while it is typed; Enter goes on to the next match, Esc ends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next(1)", show=False),
        Binding("shift+enter,up", "next(-1)", show=False),
        Binding("down", "next(1)", show=False),
        Binding("escape", "close", show=False),
    ]

    class Closed(Message, namespace="find"):
        """The search is over."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(placeholder="Find in the conversation")
        self._transcript = transcript
        self.border_title = "Find"
        self.border_subtitle = "Enter next · ↑ previous · Esc ends"
        self.cursor_blink = False

    def on_mount(self) -> None:
        """Typing begins here."""
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search for what is typed now."""
        event.stop()
        self._transcript.find(event.value)
        self.say()

    def action_next(self, step: int) -> None:
        """Go to the next or previous match."""
        self._transcript.action_find_next(step)
        self.say()

    async def action_close(self) -> None:
        """End the search; the conversation keeps its place."""
        self._transcript.action_dismiss()
        self.post_message(self.Closed())
        await self.remove()

    def _nothing(self) -> str:
        if not self.value.strip():
            return ""
        return "looking …" if self._transcript.looking else "nothing found"

    def say(self) -> None:
        """Show how many matches there are."""
        number, count = self._transcript.found
        more = "+" if self._transcript.looking else ""
        said = f"{number} of {count}{more}" if count else self._nothing()
        self.border_subtitle = " · ".join(
            part for part in (said, "Enter next · ↑ previous · Esc ends") if part
        )
