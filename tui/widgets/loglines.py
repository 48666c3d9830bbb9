"""The lines of one log file, whatever its size: any part of them, its end as it grows, or what matches."""

from __future__ import annotations

import asyncio
import re
from array import array
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from agent_core.errors import AgentError
from agent_core.logs.matches import Matches, find, pattern_of
from agent_core.logs.view import Line as LogLine
from agent_core.logs.view import LogView
from agent_core.logs.window import LogWindow
from tui.keys import PANES, bindings
from tui.widgets.logrow import Look, row_of
from tui.widgets.transcript.canvas import Canvas
from tui.widgets.transcript.lines import BLANK, wrap
from tui.widgets.transcript.strips import Row

LOOK_S = 0.1
"""How often the file is looked at while it shows."""
_AT_ONCE = 5_000
_WHEEL = 3


class LogLines(Canvas):
    """A window of a log.

    Reading happens in a thread, one change after the other, so that keys never wait for a disk.
    """

    DEFAULT_CSS = """
    LogLines { overflow: hidden hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PANES)]

    class Changed(Message, namespace="log_lines"):
        """Other lines show, or it is known now how many match."""

        def can_replace(self, message: Message) -> bool:
            """Only the latest matters."""
            return isinstance(message, LogLines.Changed)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._path: Path | None = None
        self._view = LogView(Path())
        self._window = LogWindow(self._view, height=1)
        self._matches: Matches | None = None
        self._pattern: re.Pattern[str] | None = None
        self._scanned = 0
        self._changes: list[Callable[[], None]] = []
        self._wake = asyncio.Event()
        self._shift = 0
        self.searching = False
        """Whether the filter still looks through the file."""
        self.trouble = ""
        """Why nothing shows, or the filter found nothing; "" when all is well."""

    # What it shows

    @property
    def current(self) -> LogLine | None:
        """The line with the cursor."""
        return self._window.current

    @property
    def follows(self) -> bool:
        """Whether it shows the end, and goes on with it."""
        return self._window.follows

    @property
    def size_in_bytes(self) -> int:
        """Size of the file."""
        return self._view.size

    @property
    def share(self) -> tuple[float, float]:
        """Where the window begins and ends in the file, from 0 to 1."""
        return self._window.share

    @property
    def matching(self) -> int | None:
        """How many lines match so far; None without a filter."""
        return None if self._matches is None else len(self._matches)

    def open(self, path: Path, *, line: int = 0) -> None:
        """Show the end of a file, or the line of that number, from 1."""
        self._path = path
        self._view = view = LogView(path)
        self._matches = self._pattern = None
        self._shift = 0
        self._changes.clear()
        self._window = LogWindow(view, height=self._height)

        def begin() -> None:
            self.trouble = "" if view.look() != "gone" else "The file is not there."
            if line:
                self._window.to(view.offset_of(line))
            else:
                self._window.to_end()

        self._do(begin)

    def filter(self, typed: str) -> None:
        """Show only the lines that match; "" shows all."""
        self.run_worker(self._filter(typed), group="filter", exclusive=True)

    def follow(self, wanted: bool) -> None:
        """Go to the end and on with it, or stay here."""
        if wanted:
            self._do(self._window.to_end)
        else:
            self._window.follows = False
            self.post_message(self.Changed())

    # Reading

    def on_mount(self) -> None:
        """Read what is asked for, and look at the file every so often."""
        self.run_worker(self._serve(), group="serve")
        self.set_interval(LOOK_S, self._look_soon)

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _do(self, change: Callable[[], None]) -> None:
        self._changes.append(change)
        self._wake.set()

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            changes, self._changes = self._changes, []
            await asyncio.to_thread(_apply, changes)
            self._draw()

    async def _read_so_far(self) -> None:
        """Return when everything that was asked for so far is read."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(done.set)

        self._do(tell)
        await done.wait()

    def _look_soon(self) -> None:
        if self.is_on_screen and self._path is not None and self._look not in self._changes:
            self._do(self._look)

    def _look(self) -> None:
        change = self._view.look()
        if change == "same":
            return
        self.trouble = "" if change != "gone" else "The file is gone."
        if change in ("anew", "gone") and self._matches is not None:
            self._matches.clear()
            self._scanned = 0
        if self._pattern is not None and not self.searching:
            self._match_added()
        self._window.refresh()

    def _match_added(self) -> None:
        assert self._pattern is not None
        assert self._matches is not None
        while self._scanned < self._view.size:
            lines = self._view.after(self._scanned, _AT_ONCE)
            if not lines:
                return
            search = self._pattern.search
            self._matches.add(array("q", (line.start for line in lines if search(line.text))))
            self._scanned = lines[-1].next

    async def _filter(self, typed: str) -> None:
        if self._path is None:
            return
        await self._read_so_far()
        view, window = self._view, self._window
        self.trouble, self.searching = "", bool(typed)
        if not typed:
            self._matches = self._pattern = None
            self._do(lambda: window.show(view))
            return
        self._pattern = pattern_of(typed)
        self._matches = matches = Matches(view)
        self._scanned = until = view.size
        self._do(lambda: window.show(matches))
        try:
            async for part in find(self._path, typed, until=until):
                self._do(partial(matches.add, part))
                self._do(window.refresh)
        except AgentError as error:
            self.trouble = error.message
        finally:
            self.searching = False
        self._do(window.refresh)

    # Drawing

    def _draw(self) -> None:
        region = self.scrollable_content_region
        if region.width and region.height:
            window = self._window
            current = window.current if self.has_focus else None
            look = Look(region.width, self._shift, self._pattern, plain=self._plain())
            rows = [row_of(line, look, on=line is current) for line in window.lines[: region.height]]
            if not rows and (said := self._nothing()):
                rows = [Row(line) for line in wrap([(said, "dim", None)], region.width)]
            rows += [Row(BLANK)] * (region.height - len(rows))
            self.paint(rows[: region.height], region.width)
        self.post_message(self.Changed())

    def _nothing(self) -> str:
        if self.trouble:
            return self.trouble
        if self._matches is not None:
            return "Searching …" if self.searching else "No line matches."
        return "The file is empty." if self._path is not None else ""

    def _plain(self) -> bool:
        app = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return app.no_color or app.native_ansi_color

    def on_resize(self) -> None:
        """There is room for more lines, or fewer."""
        height = self._height
        self._do(lambda: self._window.resize(height))

    def on_focus(self) -> None:
        """The cursor shows."""
        self._draw()

    def on_blur(self) -> None:
        """The cursor hides."""
        self._draw()

    # Keys and mouse

    def action_move(self, step: int) -> None:
        """Move the cursor by lines."""
        self._do(lambda: self._window.move(step))

    def action_page(self, step: int) -> None:
        """Move by windows."""
        self._do(lambda: self._window.page(step))

    def action_edge(self, step: int) -> None:
        """Go to the first line, or to the last and on with it."""
        self._do(self._window.to_end if step > 0 else self._window.to_start)

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines."""
        self._shift = max(0, self._shift + columns)
        self._draw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back."""
        event.stop()
        self.action_move(-_WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll on."""
        event.stop()
        self.action_move(_WHEEL)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line that was clicked."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1:
            return
        self._do(lambda: self._window.put(offset.y))


def _apply(changes: list[Callable[[], None]]) -> None:
    for change in changes:
        change()
