"""Key events beside what the one with the cursor says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container

from agent_core.logs.api import Digest, KeyEvent
from agent_core.logs.matches import pattern_of
from agent_core.logs.view import LogView
from agent_core.workspace import Workspace
from tui.screens.arrange import MEDIUM
from tui.widgets.choices import Choices
from tui.widgets.logevents import detail_items, event_item, place_of
from tui.widgets.rows import Rows

_WHOLE = 400
"""Lines shown of a record that is expanded."""


class LogEvents(Container):
    """A list of events, and one of them in full.

    Args:
        workspace: Where the files lie.
        open_place: Shows a file of the workspace at a line.
        wanted: The id of the event that has the cursor at first.
    """

    def __init__(
        self, *, workspace: Workspace, open_place: Callable[[str, int], None], wanted: str = ""
    ) -> None:
        super().__init__(id="both")
        self._workspace = workspace
        self._open_place = open_place
        self._wanted = wanted
        self._digest: Digest | None = None
        self._whole: dict[str, list[str]] = {}
        self._typed = ""
        self.empty = "Reading the logs …"
        """What stands where no events are."""
        self.files: frozenset[str] = frozenset()
        """The sources whose lines can be read."""

    def compose(self) -> ComposeResult:
        """The list and the event."""
        yield Choices(id="events", cursor_always=True)
        yield Rows(id="event")

    @property
    def list(self) -> Choices:
        """The events that show."""
        return self.query_one("#events", Choices)

    @property
    def current(self) -> KeyEvent | None:
        """The event with the cursor."""
        item = self.list.current
        found = self._digest.events if self._digest and item else ()
        return next((event for event in found if item and event.id == item.key), None)

    def take(self, digest: Digest) -> None:
        """Show the events of a digest; the cursor stays on its event."""
        self._digest = digest
        self.empty = "Nothing stands out."
        self.show()

    def filter(self, typed: str) -> None:
        """Show only the events that match."""
        self._typed = typed
        self.show()

    def show(self) -> None:
        """Show what there is, in the room that there is."""
        found = [event for event in self._digest.events if self._fits(event)] if self._digest else []
        wide = self.list.size.width >= MEDIUM // 2
        nothing = "No event matches." if self._typed and self._digest else self.empty
        self.list.set_items([event_item(event, source=wide) for event in found], empty=nothing)
        keys = [event.id for event in found]
        if self._wanted in keys:
            self.list.put_cursor(keys.index(self._wanted))
        if found:
            self._wanted = ""
        self.show_event()

    def _fits(self, event: KeyEvent) -> bool:
        said = f"{event.source}\n{event.component}\n{event.text}"
        return not self._typed or pattern_of(self._typed).search(said) is not None

    def on_choices_moved(self) -> None:
        """Show another event."""
        self.show_event()

    def show_event(self) -> None:
        """Show the event with the cursor."""
        rows, event = self.query_one("#event", Rows), self.current
        width = rows.scrollable_content_region.width - 1
        whole = self._whole.get(event.id, ()) if event else ()
        rows.set_items(detail_items(event, width, whole=whole) if event else [])

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Expand an event; open a place."""
        event.stop()
        if event.rows is self.list:
            self.toggle_whole()
        elif (place := place_of(event.item.key)) is not None:
            self._open_place(*place)

    def toggle_whole(self) -> None:
        """The lines of the log itself, or the collapsed ones again."""
        event = self.current
        if event is None:
            return
        if self._whole.pop(event.id, None) is not None or event.source not in self.files:
            self.show_event()
        else:
            self.run_worker(self._expand(event), group="expand", exclusive=True)

    async def _expand(self, event: KeyEvent) -> None:
        def read() -> list[str]:
            view = LogView(self._workspace.resolve(event.source))
            lines = view.after(view.offset_of(event.first), min(_WHOLE, event.last - event.first + 1))
            return [line.text for line in lines]

        self._whole[event.id] = await asyncio.to_thread(read)
        self.show_event()

    def open_code(self) -> bool:
        """Open the first place in the code that the event leads to; whether there is one."""
        event = self.current
        if event is None or not event.places:
            return False
        self._open_place(event.places[0].path, event.places[0].line)
        return True
