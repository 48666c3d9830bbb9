"""The logs in full: their key events with what each says, and the lines of one log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.logs.api import WATCHED, Digest, DigestQuery, SourceFacts
from agent_core.text import one_line, shorten, shorten_middle
from tui.keymap import Keys
from tui.keys import LOGS, bindings
from tui.screens.arrange import MEDIUM
from tui.screens.dialog import Hints, title_room
from tui.screens.log_events import LogEvents
from tui.screens.log_keys import LogKeys
from tui.screens.log_state import keys_of_events, keys_of_lines, nothing_of, state_of, state_of_lines
from tui.screens.parts import Parts
from tui.widgets.histogram import bar_rows, span_of, step_of
from tui.widgets.loglines import LogLines
from tui.widgets.rows import Item, Rows

if TYPE_CHECKING:
    from agent_core.logs.api import Logs
    from agent_core.workspace import Workspace

_HIGH, _LOW = 36, 20
"""Rows from which on the bars are two rows high, and below which there is room for one thing at a time."""
_FEWEST, _GAP = 8, 6
"""Columns of bars that say anything, and those between them and what they are."""


class LogScreen(LogKeys):
    """Ends with what to put into the prompt (`logs/app.log:10-40`), or None.

    Args:
        workspace: Where the files lie.
        logs: Tells what the logs say, now and whenever it changes.
        keys: For the row of keys.
        open_place: Shows a file at a line, over this screen.
        maps: The setting `log_paths`.
        query: What is followed.
        digest: What was heard last; shown at once.
        event: The id of the event that has the cursor at first.
        path: A log whose lines show at first.
        filtering: Whether a filter is typed at first.
    """

    PARTS = Parts("logs", "events", "event")
    CSS_PATH = "logs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LOGS)]

    def __init__(
        self,
        *,
        workspace: Workspace,
        logs: Logs,
        keys: Keys,
        open_place: Callable[[str, int], None],
        maps: tuple[str, ...] = (),
        query: DigestQuery = WATCHED,
        digest: Digest | None = None,
        event: str = "",
        path: str = "",
        filtering: bool = False,
    ) -> None:
        super().__init__(workspace=workspace, open_place=open_place, maps=maps)
        self._logs = logs
        self._query = query
        self._keys = keys
        self._digest = digest
        self._path = path
        self._filtering = filtering
        self._known: tuple[str, ...] = ()
        """The sources that the digest told of last."""
        self._stop: Callable[[], None] = lambda: None
        self._hints = Hints([])
        self._events = LogEvents(workspace=workspace, open_place=open_place, wanted=event)
        self._lines = LogLines(id="lines")

    def compose(self) -> ComposeResult:
        """Bars, filter, events or lines, and the keys."""
        with Vertical(classes="frame"):
            yield Rows(id="bars")
            yield from self.boxes(
                filter="Only what matches: words, or a regular expression",
                place="A line, a share of the file or a time: 1200, 50%, 14:30, 10m",
            )
            yield self._events
            yield self._lines
            yield self._hints

    def on_mount(self) -> None:
        """Show what is known, and follow what changes."""
        self.query_one("#bars", Rows).can_focus = False
        self._fit(self.size.width, self.size.height)
        self._events.list.focus()
        if self._digest is not None:
            self._take(self._digest)
        else:
            self._events.show()
        if self._path:
            self.show_lines(self._path)
        if self._filtering:
            self.action_filter()
        self._say()
        self.run_worker(self._find_sources, group="sources", exclusive=True)
        self._stop = self._logs.follow(self._query, self._take)

    def on_unmount(self) -> None:
        """Nothing is followed any longer."""
        self._stop()

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self.arranged)

    def _fit(self, width: int, height: int) -> None:
        self.set_class(width >= MEDIUM, "-wide")
        self.set_class(width < MEDIUM or height < _HIGH, "-full")
        self.set_class(height >= _HIGH, "-high")
        self.set_class(height < _LOW, "-low")

    def arranged(self) -> None:
        """Show everything anew in the room that there is now."""
        self._show_bars()
        self._events.show()
        self._say()

    # What is shown

    async def _find_sources(self) -> None:
        try:
            facts = await self._logs.sources()
        except AgentError as error:
            self.looked.set()
            self._take(Digest(note=f"{error.message}. {error.hint}".strip()))
            return
        self.facts = {fact.name: fact for fact in facts if self._is_file(fact)}
        self.looked.set()
        self._events.files = frozenset(self.facts)
        if not facts and not self._known:
            self._take(Digest())
        self._say()

    def _is_file(self, fact: SourceFacts) -> bool:
        try:
            return not fact.name.endswith(".gz") and self._workspace.resolve(fact.name).is_file()
        except AgentError:
            return False

    def _take(self, digest: Digest) -> None:
        """Show what the logs say now; where that cannot be told, why, and what they said before."""
        before = self._digest
        if digest.note and not digest.sources and before is not None and before.sources:
            digest = Digest(
                events=before.events, chronic=before.chronic, sources=before.sources, bars=before.bars,
                left_out=before.left_out, note=digest.note,
            )  # fmt: skip
        self._digest = digest
        self._events.take(digest, empty=nothing_of(digest))
        self._show_bars()
        self._say()
        names = tuple(sorted(one.name for one in digest.sources))
        if names != self._known:
            self._known = names
            self.run_worker(self._find_sources, group="sources", exclusive=True)

    def _show_bars(self) -> None:
        rows, digest = self.query_one("#bars", Rows), self._digest
        self.set_class(digest is not None and bool(digest.bars), "-bars")
        if digest is None:
            return
        height = 2 if self.has_class("-high") else 1
        event = None if self.shows_lines else self._events.current
        width = rows.scrollable_content_region.width
        said = [shorten(span_of(digest.bars), width // 2)]
        room = max(_FEWEST, width - len(said[0]) - _GAP)
        said += [step_of(digest.bars, room)] if height > 1 else []
        bars = bar_rows(digest.bars, room, height=height, at=event.began if event else None)
        rows.set_items(
            [
                Item("", lead=lead, right=((text, "dim", None),), can_choose=False)
                for lead, text in zip(bars, said, strict=False)
            ]
        )

    def on_log_events_moved(self) -> None:
        """Mark when it was."""
        self._show_bars()

    def show_lines(self, path: str, line: int = 0) -> None:
        """Show the lines of a log: the last ones, or around one of them."""
        try:
            place = self._workspace.resolve(path)
        except AgentError as error:
            self._tell(error.message)
            return
        self._path = path
        self._lines.open(place, line=line)
        self.add_class("-lines")
        self._lines.focus()
        if self.filtered:
            self._lines.filter(self.filtered)
        self._say()

    def on_log_lines_changed(self) -> None:
        """Say where it stands."""
        self._say()

    def _say(self) -> None:
        """Title, state and keys."""
        frame = self.query_one(".frame")
        lines = self.shows_lines
        frame.border_title = Content(f"Logs: {self._named() if lines else 'key events'}")
        frame.border_subtitle = Content(state_of_lines(self._lines) if lines else state_of(self._digest))
        shown = self._keys.shown
        if lines:
            self._hints.set_hints(keys_of_lines(shown, self._lines))
            return
        digest, logs = self._digest, bool(self.facts) or not self.looked.is_set()
        events = digest is None or bool(digest.events or digest.chronic)
        self._hints.set_hints(keys_of_events(shown, events=events, logs=logs))

    def _named(self) -> str:
        names = list(self.facts)
        several = len(names) > 1 and self._path in names
        of = f" ({names.index(self._path) + 1} of {len(names):,})" if several else ""
        room = title_room(self.query_one(".frame")) - len(f"Logs: {of}")
        return shorten_middle(one_line(self._path), room) + of

    # The filter

    async def filter_by(self, typed: str) -> None:
        """The events, and the lines where they show."""
        if self.shows_lines:
            self._lines.filter(typed)
        self._events.filter(typed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to what matches, or to the place."""
        event.stop()
        if event.input.id == "place":
            self.go(event.value)
        else:
            self.focus_content()

    def action_close(self) -> None:
        """End what is typed; else go back."""
        if not (self.end_typing("place") or self.end_typing("filter")):
            self.dismiss(None)
