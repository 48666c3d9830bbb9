"""The lines of one log file, whatever its size: any part of them, its end as it grows, or what matches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from textual import events
from textual.message import Message

from agent_core.errors import AgentError
from agent_core.logs.page import Change, LogPage
from agent_core.logs.view import Line as LogLine
from tui.widgets.logrow import Look, row_of, whole_rows, with_thumb
from tui.widgets.transcript.strips import Row
from tui.widgets.windowed import Windowed

LOOK_S = 0.1
"""How often the file is looked at while it shows."""

T = TypeVar("T")


class LogLines(Windowed):
    """A window of a log.

    Reading happens in a thread, one change after the other, so that keys never wait for a disk.
    """

    class Changed(Message, namespace="log_lines"):
        """Other lines show, or it is known now how many match."""

        def can_replace(self, message: Message) -> bool:
            """Only the latest matters."""
            return isinstance(message, LogLines.Changed)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.page = LogPage(Path(), height=1)
        """What is read."""
        self.unfolded = False
        """Whether the line with the cursor shows as a whole."""
        self.busy = ""
        """What takes long at the moment; "" for nothing."""
        self.trouble = ""
        """Why the filter found nothing; "" when all is well."""
        self._typed = ""
        self._again = False  # whether what is typed is looked for in another file that lies there now
        self._opened = False
        self._changes: list[Change] = []
        self._wake = asyncio.Event()
        self._tops: list[int] = []
        """The line of the window that each row is of."""

    # What it shows

    @property
    def current(self) -> LogLine | None:
        """The line with the cursor."""
        return self.page.window.current

    @property
    def follows(self) -> bool:
        """Whether it shows the end, and goes on with it."""
        return self.page.window.follows

    def open(self, path: Path, *, line: int = 0) -> None:
        """Show the end of a file, or the line of that number, from 1."""
        self.workers.cancel_group(self, "filter")  # pyright: ignore[reportUnknownMemberType]
        self._changes.clear()
        self._opened, self._again = True, False
        self._typed = self.trouble = ""
        self.shift = 0
        self.page = page = LogPage(path, height=self.height)
        page.window.follows = not line
        self.busy = f"Looking for line {line:,} …" if line else ""
        self._do(partial(page.begin, line=line, still=lambda: self.page is page))
        self.draw()

    def filter(self, typed: str) -> None:
        """Show only the lines that match; "" shows all."""
        self._typed = typed
        self.run_worker(partial(self._filter, typed), group="filter", exclusive=True)

    def toggle_only(self) -> None:
        """Only the lines that match, or all."""
        self._do(self.page.toggle_only)

    def follow(self, wanted: bool) -> None:
        """Go to the end and on with it, or stay here."""
        if wanted:
            self._do(self.page.window.to_end)
        else:
            self.page.window.follows = False
            self.post_message(self.Changed())

    def go_to(self, find: Callable[[LogPage], int | None], *, busy: str) -> None:
        """Show the line that begins at or behind the offset that is found; `find` runs in the thread."""
        self.run_worker(partial(self._go_to, find, busy), group="go", exclusive=True)

    async def _go_to(self, find: Callable[[LogPage], int | None], busy: str) -> None:
        page, self.busy = self.page, busy
        self.post_message(self.Changed())
        offset = await self._get(lambda: find(page))
        if offset is not None:
            self._do(lambda: page.window.to(offset))

    async def step_match(self, step: int) -> bool:
        """Go to the next line that matches, or the one before; whether there is one."""
        return await self._get(lambda: self.page.step(step))

    # Reading

    def on_mount(self) -> None:
        """Read what is asked for, and look at the file every so often."""
        self.run_worker(self._serve(), group="serve")
        self.set_interval(LOOK_S, self._look_soon)

    def _do(self, change: Change) -> None:
        self._changes.append(change)
        self._wake.set()

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            changes, self._changes = self._changes, []
            page = self.page
            shows = await asyncio.to_thread(page.apply, changes)
            if page is not self.page:
                continue
            if not self._changes:
                self.busy = ""
            if shows:
                self.draw()
            if page.stale and not self._again:
                self._again = True
                self.filter(self._typed)

    async def _get(self, change: Callable[[], T]) -> T:
        """What a change gives, once everything that was asked for before it is done."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            value = change()
            loop.call_soon_threadsafe(lambda: done.done() or done.set_result(value))

        self._do(run)
        return await done

    def _look_soon(self) -> None:
        if self.is_on_screen and self._opened and self._look not in self._changes:
            self._do(self._look)

    def _look(self) -> bool:
        return self.page.look()

    async def _filter(self, typed: str) -> None:
        page, self.trouble = self.page, ""
        if not typed:
            self._do(page.end_search)
            return
        # RE2 is imported here, at the first use.
        from agent_core.logs.matches import find
        from agent_core.logs.pattern import pattern_of

        pattern = await asyncio.to_thread(pattern_of, typed)
        until = await self._get(lambda: page.search(pattern))
        self._again = False
        try:
            async for part in find(page.path, pattern, until=until):
                self._do(partial(page.found, part))
        except AgentError as error:
            self.trouble = error.message
        self._do(page.searched)

    # Drawing

    def draw(self) -> None:
        """Draw the window."""
        region = self.scrollable_content_region
        if region.width > 2 and region.height:
            look = Look(region.width - 2, self.shift, self.plain)
            self.fill(self._drawn(look, region.height), empty=self._nothing())
        self.post_message(self.Changed())

    def _drawn(self, look: Look, height: int) -> list[Row]:
        page, current = self.page, self.current
        rows: list[Row] = []
        self._tops = []
        under = height
        for number, line in enumerate(page.window.lines):
            on = line is current
            if on and self.unfolded:
                parts = whole_rows(line, look, max(1, height // 2))
            else:
                parts = [row_of(line, look, page.marks(line), on=on and self.has_focus)]
            rows += parts
            self._tops += [number] * len(parts)
            under = len(rows) if on else under
        first = max(0, under - height, len(rows) - height if self.follows else 0)
        self._tops = self._tops[first : first + height]
        return with_thumb(rows[first : first + height], page.window.share, look.width)

    def _nothing(self) -> str:
        page = self.page
        if self.busy or self.trouble or not self._opened:
            return self.busy or self.trouble
        if page.gone:
            return "The file is gone."
        if page.only:
            return "Searching …" if page.searching else "No line matches."
        return "The file is empty."

    def on_resize(self) -> None:
        """There is room for more lines, or fewer."""
        height = self.height
        self._do(lambda: self.page.window.resize(height))
        self.draw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor shows, or hides."""
        super().watch_has_focus(_has_focus)
        self.draw()

    # Keys and mouse

    def action_move(self, step: int) -> None:
        """Move the cursor by lines."""
        self._do(lambda: self.page.window.move(step))

    def action_page(self, step: int) -> None:
        """Move by windows."""
        self._do(lambda: self.page.window.page(step))

    def action_edge(self, step: int) -> None:
        """Go to the first line, or to the last and on with it."""
        self._do(self.page.window.to_end if step > 0 else self.page.window.to_start)

    def action_choose(self) -> None:
        """Show all of the line with the cursor, or only its beginning again."""
        self.unfolded = not self.unfolded
        self.draw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line that was clicked; all of it shows where it was there."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1 or offset.y >= len(self._tops):
            return
        row = self._tops[offset.y]
        if row == self.page.window.cursor:
            self.action_choose()
        else:
            self._do(lambda: self.page.window.put(row))
