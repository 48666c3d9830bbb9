"""The line in which the conversation is searched."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from tui.keys import FIND, bindings
from tui.widgets.transcript import Transcript


class FindBar(Input):
    """Searches while it is typed; Enter goes on to the next match, or back to reading; Esc ends."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(FIND)]

    class Closed(Message, namespace="find"):
        """The search is over; `reading` says that it began in the conversation, which gets the focus back."""

        def __init__(self, *, reading: bool) -> None:
            super().__init__()
            self.reading = reading

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(placeholder="Find in the conversation")
        self._transcript = transcript
        self._read = transcript.has_focus
        self._keys = "Enter done, then n N" if self._read else "Enter next"
        self.border_title = "Find"
        self.border_subtitle = self._ways()
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

    async def action_done(self) -> None:
        """Go on to the next match; where the search began while reading, back there with the matches."""
        if self._read:
            await self._end()
        else:
            self.action_next(1)

    async def action_close(self) -> None:
        """End the search; the conversation keeps its place."""
        self._transcript.action_dismiss()
        await self._end()

    async def _end(self) -> None:
        self.post_message(self.Closed(reading=self._read))
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
        self.border_subtitle = self._ways(said)

    def _ways(self, said: str = "") -> str:
        return " · ".join(part for part in (said, self._keys, "↑ previous", "Esc ends") if part)
