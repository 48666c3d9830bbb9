"""A screen of panes: the chat, and side panes that fold away by the width of the terminal."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region, Size
from textual.layout import Layout
from textual.widget import Widget

from tui.keymap import Keys
from tui.panes.chat import Chat
from tui.panes.files import Files
from tui.panes.logs import Logs
from tui.panes.suggestions import Suggestions
from tui.screens import sizing
from tui.screens.arrange import WorkLayout
from tui.screens.edges import EdgesScreen
from tui.screens.kept import KeptSizes
from tui.screens.sizes import SIDE, Sizes, default_panes
from tui.screens.sizing import Edge
from tui.widgets.rows import Rows
from tui.widgets.status import Status, StatusLine
from tui.widgets.transcript import Transcript

_SIDES = {sizing.LEFT: "right", sizing.RIGHT: "left"}
"""Which border of a side pane is held to move the columns on that side of the chat."""


class PanedScreen(EdgesScreen[None]):
    """Composes as little as the first paint needs: the side panes are frames until they are filled."""

    AUTO_FOCUS = "#prompt"

    def __init__(self, keys: Keys, *, kept: KeptSizes, clock: Callable[[], float]) -> None:
        super().__init__()
        self.kept = kept
        self._keys = keys
        self._arrangement = WorkLayout(kept.sizes)
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

    # Which panes show

    @property
    def _room(self) -> Size:
        return Size(self.size.width, max(0, self.size.height - 1))

    @property
    def placed(self) -> dict[str, Region]:
        """Where the panes are that show."""
        return self._arrangement.placed(self._room)

    @property
    def shown(self) -> tuple[str, ...]:
        """The side panes that show."""
        placed = self.placed
        return tuple(name for name in SIDE if name in placed)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The side panes that show where there is room for all of them."""
        return self._arrangement.wanted(self.size.width)

    @property
    def front(self) -> str:
        """The pane with the focus."""
        return self._arrangement.front

    @property
    def _sizes(self) -> Sizes:
        return self.kept.sizes(self.size.width)

    def show_panes(self, names: tuple[str, ...]) -> None:
        """Show these side panes from now on, at this class of width."""
        panes = None if set(names) == set(default_panes(self.size.width)) else names
        self._arrangement.zoomed = False
        self._choose(msgspec.structs.replace(self._sizes, panes=panes).bounded())

    def show_card(self, place: Callable[[], Region] | None) -> None:
        """Have a card lie over the panes, where `place` says whenever they are arranged; None for none."""
        self._arrangement.card = place
        self.chat.refresh(layout=True)

    def panes_changed(self) -> None:
        """For subclasses: other side panes may show."""

    def _choose(self, sizes: Sizes) -> None:
        """Arrange the panes so from now on."""
        placed = self._arrangement.placed(self._room, sizes)
        self.kept.choose(self.size.width, sizing.as_placed(placed, sizes))
        self._let_focus()
        self._rearrange()

    def _let_focus(self) -> None:
        for name in SIDE:
            self._side[name].can_focus = name in self.wanted

    def _rearrange(self) -> None:
        self.chat.refresh(layout=True)  # a child's request makes its parent arrange anew
        self.panes_changed()

    def on_resize(self, event: events.Resize) -> None:
        """Each class of width has its own arrangement; what does not show takes no focus."""
        self._let_focus()
        if self.front not in self.placed:
            self.chat.prompt.focus()
        self.panes_changed()

    # Where the focus is

    def _pane_of(self, widget: Widget) -> str:
        return next((name for name, pane in self._side.items() if pane is widget), "chat")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A pane that gets the focus shows, and one that is alone lets the others back."""
        self._follow_focus()
        self.focus_moved()

    def focus_moved(self) -> None:
        """For subclasses: something else has the focus."""

    def on_screen_suspend(self) -> None:
        """Something over it has the keys; without shades its frames would look as if it had them."""
        self.set_class(self.app.has_class("-shapes"), "-beneath")  # pyright: ignore[reportUnknownMemberType]

    def on_screen_resume(self) -> None:
        """The keys are here again."""
        self.remove_class("-beneath")

    def _follow_focus(self) -> None:
        before = self.placed
        pane = self._pane_of(self.focused) if self.focused else self.front
        if pane != self.front:
            self._arrangement.front, self._arrangement.zoomed = pane, False
        if self.placed != before:
            self._rearrange()

    # Keys may come in one go: each finds the focus where the one before it has put it.

    def action_pane(self, name: str) -> None:
        """Go to a side pane, showing it; from it, hide it."""
        pane = self._side[name]
        if name not in self.wanted:
            self.show_panes((*self.wanted, name))
            self.set_focus(pane)
        elif self.focused is pane:
            self.set_focus(self.chat.prompt)
            self.show_panes(tuple(other for other in self.wanted if other != name))
        else:
            self.set_focus(pane)

    def action_next_pane(self) -> None:
        """Move on: prompt, conversation, side panes."""
        order: list[Widget] = [self.chat.prompt, self.transcript, *(self._side[name] for name in self.wanted)]
        here = next((i for i, widget in enumerate(order) if widget is self.focused), -1)
        self.set_focus(order[(here + 1) % len(order)])

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
        self.set_focus(self.chat.prompt if self.focused is self.transcript else self.transcript)

    # How large panes are

    def action_grow(self, columns: int, rows: int) -> None:
        """Make the pane with the focus so much wider and taller, or less so."""
        self._follow_focus()
        sizes = sizing.grown(self.placed, self._sizes, self.front, columns, rows)
        if self._differs(sizes):
            self._choose(sizes)
            return
        way = ("wide" if columns > 0 else "narrow") if columns else "tall" if rows > 0 else "low"
        self.say(f"The {self.front} {'is' if self.front == 'chat' else 'are'} as {way} as can be here")

    def _differs(self, sizes: Sizes) -> bool:
        return self._arrangement.placed(self._room, sizes) != self.placed

    def action_zoom(self) -> None:
        """Have the pane with the focus alone; once more brings the others back."""
        self._follow_focus()
        arrangement, before = self._arrangement, self.placed
        arrangement.zoomed = not arrangement.zoomed
        if self.placed == before:
            arrangement.zoomed = False
            self.say("Nothing else shows")
            return
        if arrangement.zoomed:
            self.say(f"{self._keys.shown('zoom')} brings the others back")
        self._rearrange()

    def action_reset_sizes(self) -> None:
        """Give all panes the sizes that they have by themselves at this width."""
        self._choose(Sizes(panes=self._sizes.panes))

    def say(self, text: str, *, severity: str = "information") -> None:
        """For subclasses: a short message that goes away by itself."""

    # The mouse

    @property
    def edges(self) -> list[Edge]:
        """The borders between the panes."""
        return sizing.edges(self.placed)

    def hold(self) -> Callable[[Edge, int, int], None]:
        """What moves an edge from where it is now."""
        placed, before = self.placed, self._sizes

        def move(edge: Edge, columns: int, rows: int) -> None:
            sizes = sizing.moved(placed, before, edge, columns, rows)
            if self._differs(sizes):
                self._choose(sizes)

        return move

    def reset_edge(self, edge: Edge) -> None:
        """Put an edge where it is by itself."""
        self._choose(sizing.reset(self.placed, self._sizes, edge))

    def light(self, edge: Edge | None) -> None:
        """Show which edge would be held."""
        lit: set[tuple[str, str]] = set()
        if edge is not None and edge.kind == sizing.ROWS:
            lit = {(edge.panes[0], "bottom"), (edge.panes[1], "top")}
        elif edge is not None:
            lit = {(name, _SIDES[edge.kind]) for name in edge.panes}
        for name, pane in self._side.items():
            for border in ("top", "right", "bottom", "left"):
                pane.set_class((name, border) in lit, f"-edge-{border}")

    async def on_unmount(self) -> None:
        """Remember what was chosen last."""
        await self.kept.aclose()


def _distance(here: Region, there: Region, right: int, down: int) -> tuple[int, int] | None:
    """How far away a region is in a direction, and then across it; None where it lies in another one."""
    along = (there.x - here.right) * (right > 0) + (here.x - there.right) * (right < 0)
    along += (there.y - here.bottom) * (down > 0) + (here.y - there.bottom) * (down < 0)
    if along < 0:
        return None
    if right:
        return along, max(0, there.y - here.bottom, here.y - there.bottom)
    return along, max(0, there.x - here.right, here.x - there.right)
