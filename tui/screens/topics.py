"""The bus: its topics with what is on them, how fast they grow, and how far behind who reads them is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from agent_core.errors import AgentError, BusAuth, ErrorInfo
from agent_core.streaming.values import BusReading
from agent_core.text import one_line, shorten
from tui.keymap import Keys
from tui.keys import TOPICS, bindings
from tui.screens import stack_said
from tui.screens import topic_rows as rows_of
from tui.screens.bus_desk import Bus
from tui.screens.dialog import Frame, Hint, Hints, TypingDialog
from tui.screens.parts import Parts
from tui.screens.stack_list import ServiceList
from tui.screens.tail import TailScreen
from tui.screens.topic_rows import ALL, ORDERS, Topic
from tui.widgets.choices import SecondClickChoices
from tui.widgets.rows import Rows
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import BLANK, Line, wrap

_WIDE, _LOW = 118, 20
"""Columns from which on a topic stands in full beside the list; rows below which there is room for one
thing at a time."""


class TopicsScreen(TypingDialog[None]):
    """Asks the bus while it shows, and not while something else lies over it.

    Args:
        desk: Watches the bus, and reads messages.
        keys: For the row of keys.
        start: Starts a Kafka where there is none, once that is allowed.
        asking: Whether topics to read are typed at first.
    """

    PARTS = Parts("topics", "list", "about")
    CSS_PATH = "topics.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TOPICS)]

    def __init__(
        self,
        *,
        desk: Bus,
        keys: Keys,
        start: Callable[[], object],
        asking: bool = False,
    ) -> None:
        super().__init__()
        self._desk, self._keys = desk, keys
        self._start, self._asking = start, asking
        self._reading: BusReading | None = None
        self._fault: ErrorInfo | None = None
        self._refused = False
        self._topics: list[Topic] = []
        self._order, self._typed = ORDERS[0], ""
        self._head, self._rows = Sheet(id="head"), SecondClickChoices(id="topics", cursor_always=True)
        self._list = ServiceList(self._head, self._rows, id="list")
        self._banner, self._nothing, self._details = Sheet(id="banner"), Sheet(id="said"), Sheet(id="details")
        self._hints = Hints([])

    def compose(self) -> ComposeResult:
        """The topics, the chosen one in full, and the keys."""
        with Frame():
            yield from self.boxes(
                filter="Only topics with this in their names; * stands for anything",
                pattern="Topics to read, such as logs.raw.* or agent.tasks; spaces between several",
            )
            yield self._banner
            yield VerticalScroll(self._nothing, id="nothing", can_focus=False)
            yield Container(self._list, VerticalScroll(self._details, id="about", can_focus=False), id="both")
            yield self._hints

    @property
    def content(self) -> Widget:
        """The topics."""
        return self._rows

    def on_mount(self) -> None:
        """Show that it is asked."""
        self._fit(self.size.width, self.size.height)
        self._rows.focus()
        self._show()
        if self._asking:
            self.action_pattern()

    def on_screen_resume(self) -> None:
        """Ask from now on."""
        self.run_worker(self._watch, group="watch", exclusive=True)

    def on_screen_suspend(self) -> None:
        """Something else lies over it: nothing is asked meanwhile."""
        self.workers.cancel_group(self, "watch")  # pyright: ignore[reportUnknownMemberType]

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self._show)

    def _fit(self, width: int, height: int) -> None:
        self.set_class(width >= _WIDE, "-wide")
        self.set_class(height < _LOW and width < _WIDE, "-low")

    # Watching

    async def _watch(self) -> None:
        try:
            async with aclosing(self._desk.watch()) as readings:
                async for reading in readings:
                    self._take(reading)
        except AgentError as error:  # the settings say nothing that could be asked
            self._take(error)

    def _take(self, told: BusReading | AgentError) -> None:
        """Show how it stands now; what was known last stays where that cannot be told."""
        if isinstance(told, BusReading):
            self._reading, self._fault = told, None
            self._topics = rows_of.topics_of(told)
        else:
            self._fault, self._refused = told.info, isinstance(told, BusAuth)
        self._show()

    # What is shown

    @property
    def chosen(self) -> Topic | None:
        """The topic with the cursor; None for all."""
        key = self._rows.current.key if self._rows.current is not None else ALL
        return next((each for each in self._topics if each.info.name == key), None)

    def _show(self) -> None:
        reading = self._reading
        known = reading is not None and bool(reading.topics)
        self.set_class(not known, "-waiting")
        self.set_class(known and self._fault is not None, "-fault")
        if self._fault is not None:
            self._banner.show(partial(stack_said.banner, self._fault))
        if not known:
            self._nothing.show(self._why_nothing)
        elif reading is not None:
            self._show_rows()
            self._show_details()
        self._say()

    def _why_nothing(self, width: int) -> list[Line]:
        if self._fault is not None:
            again = "It is tried again by itself. Without Kafka everything works from local logs and files."
            return stack_said.fault(self._fault, again, width, shown=self._keys.shown, bad=self._refused)
        if self._reading is None:
            return wrap([(f"Asking Kafka at {one_line(self._desk.where)} …", "dim", None)], width)
        said = "Programs of the stack make theirs when they start; `logs ship` makes those of logs."
        lines = wrap([("There are no topics yet.", "h3", None)], width)
        return [*lines, BLANK, *wrap([(said, "hint", None)], width)]

    def _show_rows(self) -> None:
        width = self._list.size.width - self._rows.show_vertical_scrollbar
        if width <= 1:
            return
        found = rows_of.wanted(self._topics, self._typed, self._order)
        look = rows_of.widths(self._topics, width)
        self._head.show(lambda _: [rows_of.head(look, self._order)])
        self._rows.set_items(rows_of.items(found, look))
        self._rows.put_cursor(self._rows.cursor)

    def _show_details(self) -> None:
        if self._reading is not None:
            self._details.show(partial(rows_of.details, self.chosen, self._reading))

    def _say(self) -> None:
        width, reading = max(20, self.size.width - 10), self._reading
        told: list[str] = ["not connected"] if self._fault is not None else []
        if reading is not None and reading.topics:
            found = rows_of.wanted(self._topics, self._typed, self._order)
            told.append(rows_of.counted(found, len(reading.topics), len(reading.groups)))
            told.append(f"by {self._order}")
        self.entitle(shorten(f"Bus: {one_line(self._desk.where)}", width), shorten(" · ".join(told), width))
        self._hints.set_hints(self._what_keys_do())

    def _what_keys_do(self) -> list[Hint]:
        shown = self._keys.shown
        close, keys = (
            (shown("topics.close"), "close", "screen.close"),
            (shown("help"), "all keys", "app.help"),
        )
        start = (shown("topics.start"), "start Kafka", "screen.start")
        if self._reading is None or not self._reading.topics:
            absent = self._fault is not None and not self._refused
            return [*([start] if absent else []), close, keys]
        return [
            (shown("topics.tail"), "messages", "screen.tail"),
            (shown("topics.pattern"), "of a pattern", "screen.pattern"),
            (shown("topics.filter"), "filter", "screen.filter"),
            (shown("topics.order"), "order", "screen.order"),
            close,
            *([start] if self._fault is not None and not self._refused else []),
            keys,
        ]

    def on_service_list_sized(self) -> None:
        """There is room for the topics, or another."""
        self._show()

    def on_choices_moved(self) -> None:
        """Another topic stands in full."""
        self._show_details()
        self.query_one("#about", VerticalScroll).scroll_home(animate=False)

    # Keys

    def action_filter(self) -> None:
        """Type what topics are to have in their names."""
        self.type_into("filter")

    def action_pattern(self) -> None:
        """Type the topics whose messages are to be read."""
        box = self.type_into("pattern")
        if not box.value and (chosen := self.chosen) is not None:
            box.value = f"{chosen.info.name.rpartition('.')[0] or chosen.info.name}.*".replace("..", ".")
            box.cursor_position = len(box.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is typed now."""
        event.stop()
        if event.input.id == "filter":
            self._typed = event.value
            self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to what is left, or to the messages."""
        event.stop()
        names = tuple(event.value.replace(",", " ").split())
        if event.input.id == "filter":
            if event.value.strip() or not self.end_typing("filter"):
                self._rows.focus()
        elif names:
            self._open(names)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Enter shows the messages."""
        event.stop()
        self.action_tail()

    def action_tail(self) -> None:
        """The messages of the topic, or of all."""
        chosen = self.chosen
        self._open((ALL if chosen is None else chosen.info.name,))

    def _open(self, names: tuple[str, ...]) -> None:
        try:
            tail = self._desk.tail(names)
        except AgentError as error:
            self.notify(f"{error.message}. {error.hint}", timeout=6, markup=False)
            return
        self.end_typing("pattern")
        screen = TailScreen(tail=tail, topics=names, where=self._desk.where, keys=self._keys)
        self.app.push_screen(screen)  # pyright: ignore[reportUnknownMemberType]

    def action_order(self) -> None:
        """Another order."""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._show()

    def action_start(self) -> None:
        """Start a Kafka."""
        if self._fault is not None and not self._refused:
            self._start()

    def action_topics(self) -> None:
        """The key that opened it closes it."""
        self.dismiss(None)

    def action_close(self) -> None:
        """End what is typed; else go back."""
        if not (self.end_typing("pattern") or self.end_typing("filter")):
            self.dismiss(None)
