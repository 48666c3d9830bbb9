"""Messages of topics as they come: followed, paused, filtered, from any time on, each in full."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.streaming.live import values as v
from agent_core.streaming.live.port import Tail, place_of
from agent_core.text import one_line, shorten
from tui.keymap import Keys
from tui.keys import TAIL, bindings
from tui.screens import tail_said as said
from tui.screens.dialog import Frame, Hint, Hints
from tui.screens.filtering import FilteringDialog
from tui.screens.parts import Parts
from tui.widgets.sheet import Sheet
from tui.widgets.taillines import TailLines
from tui.widgets.transcript.lines import Line

_FIGURES_S, _FLOOD = 1.0, 1000.0
"""How often figures are drawn where more messages than these come in a second."""
_WIDE = 118
"""Columns from which on a message stands in full beside the list."""


class TailScreen(FilteringDialog[None]):
    """Ends when it is closed, and with it the process that reads.

    Args:
        tail: Reads the messages.
        topics: Which are read.
        where: The addresses of the bus.
        keys: For the row of keys.
    """

    PARTS = Parts("tail", "lines", "about")
    CSS_PATH = "tail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TAIL)]

    def __init__(
        self,
        *,
        tail: Tail,
        topics: tuple[str, ...],
        where: str,
        keys: Keys,
    ) -> None:
        super().__init__()
        self._tail, self._topics, self._where = tail, topics, where
        self._keys = keys
        self._lines = TailLines(do=self._do, id="lines")
        self._lines.several = len(topics) > 1 or any(letter in each for each in topics for letter in "*?[")
        self._detail = Sheet(fills=True, id="detail")
        self._about = VerticalScroll(self._detail, id="about")
        self._hints = Hints([])
        self._shown: str | None = None
        self._hidden = self._over = False
        self._said_at, self._saying = 0.0, False
        self.taken = 0
        """Pages that it got."""
        self._calls: asyncio.Queue[v.Call] = asyncio.Queue()

    def compose(self) -> ComposeResult:
        """The boxes, the messages, the one with the cursor, the keys."""
        with Frame():
            yield from self.boxes(
                filter="Only what matches: words, or a regular expression; key:… and value:… for one alone",
                seek="From where on: begin, end, 14:05, 10m ago, or a date such as 2026-11-24T08:00",
            )
            yield Container(self._lines, self._about, id="both")
            yield self._hints

    @property
    def content(self) -> Widget:
        """The messages."""
        return self._lines

    def on_mount(self) -> None:
        """Read from now on."""
        self.set_class(self.size.width >= _WIDE, "-wide")
        self._tells(self.size.width >= _WIDE)
        self._lines.empty = said.nothing(None, self._where)
        self._lines.focus()
        self._say()
        self.run_worker(self._tail.pages(self._take, self._missed), group="pages")
        self.run_worker(self._serve(), group="calls")

    async def on_unmount(self) -> None:
        """The process that reads ends."""
        self._over = True
        await self._tail.aclose()

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= _WIDE, "-wide")

    def _tells(self, wanted: bool) -> None:
        self.set_class(wanted, "-told")
        self._about.can_focus = wanted
        self._shown = None if wanted else self._shown

    def on_tail_lines_sized(self) -> None:
        """Another window is wanted."""
        self._resize()

    def _resize(self) -> None:
        self._do(v.Size(self._lines.height, self._lines.characters, self.has_class("-told")))

    # What it gets

    @property
    def page(self) -> v.Page | None:
        """What shows."""
        return self._lines.page

    def _do(self, call: v.Call) -> None:
        self._calls.put_nowait(call)

    async def _serve(self) -> None:
        """Have one thing done after the other, in their order."""
        while True:
            call = await self._calls.get()
            try:
                await self._tail.do(call)
            except AgentError as error:
                self._missed(error)

    def _take(self, page: v.Page) -> None:
        if page.detail is not None and page.detail.id != self._shown:
            before, self._shown = self._shown, page.detail.id
            self._detail.show(partial(self._in_full, page.detail, follows=page.follows))
            if before is None or before.rstrip("+") != self._shown.rstrip("+"):
                self._about.scroll_home(animate=False)
        self._lines.empty = said.nothing(page, self._where)
        self._lines.take(page)
        self.taken += 1
        self._say()

    def _in_full(self, told: v.Detail, width: int, *, follows: bool) -> list[Line]:
        rows = self._about.size.height if follows else 0  # others follow: nothing is laid out anew for each
        return said.detail(told, width, rows=rows)

    def _missed(self, error: AgentError) -> None:
        """The process is gone, and comes back."""
        if not self._over:
            self.notify(f"{error.message}. It is started anew.", timeout=4, markup=False)

    def _say(self) -> None:
        page, width = self._lines.page, max(20, self.size.width - 10)
        told = ["connecting"] if page is None else said.state(page)
        told += [f"from column {self._lines.shift + 1}"] if self._lines.shift else []
        if page is not None and page.fault is not None and page.rows:
            told.append(
                one_line(page.fault.message)
            )  # last, as it is long, and stands between the messages too
        if not self._is_due(page):
            return
        title = f"Messages: {', '.join(map(one_line, self._topics))}"
        self.entitle(shorten(title, width), shorten(" · ".join(told), width))
        self._hints.set_hints(self._what_keys_do())

    def _is_due(self, page: v.Page | None) -> bool:
        """Whether figures are to be drawn now: in a flood once a second, as the frame is drawn with them."""
        now = monotonic()
        calm = page is None or not page.follows or page.rate < _FLOOD
        if calm or now - self._said_at >= _FIGURES_S:
            self._said_at = now
            return True
        if not self._saying:
            self._saying = True
            self.set_timer(_FIGURES_S - (now - self._said_at), self._say_later)
        return False

    def _say_later(self) -> None:
        self._saying = False
        self._say()

    def _what_keys_do(self) -> list[Hint]:
        shown, page = self._keys.shown, self._lines.page
        return [
            (shown("tail.filter"), "filter", "screen.filter"),
            (shown("tail.pause"), "pause" if page is None or page.follows else "follow", "screen.pause"),
            (shown("tail.seek"), "go to", "screen.seek"),
            (shown("list.choose"), "less" if self.has_class("-told") else "in full", "screen.detail"),
            (shown("tail.close"), "close", "screen.close"),
            (shown("tail.copy"), "copy", "screen.copy"),
            (shown("tail.repeats"), "show repeats" if self._hidden else "hide repeats", "screen.repeats"),
            (shown("help"), "all keys", "app.help"),
        ]

    # What is typed

    def action_seek(self) -> None:
        """Type where to read from."""
        self.type_into("seek")

    async def filter_by(self, typed: str) -> None:
        """The process that reads does it."""
        self._do(v.Filter(typed))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to what matches, or to the place."""
        event.stop()
        if event.input.id == "filter":
            if event.value.strip() or not self.end_typing("filter"):
                self._lines.focus()
            return
        try:
            place = place_of(event.value, now=datetime.now().astimezone())
        except AgentError as error:
            self.notify(f"{error.message}. {error.hint}", timeout=6, markup=False)
            return
        self.end_typing("seek")
        self._do(v.Seek(place))

    # Keys

    def action_pause(self) -> None:
        """Stay here, or follow what comes."""
        page = self._lines.page
        self._do(v.Follow(page is not None and not page.follows))

    def action_repeats(self) -> None:
        """Leave repeats out, or show them."""
        self._hidden = not self._hidden
        self._do(v.Repeats(self._hidden))

    def action_detail(self) -> None:
        """The message with the cursor in full, or no more."""
        self._tells(not self.has_class("-told"))
        if not self.has_class("-told"):
            self._lines.focus()
        self._resize()

    def on_tail_lines_opened(self) -> None:
        """The same with Enter, or a click."""
        self.action_detail()

    def action_into(self) -> None:
        """Go to the message in full, to scroll it, or back."""
        if self._lines.has_focus and not self.has_class("-told"):
            self.action_detail()
        (self._about if self._lines.has_focus else self._lines).focus()

    def action_shift(self, columns: int) -> None:
        """Move sideways."""
        self._lines.action_shift(columns)

    def action_copy(self, whole: bool = False) -> None:
        """Put the value on the clipboard, or the whole message as JSON."""
        self.run_worker(partial(self._copy, whole), group="copy", exclusive=True)

    async def _copy(self, whole: bool) -> None:
        try:
            text = await self._tail.copied(whole=whole)
        except AgentError as error:
            self._missed(error)
            return
        if text:
            self.app.copy_to_clipboard(text)  # pyright: ignore[reportUnknownMemberType]

    def action_interrupt(self) -> None:
        """The same with the key that copies everywhere."""
        self.action_copy()

    def action_close(self) -> None:
        """End what is typed; else go back."""
        if not (self.end_typing("seek") or self.end_typing("filter")):
            self.dismiss(None)
