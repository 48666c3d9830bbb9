"""How the message bus stands, on the work screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.events import BusChanged
from agent_core.streaming.standing import in_full

if TYPE_CHECKING:
    from tui.screens.bus import BusScreen

_SHOWN = {
    "absent": ("", "dim", "no broker"),
    "connecting": ("◌", "warn", "bus"),
    "up": ("●", "ok", "bus"),
    "lost": ("●", "bad", "bus lost"),
    "refused": ("●", "bad", "bus refused"),
}
"""The mark, its style, and the words of each state."""


class BusTold:
    """Tells on the work screen how the bus stands; that it is missing only where somebody chose one, once.

    Args:
        screen: Where.
        chosen: Whether somebody set where it is.
    """

    def __init__(self, screen: BusScreen, *, chosen: bool) -> None:
        self._screen, self._silent = screen, not chosen
        self._told: BusChanged | None = None
        """What was told last."""

    def tell(self, event: BusChanged) -> None:
        """It stands like this now."""
        mark, style, words = _SHOWN[event.state]
        self._screen.status.change(bus=words, bus_mark=mark, bus_style=style)
        missing = event.state in ("absent", "refused") and event.fault is not None
        if event.state == "lost" or (missing and not self._silent):
            self._tell(event)
        if missing or event.state == "up":
            self._silent = True

    def answer(self, event: BusChanged, *, changed: bool) -> None:
        """Somebody asked how it stands. What has `changed` comes as an event, too: before or after."""
        if changed:
            self._tell(event)
        else:
            self._screen.transcript.add_notice(*in_full(event))

    def _tell(self, event: BusChanged) -> None:
        if event is not self._told:
            self._screen.transcript.add_notice(*in_full(event))
        self._told = event
