"""Leads through the tour: which card shows, where it is, what was done, and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.widget import Widget

from agent_core.text import cells
from tui.keymap import Keys
from tui.tour import seen
from tui.tour.card import Card, inside, lines_of, next_keys
from tui.tour.place import beside
from tui.tour.steps import OFFER, STEPS, Step
from tui.widgets.transcript.lines import Run

if TYPE_CHECKING:
    from tui.screens.guided import GuidedScreen

_DONE_S = 1.2
"""How long it says that a step is done, before the next."""
_SCREENS = {"PaletteScreen": "palette", "StackScreen": "stack", "HelpScreen": "help"}


class Guide:
    """The tour over one work screen. Everything typed goes where it went before: in an empty prompt, where
    they do nothing else, two keys go on, and one ends it."""

    def __init__(self, screen: GuidedScreen, keys: Keys) -> None:
        self._screen, self._keys = screen, keys
        self._step = OFFER
        self._done = self._seen_done = False
        self._card: Card | None = None
        self._at = Region()
        self._stops = False  # whether the card says that something is stopped first
        self._toured: Widget | None = None

    @property
    def showing(self) -> bool:
        """Whether a card shows."""
        return self._card is not None

    @property
    def step(self) -> Step:
        """What it is about at this moment."""
        return self._step

    def offer(self) -> None:
        """Say that there is a tour."""
        if not self.showing:
            self._go(OFFER)

    def begin(self) -> None:
        """The first card."""
        self._go(STEPS[0])

    # What the person does

    def did(self, what: str) -> None:
        """Something was done that a card may be about."""
        if not self.showing:
            return
        if self._step is OFFER:
            if what == "ask":
                self.end()  # who begins by themselves needs no offer
        elif what == self._step.id and not self._done:
            self._done = True
            self.tell()
            self.look()

    def opened(self, screen: object) -> None:
        """Another screen came over the work screen."""
        self.did(_SCREENS.get(type(screen).__name__, ""))

    def look(self) -> None:
        """The screen can be seen: what is done is said for a moment."""
        if self._done and not self._seen_done and self._screen.is_active:
            self._seen_done, step = True, self._step
            self._screen.set_timer(_DONE_S, lambda: self._step is step and self.showing and self.next())

    def take_key(self, key: str) -> bool:
        """A key in the empty prompt: whether it went to the next card."""
        wanted = self.showing and self._step is not OFFER and key in self._keys.key("tour.next").split(",")
        if wanted:
            self.next()
        return wanted

    def next(self) -> None:
        """The next card; after the last one the tour is over."""
        if self._step is OFFER:
            self.begin()
        elif self._step is STEPS[-1]:
            self.end()
            self._screen.say("That was the tour; /tour shows it again")
        else:
            self._go(STEPS[STEPS.index(self._step) + 1])

    def end(self) -> bool:
        """Take the card away, and never offer it again; whether there was one."""
        if self._card is None:
            return False
        self._card.remove()
        self._card = None
        self._screen.show_card(None)
        self._point_at(None)
        self._screen.run_worker(asyncio.to_thread(seen.end), group="tour")
        return True

    # What shows

    def _go(self, step: Step) -> None:
        self._step, self._done, self._seen_done = step, False, False
        if self._card is None:
            self._card = Card()
            self._screen.mount(self._card)
            self._screen.show_card(self.place)
        self.tell()

    def tell(self) -> None:
        """Show the card as it is now."""
        step, card = self._step, self._card
        if card is None:
            return
        room = self._screen.size.width
        says = step.says if not step.needs or self._has(step.needs) else step.without
        width = inside(room)
        lines = lines_of(
            step, says, width=width, keys=self._keys, done=self._done, foot=lambda: self._foot(width)
        )
        progress = "" if step is OFFER else f"{STEPS.index(step) + 1} of {len(STEPS)}"
        card.tell(lines, title=step.title, progress=progress, room=room)
        self._point_at(self._target())
        self._screen.show_card(self.place)

    def _foot(self, width: int) -> Sequence[Run]:
        """The keys that hold where the focus is."""
        stop = self._keys.shown("stop")
        self._stops = self._screen.chat.activity.runs
        leaves = " stops what runs" if self._stops else ""
        if not self._screen.chat.prompt.has_focus:
            first, last = (stop, leaves or " back to the prompt"), ("", "")
        elif self._step is OFFER:
            first, last = (self._keys.shown("tour"), " show me"), (stop, leaves or " no, thanks")
        else:
            first, last = (next_keys(self._keys), " next"), (stop, leaves or " ends the tour")
        gap = max(1, width - cells("".join((*first, *last))))
        return (
            (first[0], "mark", None), (first[1], "dim", None), (" " * gap, "", None),
            (last[0], "mark", None), (last[1], "dim", None),
        )  # fmt: skip

    def _has(self, what: str) -> bool:
        screen = self._screen
        if what == "model":
            return screen.status.status.state in ("ready", "loading", "checking")
        if what == "logs":
            return any(item.can_choose for item in screen.logs.items)
        return bool((screen.files if what == "files" else screen.suggestions).items)

    def _target(self) -> Widget | None:
        """What the card is about, where that shows."""
        screen = self._screen
        at = self._step.at
        side: dict[str, Widget] = {
            "files": screen.files, "logs": screen.logs, "suggestions": screen.suggestions,
        }  # fmt: skip
        if at in side:
            return side[at] if at in screen.shown else None
        return {"prompt": screen.chat.prompt, "status": screen.status}.get(at)

    def _point_at(self, widget: Widget | None) -> None:
        if widget is not self._toured:
            if self._toured is not None:
                self._toured.remove_class("-toured")
            if widget is not None:
                widget.add_class("-toured")
            self._toured = widget

    def place(self) -> Region:
        """Where the card is."""
        self._at = self._wanted()
        return self._at

    def _wanted(self) -> Region:
        screen, card, target = self._screen, self._card, self._target()
        if card is None:
            return Region()
        chat = screen.chat
        keep = [
            widget.region
            for widget in (chat.prompt, chat.activity, chat.picker, screen.status)
            if widget.display
        ]
        give = [pane.region for pane in (screen.files, screen.logs, screen.suggestions)]
        return beside(
            target.region if target else Region(), card.wanted, Region(0, 0, *screen.size), keep, give
        )

    def arranged(self, _: object) -> None:
        """The screen was laid out: what the card is beside may be elsewhere now."""
        if self.showing:
            self._point_at(self._target())
            if self._stops != self._screen.chat.activity.runs:
                self.tell()
            elif self._wanted() != self._at:
                self._screen.show_card(self.place)
