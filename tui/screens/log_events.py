"""Key events beside what the one with the cursor says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from agent_core.errors import AgentError
from agent_core.logs.api import Chronic, Digest, KeyEvent, SourceFacts
from agent_core.logs.view import LogView
from agent_core.workspace import Workspace
from tui.screens.arrange import MEDIUM
from tui.widgets.choices import Choices
from tui.widgets.logevents import (
    chronic_item,
    chronic_items,
    detail_items,
    event_item,
    key_of,
    place_of,
)
from tui.widgets.rows import Item, Rows

_WHOLE = 400
"""Lines shown of a record that is expanded."""


def note_of(source: str, facts: Iterable[SourceFacts]) -> str:
    """What is to be known of an event's source; a service of the bus (`bus:api`) has its logs
    (`bus:api:logs/api.log`)."""
    return next((one.note for one in facts if f"{source}:".startswith(f"{one.name}:")), "")


class _Events(Choices):
    """The list of events."""

    def clicked(self, *, moved: bool) -> None:
        """An event that is clicked shows; where it does already, it is expanded."""
        if not moved:
            self.action_choose()


class LogEvents(Container):
    """A list of events and of noise that recurs, and one of them in full.

    Args:
        workspace: Where the files lie.
        open_place: Shows a file of the workspace at a line.
        wanted: The id of the event that has the cursor at first.
    """

    class Moved(Message, namespace="log_events"):
        """Another event has the cursor."""

    def __init__(
        self, *, workspace: Workspace, open_place: Callable[[str, int], None], wanted: str = ""
    ) -> None:
        super().__init__(id="both")
        self._workspace = workspace
        self._open_place = open_place
        self._wanted = wanted
        self._digest = Digest()
        self._whole: dict[str, list[str]] = {}
        self._typed = ""
        self._fitting: frozenset[str] = frozenset()
        """Keys of what matches what is typed."""
        self._moved = False
        self._shown = ""
        """The key of what shows in full."""
        self.empty = "Reading the logs …"
        """What stands where no events are."""
        self.files: frozenset[str] = frozenset()
        """The sources whose lines can be read."""

    def compose(self) -> ComposeResult:
        """The list and the event."""
        yield _Events(id="events", cursor_always=True)
        yield Rows(id="event")

    @property
    def list(self) -> Choices:
        """The events that show."""
        return self.query_one("#events", Choices)

    @property
    def detail(self) -> Rows:
        """The event in full."""
        return self.query_one("#event", Rows)

    @property
    def current(self) -> KeyEvent | None:
        """The event with the cursor."""
        key = self._key
        return next((event for event in self._digest.events if event.id == key), None)

    @property
    def noise(self) -> Chronic | None:
        """The noise with the cursor."""
        key = self._key
        return next((one for one in self._digest.chronic if key_of(one) == key), None)

    @property
    def _key(self) -> str:
        item = self.list.current
        return item.key if item else ""

    def take(self, digest: Digest, *, empty: str) -> None:
        """Show the events of a digest; the cursor stays on its event."""
        self._digest = digest
        self.empty = empty
        self._sift()

    def filter(self, typed: str) -> None:
        """Show only what matches."""
        self._typed = typed
        self._sift()

    def _sift(self) -> None:
        if self._typed:
            self.run_worker(self._find_fitting, group="sift", exclusive=True)
        else:
            self.show()

    async def _find_fitting(self) -> None:
        from agent_core.logs.pattern import pattern_of

        typed, digest = self._typed, self._digest
        said = {event.id: f"{event.source}\n{event.component}\n{event.text}" for event in digest.events}
        said |= {key_of(one): f"{one.source}\n{one.template}" for one in digest.chronic}

        def fitting() -> frozenset[str]:
            matching = pattern_of(typed).matching(list(said.values()))
            return frozenset(key for key, does in zip(said, matching, strict=True) if does)

        self._fitting = await asyncio.to_thread(fitting)
        self.show()

    def _fits(self, key: str) -> bool:
        return not self._typed or key in self._fitting

    def show(self) -> None:
        """Show what there is, in the room that there is."""
        digest, rows = self._digest, self.list
        wide = rows.size.width >= MEDIUM // 2
        items = [event_item(one, source=wide) for one in digest.events if self._fits(one.id)]
        noise = [chronic_item(one, source=wide) for one in digest.chronic if self._fits(key_of(one))]
        if items and noise:
            items.append(Item("", can_choose=False))
        some = digest.events or digest.chronic
        if not self._moved:
            rows.cursor = 0  # what matters most comes first, and may come late
        rows.set_items([*items, *noise], empty="Nothing matches." if self._typed and some else self.empty)
        self.set_class(not rows.items, "-nothing")
        keys = [item.key for item in items]
        if self._wanted and self._wanted in keys:
            rows.put_cursor(keys.index(self._wanted))
        if keys:
            self._wanted = ""
        self.show_event()

    def on_choices_moved(self) -> None:
        """Show another event."""
        self._moved = True
        self.show_event()
        self.post_message(self.Moved())

    def show_event(self) -> None:
        """Show the event with the cursor, from its beginning where it is another."""
        rows, key = self.detail, self._key
        if key != self._shown:
            self._shown = key
            rows.cursor = 0
            rows.scroll_to(y=0, animate=False, force=True, immediate=True)
        rows.set_items(self._detail(rows.scrollable_content_region.width - 1))

    def _detail(self, width: int) -> list[Item]:
        if (event := self.current) is not None:
            note = note_of(event.source, self._digest.sources)
            return detail_items(event, width, whole=self._whole.get(event.id, ()), note=note)
        return chronic_items(noise, width) if (noise := self.noise) is not None else []

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Expand an event; open a place."""
        event.stop()
        if (place := place_of(event.item.key)) is not None:
            self._open_place(*place)
        elif event.rows is self.list or not event.rows.cursor:
            self.toggle_whole()

    def toggle_whole(self) -> None:
        """The lines of the log itself, or the collapsed ones again."""
        event = self.current
        if event is None:
            return
        if self._whole.pop(event.id, None) is not None or event.source not in self.files:
            self.show_event()
        else:
            self.run_worker(partial(self._expand, event), group="expand", exclusive=True)

    async def _expand(self, event: KeyEvent) -> None:
        def read() -> list[str]:
            view = LogView(self._workspace.resolve(event.source))
            lines = view.after(view.offset_of(event.first), min(_WHOLE, event.last - event.first + 1))
            return [line.text for line in lines]

        self._whole[event.id] = ["Reading …"]
        self.show_event()
        try:
            self._whole[event.id] = await asyncio.to_thread(read)
        except AgentError as error:
            self._whole[event.id] = [error.message]
        self.show_event()

    def open_code(self) -> bool:
        """Open the place in the code that has the cursor, or the first that the event leads to; whether there
        is one."""
        item = self.detail.current if self.detail.has_focus else None
        place = place_of(item.key) if item else None
        event = self.current
        if place is None and event is not None and event.places:
            place = event.places[0].path, event.places[0].line
        if place is not None:
            self._open_place(*place)
        return place is not None

    def said(self) -> str:
        """What the event with the cursor says, to be copied."""
        if (event := self.current) is not None:
            return "\n".join(self._whole.get(event.id, ())) or event.text
        return noise.template if (noise := self.noise) is not None else ""
