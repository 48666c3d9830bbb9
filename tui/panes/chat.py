"""The chat: the conversation, what runs, and the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui.panes.picking import Picking
from tui.widgets.activity import Activity
from tui.widgets.picker import Picker
from tui.widgets.prompt import Prompt
from tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from agent_core.index.api import Index
    from agent_core.session.saved.store import SavedSessions
    from agent_core.tools.registry import Registry
    from tui.catalog import Catalog
    from tui.prompt_history import PromptHistory
    from tui.widgets.find import FindBar

_EXPECT_S = 20.0
"""While somebody types, the index is told so often that a search may come."""


class Chat(Vertical):
    """The pane that is always there."""

    DEFAULT_CSS = """
    Chat > Transcript { height: 1fr; }
    Chat > FindBar, Chat > FindBar:focus { height: 3; border: round $border; }
    """

    class Asked(Message, namespace="chat"):
        """A prompt is to be run, `now` in place of what runs."""

        def __init__(self, text: str, *, now: bool = False) -> None:
            super().__init__()
            self.text, self.now = text, now

    class QueuedRecalled(Message, namespace="chat"):
        """A waiting prompt is to be taken back into the prompt."""

        def __init__(self, turn_id: str) -> None:
            super().__init__()
            self.turn_id = turn_id

    class QueuedWanted(Message, namespace="chat"):
        """A waiting prompt is to be run now, or else dropped."""

        def __init__(self, turn_id: str, *, now: bool) -> None:
            super().__init__()
            self.turn_id, self.now = turn_id, now

    def __init__(self, *, stop_key: str, waiting_keys: str, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(id="chat")
        self.transcript = Transcript(id="transcript", clock=clock)
        self.activity = Activity(stop_key=stop_key, waiting_keys=waiting_keys, clock=clock)
        self.prompt = Prompt()
        self.picker = Picker()
        self._picking = Picking(prompt=self.prompt, picker=self.picker)
        self._history: PromptHistory | None = None
        self._catalog: Catalog | None = None
        self._registry: Registry | None = None
        self._sessions: SavedSessions | None = None
        self._index: Index | None = None
        self._clock, self._expected_at = clock, float("-inf")
        self._offers: tuple[str, ...] = ()
        self._offer = -1
        self._offer_start = 0
        self._completed = ""

    def compose(self) -> ComposeResult:
        """The conversation over the prompt."""
        yield self.transcript
        yield self.activity
        yield self.picker
        yield self.prompt

    async def begin(
        self,
        *,
        history: PromptHistory,
        catalog: Catalog,
        registry: Registry,
        index: Index,
        sessions: SavedSessions,
    ) -> None:
        """What the prompt needs once there is time for it."""
        self._picking.begin(catalog=catalog, index=index)
        self._catalog, self._registry, self._sessions = catalog, registry, sessions
        self._index = index
        await asyncio.to_thread(history.load)
        self._history = history

    # The prompt

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Remember it, and ask."""
        event.stop()
        self._ask(event.text)

    def on_prompt_now_wanted(self, event: Prompt.NowWanted) -> None:
        """The same, at once; or what waits first."""
        event.stop()
        waiting = list(self.activity.queued)
        if event.text:
            self._ask(event.text, now=True)
        elif waiting:
            self.post_message(self.QueuedWanted(waiting[0], now=True))

    def on_prompt_drop_wanted(self, event: Prompt.DropWanted) -> None:
        """Take the last of what waits away."""
        event.stop()
        if waiting := list(self.activity.queued):
            self.post_message(self.QueuedWanted(waiting[-1], now=False))

    def _ask(self, text: str, *, now: bool = False) -> None:
        self._end_completion()
        if self._history is not None:
            self._history.add(text)
        self.post_message(self.Asked(text, now=now))

    def on_prompt_recalled(self, event: Prompt.Recalled) -> None:
        """Up edits what waits, else walks through the history."""
        event.stop()
        waiting = list(self.activity.queued)
        if event.step < 0 and waiting and not self.prompt.text:
            self.post_message(self.QueuedRecalled(waiting[-1]))
        elif self._history is not None:
            text = self._history.step(event.step, self.prompt.text)
            if text is not None:
                self.prompt.put(text)

    def on_prompt_scrolled(self, event: Prompt.Scrolled) -> None:
        """Scroll the conversation without leaving the prompt."""
        event.stop()
        if event.pages < 0:
            self.transcript.action_page_up()
        else:
            self.transcript.action_page_down()

    def on_prompt_end_wanted(self, event: Prompt.EndWanted) -> None:
        """Follow the conversation again."""
        event.stop()
        self.transcript.follow()

    def mention(self, path: str) -> None:
        """Put a file or a place into the prompt, in place of an `@` that was just typed."""
        before = self.prompt.before_cursor
        if not before.endswith("@") and before and not before[-1].isspace():
            self.prompt.insert(" ")
        self._picking.insert(path, start=len(self.prompt.before_cursor.removesuffix("@")))
        self.prompt.focus()

    # Completion

    async def on_prompt_completion_wanted(self, event: Prompt.CompletionWanted) -> None:
        """Complete as far as it is certain; then offer the choices, one with each press."""
        event.stop()
        if self._offers and self.prompt.before_cursor == self._completed:
            self._take((self._offer + 1) % len(self._offers))
            return
        if self._registry is None or self._catalog is None:
            return
        from tui.completing import complete, names_a_service, names_a_session

        before = self.prompt.before_cursor
        paths = await self._catalog.files()
        named = await self._session_names() if names_a_session(before) else ()
        if names_a_service(before):
            named = await self._catalog.services()
        found = complete(
            before,
            tools=self._registry.known,
            paths=paths,
            named=named,
            written=self._registry.written,
        )
        if not found.options:
            self._end_completion()
            return
        self._offer_start = found.start
        self._offers, self._offer, self._completed = found.options, -1, before
        if len(found.options) == 1 or len(found.common) > len(before) - found.start:
            self._replace(found.common)
        if len(found.options) == 1:
            self._end_completion()
        else:
            self.activity.offer(tuple(option.rstrip() for option in found.options))

    async def _session_names(self) -> tuple[str, ...]:
        """What the sessions are called: ids for those whose names are none, or several words."""
        saved = await asyncio.to_thread(self._sessions.list) if self._sessions else []
        return tuple(one.name if len(one.name.split()) == 1 else one.id for one in saved)

    def _take(self, number: int) -> None:
        self._offer = number
        self._replace(self._offers[number])
        self.activity.offer(tuple(option.rstrip() for option in self._offers), number)

    def _replace(self, text: str) -> None:
        """Put text in place of what is completed."""
        document = self.prompt.document
        lines = self.prompt.before_cursor[: self._offer_start].split("\n")
        start = (len(lines) - 1, len(lines[-1]))
        self.prompt.replace(text, start, self.prompt.cursor_location)
        self.prompt.move_cursor((start[0], min(start[1] + len(text), len(document.get_line(start[0])))))
        self._completed = self.prompt.before_cursor

    def on_text_area_changed(self, event: Prompt.Changed) -> None:
        """Typing on ends the completion; an `@` opens the list of what it may stand for."""
        event.stop()
        self._picking.changed()
        self._expect()
        if self._offers and self.prompt.before_cursor != self._completed:
            self._end_completion()

    def _expect(self) -> None:
        """What is typed may become a search: the index gets ready for it."""
        now = self._clock()
        if self._index is not None and self.prompt.text and now - self._expected_at > _EXPECT_S:
            self._expected_at = now
            self.run_worker(self._index.expect(), group="expect")

    def end_completion(self) -> bool:
        """Take the choices away; whether there were any."""
        had = bool(self._offers)
        self._end_completion()
        return self._picking.leave() or had

    def _end_completion(self) -> None:
        self._offers, self._offer, self._completed = (), -1, ""
        self.activity.offer(())

    # Searching

    def open_find(self) -> None:
        """Search the conversation."""
        from tui.widgets.find import FindBar

        bars = self.query(FindBar)
        if bars:
            bars.first().focus()
        else:
            self.mount(FindBar(self.transcript), before=self.activity)

    def on_transcript_found(self) -> None:
        """A search found more: say so."""
        from tui.widgets.find import FindBar

        for bar in self.query(FindBar):
            bar.say()

    def on_find_closed(self, event: FindBar.Closed) -> None:
        """Back to where it began."""
        event.stop()
        (self.transcript if event.reading else self.prompt).focus()
