"""What the containers of a service say, or of all: followed, filtered, paused."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.text import one_line, plural, shorten
from stack.engine.values import LogLine
from stack.running import Running
from tui.keymap import Keys
from tui.keys import STACK_LOGS, bindings
from tui.screens.dialog import Frame, Hint, Hints
from tui.screens.filtering import FilteringDialog
from tui.screens.stack_desk import StackDesk
from tui.widgets.streamlines import MOST, StreamLines

_TAIL_ALL = 2000
"""Lines of each container at first, where it is about all of them."""
_FLUSH_S = 0.1
_BITE, _REST_S = 400, 0.01
"""So many lines are masked and shown at once, then keys get their turn: a line takes 25 µs."""
_AGAIN_S = 5.0
"""How long nobody is asked again after nothing ran any more."""


class StackLogs(FilteringDialog[None]):
    """Ends when it is closed; the engine is asked only while it shows.

    Args:
        stack: Whose containers they are.
        services: Of which; none for all.
        desk: Masks secrets, and has the log pane.
        keys: For the row of keys.
    """

    CSS_PATH = "stack_logs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(STACK_LOGS)]

    def __init__(
        self,
        *,
        stack: Running,
        services: tuple[str, ...],
        desk: StackDesk,
        keys: Keys,
    ) -> None:
        super().__init__()
        self._stack, self._services, self._desk = stack, services, desk
        self._keys = keys
        self._lines = StreamLines(empty="Asking the engine …", id="lines")
        self._hints = Hints([])
        self._new: list[LogLine] = []
        self._resting = False
        """Whether more of them are shown in a moment."""
        self._room = asyncio.Event()
        self._room.set()
        self._last: dict[str, str] = {}
        """When each container wrote the last line that was taken."""
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """The filter, the lines, the keys."""
        with Frame():
            yield from self.boxes(filter="Only what matches: words, or a regular expression")
            yield self._lines
            yield self._hints

    @property
    def content(self) -> Widget:
        """The lines."""
        return self._lines

    def on_mount(self) -> None:
        """Follow from now on."""
        self._lines.focus()
        self._say()
        self.set_interval(_FLUSH_S, self._flush)
        self.run_worker(self._follow, group="follow")

    # Reading

    async def _follow(self) -> None:
        """Read what was said and what is said; once nothing runs, ask again from time to time."""
        tail = _TAIL_ALL if len(self._services) != 1 else MOST
        while True:
            try:
                async with aclosing(self._stack.logs(self._services, tail=tail, follow=True)) as lines:
                    async for line in lines:
                        self._take(line)
                        await self._room.wait()  # the engine keeps the rest meanwhile
                self._trouble = ""
            except AgentError as error:
                self._trouble = f"{error.message}. {error.hint}".strip()
            self._flush()
            self._lines.empty = self._trouble or "Nothing was said yet. What is said from now on shows here."
            self._lines.add(())
            await asyncio.sleep(_AGAIN_S)

    def _take(self, line: LogLine) -> None:
        """Keep it, unless it was read before it was asked again; times are of one width, as text sorts."""
        if line.time:
            if line.time <= self._last.get(line.container, ""):
                return
            self._last[line.container] = line.time
        self._new.append(line)
        if len(self._new) >= MOST:
            self._room.clear()  # nobody reads as fast as that

    def _flush(self) -> None:
        if not self._new or self._resting or self._lines.full:
            return
        if all(line.time for line in self._new):  # several containers at once: what they said in its order
            self._new.sort(key=lambda line: line.time)
        self._show_some()

    def _show_some(self) -> None:
        self._resting = False
        new, self._new = self._new[:_BITE], self._new[_BITE:]
        mask = self._desk.mask
        self._lines.add([(line.container, mask(line.text)) for line in new])
        if self._new and not self._lines.full:
            self._resting = True
            self.set_timer(_REST_S, self._show_some)

    # What is shown

    def on_stream_lines_changed(self) -> None:
        """Say where it stands; what is said waits while it would push out what is read."""
        if self._lines.full or len(self._new) >= MOST:
            self._room.clear()
        else:
            self._room.set()
        self._say()

    def _say(self) -> None:
        lines = self._lines
        whose = ", ".join(map(one_line, self._services)) or "all services"
        width = max(20, self.size.width - 10)
        told = [plural(lines.count, "line")]
        if lines.pattern is not None:
            kind = " of this text" if lines.pattern.literal else ""
            told = [f"{plural(lines.matching, 'match', 'matches')}{kind} in {told[0]}"]
        told += ["wrapped"] if lines.wraps else [f"from column {lines.shift + 1}"] if lines.shift else []
        paused = f"paused, {plural(lines.below, 'line')} below{', more waits' if lines.full else ''}"
        told.append("following" if lines.follows else paused)
        told += [self._trouble] if self._trouble and lines.count else []
        self.entitle(shorten(f"Logs: {whose}", width), shorten(" · ".join(told), width))
        self._hints.set_hints(self._what_keys_do())

    def _what_keys_do(self) -> list[Hint]:
        shown, lines = self._keys.shown, self._lines
        return [
            (shown("stack_logs.filter"), "filter", "screen.filter"),
            (shown("stack_logs.pause"), "pause" if lines.follows else "follow", "screen.pause"),
            (shown("stack_logs.wrap"), "cut" if lines.wraps else "wrap", "screen.wrap"),
            (shown("stack_logs.close"), "close", "screen.close"),
            (shown("stack_logs.pane"), "into the log pane", "screen.pane"),
            (shown("help"), "all keys", "app.help"),
        ]

    # Keys

    async def filter_by(self, typed: str) -> None:
        """The lines that were read, and those that come."""
        # RE2 is imported here, at the first use.
        from agent_core.logs.pattern import pattern_of

        pattern = await asyncio.to_thread(pattern_of, typed) if typed else None
        self._lines.empty = "No line matches." if typed else self._lines.empty
        self._lines.filter(pattern)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to what matches."""
        event.stop()
        self._lines.focus()

    def action_pause(self) -> None:
        """Stay here, or follow the end."""
        self._lines.follow(not self._lines.follows)

    def action_wrap(self) -> None:
        """Long lines in several rows, or cut."""
        self._lines.toggle_wrap()

    def action_shift(self, columns: int) -> None:
        """Move sideways."""
        self._lines.action_shift(columns)

    def action_pane(self) -> None:
        """Let the log pane be about these containers."""
        self._desk.into_pane(f"compose:{self._services[0]}" if len(self._services) == 1 else "compose")

    def action_close(self) -> None:
        """End the filter; else go back."""
        if not self.end_typing("filter"):
            self.dismiss(None)
