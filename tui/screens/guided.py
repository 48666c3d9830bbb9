"""What the work screen does about the tour: offers it, tells it what was done, and ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.screens.bus import BusScreen

if TYPE_CHECKING:
    from tui.tour.card import Card
    from tui.tour.guide import Guide


class GuidedScreen(BusScreen):
    """Panes over which a card may lie. Nothing of the tour is imported before it is offered or asked for."""

    _guide: Guide | None = None

    @property
    def guide(self) -> Guide:
        """Leads through the tour."""
        if self._guide is None:
            from tui.tour.guide import Guide

            self._guide = guide = Guide(self, self._keys)
            self.chat.prompt.unused = guide.take_key
            self.screen_layout_refresh_signal.subscribe(self, guide.arranged)  # pyright: ignore[reportUnknownMemberType]
            self.app.screen_change_signal.subscribe(self, guide.opened)  # pyright: ignore[reportUnknownMemberType]
        return self._guide

    def action_tour(self) -> None:
        """Be shown around."""
        self.guide.begin()

    def on_tour_clicked(self, event: Card.Clicked) -> None:
        """The same with the mouse."""
        self.guide.next() if event.on else self.guide.end()

    def did(self, what: str) -> None:
        """Something was done that the tour may be about."""
        if self._guide is not None:
            self._guide.did(what)

    def focus_moved(self) -> None:
        """Something else has the focus."""
        if self._guide is not None:
            self._guide.tell()
            self._guide.did(self.front)

    def seen_again(self) -> None:
        """What lay over the screen is gone."""
        if self._guide is not None:
            self._guide.look()

    def end_tour(self) -> bool:
        """End the tour; whether there was one."""
        return self._guide is not None and self._guide.end()

    async def offer_tour(self) -> None:
        """Offer it to who is new and has not begun already."""
        from tui.tour.seen import offers

        if not self.transcript.page.units and await asyncio.to_thread(offers):
            self.guide.offer()
