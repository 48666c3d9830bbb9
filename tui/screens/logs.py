"""The logs in full: their key events with what each says, and the lines of one log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.logs.api import Digest
from agent_core.logs.view import LogView
from agent_core.text import one_line
from tui.keys import LOGS, Keys, bindings
from tui.screens.arrange import MEDIUM
from tui.screens.dialog import Dialog, Hints
from tui.screens.log_events import LogEvents
from tui.screens.log_state import keys_of_events, keys_of_lines, state_of, state_of_lines
from tui.widgets.histogram import bar_runs, span_of
from tui.widgets.logevents import WATCHED, cited
from tui.widgets.loglines import LogLines
from tui.widgets.rows import Item, Rows

if TYPE_CHECKING:
    from agent_core.logs.api import Logs
    from agent_core.workspace import Workspace

_PAUSE_S = 0.15
"""How long typing rests before it filters."""
_NO_LOGS = 'No log files found. The setting log_files names others, such as log_files = ["build/*.txt"].'


class LogScreen(Dialog[str]):
    """Ends with what to put into the prompt (`logs/app.log:10-40`), or None.

    Args:
        workspace: Where the files lie.
        logs: Tells what the logs say, now and whenever it changes.
        keys: For the row of keys.
        open_place: Shows a file at a line, over this screen.
        digest: What was heard last; shown at once.
        event: The id of the event that has the cursor at first.
        path: A log whose lines show at first.
    """

    CSS_PATH = "logs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LOGS)]

    def __init__(
        self,
        *,
        workspace: Workspace,
        logs: Logs,
        keys: Keys,
        open_place: Callable[[str, int], None],
        digest: Digest | None = None,
        event: str = "",
        path: str = "",
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._logs = logs
        self._keys = keys
        self._digest = digest
        self._path = path
        self._paths: list[str] = []
        self._typed = ""
        self._stop: Callable[[], None] = lambda: None
        self._hints = Hints([])
        self._events = LogEvents(workspace=workspace, open_place=open_place, wanted=event)
        self._lines = LogLines(id="lines")

    def compose(self) -> ComposeResult:
        """Bars, filter, events or lines, and the keys."""
        with Vertical(classes="frame"):
            yield Rows(id="bars")
            box = Input(placeholder="Only what matches", id="filter", select_on_focus=False)
            box.cursor_blink = False
            yield box
            yield self._events
            yield self._lines
            yield self._hints

    def on_mount(self) -> None:
        """Show what is known, and follow what changes."""
        self.query_one("#bars", Rows).can_focus = False
        self.set_class(self.size.width >= MEDIUM, "-wide")
        self._events.list.focus()
        if self._digest is not None:
            self._events.take(self._digest)
        else:
            self._events.show()
        if self._path:
            self._show_lines(self._path)
        self._say()
        self.run_worker(self._find_sources(), group="sources")
        self._stop = self._logs.follow(WATCHED, self._take)

    def on_unmount(self) -> None:
        """Nothing is followed any longer."""
        self._stop()

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= MEDIUM, "-wide")
        self.call_after_refresh(self._arranged)

    def _arranged(self) -> None:
        self._show_bars()
        self._events.show()

    # What is shown

    @property
    def shows_lines(self) -> bool:
        """Whether the lines of a log show, rather than the events."""
        return self.has_class("-lines")

    async def _find_sources(self) -> None:
        try:
            facts = await self._logs.sources()
        except AgentError as error:
            self._events.empty = f"{error.message}. {error.hint}".strip()
            self._events.show()
            return
        self._paths = [fact.name for fact in facts if self._is_file(fact.name)]
        self._events.files = frozenset(self._paths)
        if not facts:
            self._events.empty = _NO_LOGS
            self._events.show()
        self._say()

    def _is_file(self, name: str) -> bool:
        try:
            return not name.endswith(".gz") and self._workspace.resolve(name).is_file()
        except AgentError:
            return False

    def _take(self, digest: Digest) -> None:
        self._digest = digest
        self._events.take(digest)
        self._show_bars()
        self._say()

    def _show_bars(self) -> None:
        if self._digest is None:
            return
        rows = self.query_one("#bars", Rows)
        span = span_of(self._digest.bars)
        bars = bar_runs(self._digest.bars, max(8, rows.scrollable_content_region.width - len(span) - 8))
        rows.set_items([Item("", lead=bars, right=((span, "dim", None),), can_choose=False)])

    def _show_lines(self, path: str, line: int = 0) -> None:
        self._path = path
        self._lines.open(self._workspace.resolve(path), line=line)
        self.add_class("-lines")
        self._lines.focus()
        if self._typed:
            self._lines.filter(self._typed)
        self._say()

    def on_log_lines_changed(self) -> None:
        """Say where it stands."""
        self._say()

    def _say(self) -> None:
        """Title, state and keys."""
        frame = self.query_one(".frame")
        lines = self.shows_lines
        frame.border_title = Content(f"Logs: {one_line(self._path) if lines else 'key events'}")
        frame.border_subtitle = Content(state_of_lines(self._lines) if lines else state_of(self._digest))
        shown = self._keys.shown
        self._hints.set_hints(keys_of_lines(shown, self._lines) if lines else keys_of_events(shown))

    # Keys and mouse

    def action_view(self) -> None:
        """Events, or the lines of the log where the event is."""
        if self.shows_lines:
            self.remove_class("-lines")
            self._events.list.focus()
            self.call_after_refresh(self._arranged)
            self._say()
            return
        event = self._events.current
        if event is not None and event.source in self._paths:
            self._show_lines(event.source, event.first)
        elif self._path or self._paths:
            self._show_lines(self._path or self._paths[0])
        else:
            self._tell("There is no log file whose lines could be shown")

    def action_source(self, step: int) -> None:
        """The lines of another log."""
        if self._paths:
            here = self._paths.index(self._path) if self._path in self._paths else -step
            self._show_lines(self._paths[(here + step) % len(self._paths)])

    def action_filter(self) -> None:
        """Type a pattern."""
        self.add_class("-filtered")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is typed now."""
        event.stop()
        self.run_worker(partial(self._filter, event.value.strip()), group="typed", exclusive=True)

    async def _filter(self, typed: str) -> None:
        await asyncio.sleep(_PAUSE_S)
        if typed == self._typed:
            return
        self._typed = typed
        if self.shows_lines:
            self._lines.filter(typed)
        self._events.filter(typed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to what matches."""
        event.stop()
        self._focus()

    def _focus(self) -> None:
        (self._lines if self.shows_lines else self._events.list).focus()

    def action_pause(self) -> None:
        """Stay here, or follow the end."""
        if self.shows_lines:
            self._lines.follow(not self._lines.follows)

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines."""
        if self.shows_lines:
            self._lines.action_shift(columns)

    def action_expand(self) -> None:
        """The event's lines as the log has them, or collapsed again."""
        self._events.toggle_whole()

    def action_code(self) -> None:
        """Open the first place in the code that the event leads to."""
        if self.shows_lines or not self._events.open_code():
            self._tell("It names no place in this workspace")

    def action_mention(self) -> None:
        """Put the event, or the line, into the prompt."""
        if self.shows_lines:
            self.run_worker(self._mention_line(), group="mention", exclusive=True)
        elif (event := self._events.current) is not None:
            self.dismiss(cited(event))

    async def _mention_line(self) -> None:
        line = self._lines.current
        if line is not None:
            view = LogView(self._workspace.resolve(self._path))
            number = await asyncio.to_thread(view.number_of, line.start)
            self.dismiss(f"{self._path}:{number}")

    def action_close(self) -> None:
        """End the filter; else go back."""
        if self.has_class("-filtered"):
            self.remove_class("-filtered")
            self.query_one(Input).value = ""
            self._focus()
        else:
            self.dismiss(None)

    def _tell(self, text: str) -> None:
        self.notify(text, timeout=3, markup=False)
