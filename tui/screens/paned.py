"""A screen of panes: the chat, and side panes that fold away by the width of the terminal."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.layout import Layout
from textual.widget import Widget

from tui.keymap import Keys
from tui.panes.chat import Chat
from tui.panes.files import Files
from tui.panes.logs import Logs
from tui.panes.suggestions import Suggestions
from tui.screens.arrange import SIDE, WorkLayout
from tui.screens.beneath import Beneath
from tui.widgets.rows import Rows
from tui.widgets.status import Status, StatusLine
from tui.widgets.transcript import Transcript


class PanedScreen(Beneath[None]):
    """Composes as little as the first paint needs: the side panes are frames until they are filled."""

    AUTO_FOCUS = "#prompt"

    def __init__(self, keys: Keys, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self._arrangement = WorkLayout()
        waiting = f"↑ edits · {keys.shown('prompt.now')} now · {keys.shown('prompt.drop')} drops"
        self.chat = Chat(stop_key=keys.shown("stop"), waiting_keys=waiting, clock=clock)
        self.chat.transcript.undo_key = keys.shown("undo")
        self.chat.prompt.has_modes = keys.key_set == "vim"
        self.files = Files()
        self.logs = Logs()
        self.suggestions = Suggestions(clock=clock)
        self.status = StatusLine(Status(help_key=keys.shown("help")))
        self._side: dict[str, Rows] = {
            "files": self.files,
            "logs": self.logs,
            "suggestions": self.suggestions,
        }

    @property
    def layout(self) -> Layout:
        """Panes by the width of the terminal."""
        return self._arrangement

    @property
    def transcript(self) -> Transcript:
        """The conversation."""
        return self.chat.transcript

    def compose(self) -> ComposeResult:
        """Chat, side panes, status line."""
        yield self.chat
        yield from self._side.values()
        yield self.status

    @property
    def shown(self) -> tuple[str, ...]:
        """The side panes that show."""
        wanted = self._arrangement.panes(self.size.width)
        return tuple(name for name in SIDE if name in wanted)

    def show_panes(self, names: tuple[str, ...]) -> None:
        """Show exactly these side panes from now on, whatever the width."""
        self._arrangement.shown = names
        for name in SIDE:
            self._side[name].can_focus = name in names
        self.chat.refresh(layout=True)  # a child's request makes its parent arrange anew
        self.panes_changed()

    def panes_changed(self) -> None:
        """For subclasses: other side panes may show."""

    def on_resize(self, event: events.Resize) -> None:
        """What does not show takes no focus."""
        for name in SIDE:
            pane = self._side[name]
            pane.can_focus = name in self.shown
            if pane.has_focus and not pane.can_focus:
                self.chat.prompt.focus()
        self.panes_changed()

    def action_pane(self, name: str) -> None:
        """Go to a side pane, showing it; from it, hide it."""
        pane = self._side[name]
        if name not in self.shown:
            self.show_panes((*self.shown, name))
            pane.focus()
        elif pane.has_focus:
            self.show_panes(tuple(other for other in self.shown if other != name))
            self.chat.prompt.focus()
        else:
            pane.focus()

    def action_next_pane(self) -> None:
        """Move on: prompt, conversation, side panes."""
        order: list[Widget] = [self.chat.prompt, self.transcript, *(self._side[name] for name in self.shown)]
        here = next((i for i, widget in enumerate(order) if widget.has_focus), -1)
        order[(here + 1) % len(order)].focus()

    def action_to_prompt(self) -> None:
        """Back to the prompt, before the next key is taken."""
        self.set_focus(self.chat.prompt)

    async def action_window(self) -> None:
        """The next key says which pane."""
        await self.run_action("app.leader('panes')")

    def action_to_pane(self, right: int, down: int) -> None:
        """Go to the nearest pane in a direction; columns and rows count from the upper left."""
        if self.focused is None:
            return
        start = self.focused.region
        panes = [self.transcript, self.chat.prompt, *(self._side[name] for name in self.shown)]
        ahead = [
            (away, pane)
            for pane in panes
            if pane is not self.focused and (away := _distance(start, pane.region, right, down)) is not None
        ]
        if ahead:
            self.set_focus(min(ahead, key=lambda one: one[0])[1])

    def action_conversation(self) -> None:
        """Go to the conversation, and back."""
        (self.chat.prompt if self.transcript.has_focus else self.transcript).focus()


def _distance(here: Region, there: Region, right: int, down: int) -> tuple[int, int] | None:
    """How far away a region is in a direction, and then across it; None where it lies in another one."""
    along = (there.x - here.right) * (right > 0) + (here.x - there.right) * (right < 0)
    along += (there.y - here.bottom) * (down > 0) + (here.y - there.bottom) * (down < 0)
    if along < 0:
        return None
    if right:
        return along, max(0, there.y - here.bottom, here.y - there.bottom)
    return along, max(0, there.x - here.right, here.x - there.right)
