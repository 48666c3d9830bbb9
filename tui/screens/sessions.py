"""The saved conversations: a filter, a list, and what was said in the chosen one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.text import human_size, plural, shorten
from tui.keymap import Keys
from tui.keys import SESSIONS, bindings
from tui.screens.arrange import MEDIUM
from tui.screens.dialog import Dialog, Hint, Hints
from tui.screens.parts import Parts
from tui.screens.session_rows import called, facts, holds, item, newest
from tui.telling import Telling
from tui.widgets.choices import Choices
from tui.widgets.rows import Rows
from tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from agent_core.session.saved.conversation import Conversation
    from agent_core.session.saved.model import SavedSession

_LOOK_S = 0.04
"""How long the cursor rests before the session is read."""
_FILTER, _NAME = "Some letters of a name, a prompt or a branch", "The new name; Enter keeps it, Esc does not"
_NONE = "No conversation is saved here yet. Each is from its first prompt on, and Enter goes on in it then."
Typing = Literal["", "filter", "name"]
Work = Callable[[], Coroutine[Any, Any, None]]


class SessionsScreen(Dialog[str]):
    """Ends with the command to run (`/resume ID` and the like), or None.

    Args:
        conversation: The one that goes on, and the saved ones.
        keys: For the row of keys.
        clock: Seconds since the epoch; for tests.
    """

    PARTS = Parts("sessions", "found", "said")
    CSS_PATH = "sessions.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SESSIONS)]

    def __init__(
        self, *, conversation: Conversation, keys: Keys, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._conversation = conversation
        self._keys = keys
        self._clock = clock
        self._sessions: list[SavedSession] = []
        self._shown: list[SavedSession] = []
        self._wanted = ""
        self._typing: Typing = ""
        self._asking = ""
        self._hints = Hints(self._what_keys_do())

    def compose(self) -> ComposeResult:
        """The filter over list and conversation, and the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = "Sessions"
            box = Input(placeholder=_FILTER, select_on_focus=False)
            box.cursor_blink = False
            yield box
            with Container(id="both"):
                yield Choices(id="found", cursor_always=True, empty="Reading …")
                yield Transcript(id="said")
            yield self._hints

    def on_mount(self) -> None:
        """Show what there is."""
        self._page.can_focus = False
        self._telling = Telling(self._page)
        self.set_class(self.size.width >= MEDIUM, "-wide")
        self._list.focus()
        self._run(self._read)

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= MEDIUM, "-wide")

    @property
    def _list(self) -> Choices:
        return self.query_one("#found", Choices)

    @property
    def _page(self) -> Transcript:
        return self.query_one("#said", Transcript)

    @property
    def _box(self) -> Input:
        return self.query_one(Input)

    @property
    def current(self) -> SavedSession | None:
        """The session with the cursor."""
        cursor = self._list.cursor
        return self._shown[cursor] if cursor < len(self._shown) else None

    def _what_keys_do(self) -> list[Hint]:
        """The row of keys; letters are typed while the filter has the focus."""
        shown = self._keys.shown
        if self._asking:
            yes, no = shown("sessions.yes"), shown("sessions.close")
            return [(yes, "delete it", "screen.yes"), (no, "keep it", "screen.close")]
        if self._typing == "name":
            return [("Enter", "keep the name", "screen.resume"), ("Esc", "leave it", "screen.close")]
        resume = (shown("sessions.resume"), "resume", "screen.resume")
        close = (shown("sessions.close"), "close", "screen.close")
        letters = [
            (shown("sessions.fork"), "fork", "screen.fork"),
            (shown("sessions.rename"), "rename", "screen.rename"),
            (shown("sessions.export"), "export", "screen.export"),
            (shown("sessions.delete"), "delete", "screen.delete"),
        ]
        filtering = (shown("sessions.filter"), "filter", "screen.filter")
        return [resume, close] if self._typing else [resume, *letters, close, filtering]

    # What is shown

    def _run(self, work: Work) -> None:
        self.run_worker(work, group="sessions", exclusive=True)

    async def _read(self) -> None:
        store = self._conversation.store
        self._sessions = await asyncio.to_thread(store.list)
        self._show()
        for warning in store.warnings[:1]:
            self.notify(warning, severity="warning", markup=False)

    def _show(self) -> None:
        low = self._wanted.lower()
        self._shown = [saved for saved in self._sessions if holds(saved, low)]
        now = self._clock()
        items = [item(saved, now, is_here=saved.id == self._conversation.id) for saved in self._shown]
        self._list.set_items(items, empty="No session has these letters." if self._sessions else _NONE)
        size = human_size(sum(saved.size for saved in self._sessions))
        counted = f"{plural(len(self._shown), 'session')} · {size}" if self._sessions else ""
        self.query_one(".frame").border_subtitle = Content(counted)
        self._look()

    def on_choices_moved(self) -> None:
        """Show another conversation."""
        self._leave_asking()
        self._look()

    def _look(self) -> None:
        self.run_worker(self._load, group="look", exclusive=True)

    async def _load(self) -> None:
        """Show what was said in the session, once the cursor rests."""
        saved, page = self.current, self._page
        if saved is None:
            page.clear()
            page.border_title = ""
            return
        await asyncio.sleep(_LOOK_S)
        page.border_title = Content(f" {facts(saved)} ")
        try:
            loaded = await asyncio.to_thread(self._conversation.store.load, saved.id)
        except AgentError as error:
            page.clear()
            page.add_notice("warning", error.message, error.hint)
            return
        await self._telling.replay(newest(loaded.records))
        for warning in loaded.warnings:
            page.add_notice("warning", warning)
        page.follow()

    # Typing

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits."""
        event.stop()
        if self._typing == "filter":
            self._filter(event.value)

    def _filter(self, text: str) -> None:
        wanted = " ".join(text.split())
        if wanted != self._wanted:
            self._wanted = wanted
            self._show()

    def action_filter(self) -> None:
        """Type letters of what is looked for."""
        self._type("filter", self._wanted)

    def action_rename(self) -> None:
        """Type another name."""
        if (saved := self.current) is not None:
            self._type("name", saved.name)

    def _type(self, typing: Typing, text: str) -> None:
        self._leave_asking()
        self._typing = typing
        box = self._box
        box.placeholder = _NAME if typing == "name" else _FILTER
        box.value = text
        box.cursor_position = len(text)
        (box if typing else self._list).focus()
        self._hints.set_hints(self._what_keys_do())

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click into the line filters; a click into the list ends that."""
        if isinstance(event.widget, Input) and not self._typing:
            self._type("filter", self._wanted)
        elif isinstance(event.widget, Rows) and self._typing:
            self._type("", self._wanted)

    # Keys and mouse

    def action_move(self, step: int) -> None:
        """Move the cursor of the list, also while something is typed."""
        self._list.action_move(step)

    def action_resume(self) -> None:
        """Go on in the session; while a name is typed, keep it. What was typed before is there by then."""
        if self._typing:
            self._box.call_later(self._resume_typed)
        else:
            self._resume()

    def _resume_typed(self) -> None:
        if self._typing == "filter":
            self._filter(self._box.value)
        self._resume()

    def _resume(self) -> None:
        saved = self.current
        if self._typing == "name":
            name = self._box.value
            self._type("", self._wanted)
            if saved is not None and name.strip():
                self._run(partial(self._change, partial(self._rename, saved, name)))
        elif saved is not None:
            self.dismiss(None if saved.id == self._conversation.id else f"/resume {saved.id}")

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """The same with the mouse."""
        event.stop()
        self.action_resume()

    def action_fork(self) -> None:
        """Go on in a copy of it."""
        if (saved := self.current) is not None:
            self.dismiss(f"/fork --of {saved.id}")

    def action_export(self) -> None:
        """Write it as Markdown."""
        if (saved := self.current) is not None:
            self.dismiss(f"/export --of {saved.id}")

    def action_delete(self) -> None:
        """Ask whether it is to be deleted."""
        saved = self.current
        if saved is not None and saved.id == self._conversation.id:
            self.notify("That session is open here. Resume another first.", severity="warning", markup=False)
        elif saved is not None:
            self._asking = saved.id
            self.query_one(".frame").border_subtitle = Content(f"Delete {shorten(called(saved), 50)}?")
            self._hints.set_hints(self._what_keys_do())

    def action_yes(self) -> None:
        """Delete it."""
        if self._asking:
            session_id, self._asking = self._asking, ""
            self._hints.set_hints(self._what_keys_do())
            self._run(partial(self._change, partial(self._delete, session_id)))

    def _leave_asking(self) -> None:
        if self._asking:
            self._asking = ""
            self._hints.set_hints(self._what_keys_do())
            self._show()

    async def _change(self, change: Work) -> None:
        try:
            await change()
        except AgentError as error:
            self.notify(f"{error.message}. {error.hint}".strip(), severity="error", markup=False)
        except OSError as error:
            self.notify(f"It could not be changed: {error.strerror}", severity="error", markup=False)
        await self._read()

    async def _rename(self, saved: SavedSession, name: str) -> None:
        if saved.id == self._conversation.id:
            self._conversation.rename(name)
        else:
            await asyncio.to_thread(self._conversation.store.rename, saved.id, name)

    async def _delete(self, session_id: str) -> None:
        await asyncio.to_thread(self._conversation.store.delete, session_id)

    def action_close(self) -> None:
        """Leave what is asked or typed; else go back."""
        if self._asking:
            self._leave_asking()
        elif self._typing:
            self._wanted = "" if self._typing == "filter" else self._wanted
            self._type("", self._wanted)
            self._show()
        else:
            self.dismiss(None)
