"""What the keys of the log screen do, beyond its filter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.actions import SkipAction
from textual.widget import Widget
from textual.widgets import Input

from agent_core.errors import AgentError
from tui.screens.filtering import FilteringDialog
from tui.screens.log_going import LineLeads, way_to
from tui.widgets.logevents import cited

if TYPE_CHECKING:
    from agent_core.logs.api import SourceFacts
    from agent_core.workspace import Workspace
    from tui.screens.log_events import LogEvents
    from tui.widgets.loglines import LogLines


class LogKeys(FilteringDialog[str]):
    """The actions; what they act on belongs to the screen.

    Args:
        workspace: Where the files lie.
        open_place: Shows a file at a line, over this screen.
        maps: The setting `log_paths`.
    """

    _events: LogEvents
    _lines: LogLines
    _path: str

    def __init__(
        self,
        *,
        workspace: Workspace,
        open_place: Callable[[str, int], None],
        maps: tuple[str, ...],
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._open_place = open_place
        self._leads = LineLeads(workspace, maps)
        self.facts: dict[str, SourceFacts] = {}
        """The logs that are files, the latest changed first."""
        self.looked = asyncio.Event()
        """Set once the logs were looked for."""

    @property
    def shows_lines(self) -> bool:
        """Whether the lines of a log show, rather than the events."""
        return self.has_class("-lines")

    def show_lines(self, path: str, line: int = 0) -> None:
        """Show the lines of a log."""
        raise NotImplementedError

    def arranged(self) -> None:
        """Show everything anew."""
        raise NotImplementedError

    @property
    def content(self) -> Widget:
        """The lines, or the events."""
        return self._lines if self.shows_lines else self._events.list

    def focus_content(self) -> None:
        """Leave what is typed."""
        self.content.focus()

    def _tell(self, text: str) -> None:
        self.notify(text, timeout=3, markup=False)

    # Which lines, which log

    def action_view(self) -> None:
        """Events, or the lines of the log where the event is."""
        if self.shows_lines:
            self.remove_class("-lines")
            self.call_after_refresh(self.arranged)
            self.focus_content()
            self.post_message(self._lines.Changed())
            return
        event, noise = self._events.current, self._events.noise
        if not (self._path or self.looked.is_set()):
            self._once_looked(self.action_view)
        elif event is not None and event.source in self.facts:
            self.show_lines(event.source, event.first)
        elif noise is not None and noise.source in self.facts:
            self.show_lines(noise.source)
        elif self._path or self.facts:
            self.show_lines(self._path or next(iter(self.facts)))
        else:
            self._tell("There is no log file whose lines could be shown")

    def _once_looked(self, act: Callable[[], None]) -> None:
        """Do what a key asked for before the logs were found."""

        async def wait() -> None:
            await self.looked.wait()
            act()

        self.run_worker(wait, group="looked", exclusive=True)

    def action_source(self, step: int) -> None:
        """The lines of another log."""
        names = list(self.facts)
        if names:
            here = names.index(self._path) if self._path in self.facts else -step
            self.show_lines(names[(here + step) % len(names)])

    def action_pick(self) -> None:
        """Choose one of the logs."""
        from tui.screens.log_pick import LogPicker

        def show(name: str | None) -> None:
            if name:
                self.show_lines(name)

        if not self.looked.is_set():
            self._once_looked(self.action_pick)
        elif self.facts:
            self.app.push_screen(LogPicker(list(self.facts.values())), show)  # pyright: ignore[reportUnknownMemberType]
        else:
            self._tell("There is no log file whose lines could be shown")

    # Moving in the lines

    def action_pause(self) -> None:
        """Stay here, or follow the end."""
        if self.shows_lines:
            self._lines.follow(not self._lines.follows)

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines; between the list and the event in full."""
        if self.shows_lines:
            self._lines.action_shift(columns)
        else:
            self.set_class(columns > 0, "-detail")
            (self._events.detail if columns > 0 else self._events.list).focus()
            self.call_after_refresh(self._events.show)

    def action_next_pane(self) -> None:
        """To the event in full, or back to the list."""
        if not self.shows_lines:
            self.action_shift(-1 if self._events.detail.has_focus else 1)

    def action_only(self) -> None:
        """Only what matches, or what lies around it, too."""
        if self.shows_lines:
            self._lines.toggle_only()

    def action_match(self, step: int) -> None:
        """The next line that matches."""
        if not self.shows_lines:
            self._events.list.action_move(step)
        elif self._lines.page.pattern is None:
            self._tell("Type what is looked for first")
            self.call_later(self.run_action, "screen.filter")
        else:
            self.run_worker(partial(self._match, step), group="match", exclusive=True)

    async def _match(self, step: int) -> None:
        if not await self._lines.step_match(step):
            self._tell("No line below matches" if step > 0 else "No line above matches")

    def action_go(self) -> None:
        """Type where to go."""
        if isinstance(self.focused, Input):
            raise SkipAction
        if not (self.shows_lines or self._path or self.looked.is_set()):
            self._once_looked(self.action_go)
            return
        if not self.shows_lines:
            self.action_view()
        if self.shows_lines:
            self.type_into("place")

    def go(self, typed: str) -> None:
        """Go to what was typed."""
        try:
            find = way_to(typed) if typed.strip() else None
        except AgentError as error:
            self._tell(f"{error.message}. {error.hint}")
            return
        self.end_typing("place")
        if find is not None:
            self._lines.go_to(find, busy=f"Looking for {typed.strip()} …")

    # Of an event or a line

    def action_expand(self) -> None:
        """All of the line, or the event's lines as the log has them; or what was before."""
        if self.shows_lines:
            self._lines.action_choose()
        else:
            self._events.toggle_whole()

    def action_code(self) -> None:
        """Open the place in the code that the event or the line leads to."""
        if self.shows_lines:
            self.run_worker(self._code_of_line, group="code", exclusive=True)
        elif not self._events.open_code():
            self._tell("It names no place in this workspace")

    async def _code_of_line(self) -> None:
        place = await asyncio.to_thread(self._leads.place, self._lines.page)
        if place is None:
            self._tell("It names no place in this workspace")
        else:
            self._open_place(place.path, place.line)

    def action_copy(self) -> None:
        """Put it on the clipboard."""
        line = self._lines.current
        text = (line.text if line else "") if self.shows_lines else self._events.said()
        if text:
            self.app.copy_to_clipboard(text)  # pyright: ignore[reportUnknownMemberType]

    def action_interrupt(self) -> None:
        """The same with the key that copies everywhere."""
        self.action_copy()

    def action_mention(self) -> None:
        """Put the event, or the line, into the prompt."""
        event, noise = self._events.current, self._events.noise
        if self.shows_lines:
            self.run_worker(self._mention_line, group="mention", exclusive=True)
        elif event is not None:
            self.dismiss(cited(event))
        elif noise is not None:
            self.dismiss(noise.source)

    async def _mention_line(self) -> None:
        page, line = self._lines.page, self._lines.current
        if line is not None:
            number = await asyncio.to_thread(page.view.number_of, line.start)
            self.dismiss(f"{self._path}:{number}")

    # Everywhere

    def action_log_screen(self) -> None:
        """The key that opened it closes it."""
        self.action_leave()

    def action_leave(self) -> None:
        """Go back, whatever is typed."""
        self.dismiss(None)
