"""How the message bus stands, in words: on the status line, and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agent_core.events import BusChanged
from agent_core.streaming.names import service_of
from agent_core.text import one_line, plural

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
_WITHOUT = "Everything works from local logs and files without it."
_HOW = "`dspy-tui logs ship` sends lines, and the stack's spark makes key events of them."

Notice = tuple[Literal["info", "warning", "error"], str, str]


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


def in_full(event: BusChanged) -> Notice:
    """How it stands and the next step: how grave that is, what is said, a hint."""
    where = one_line(event.where)
    if event.state == "up":
        services = [service for topic in event.topics if (service := service_of(topic))]
        had = f"{plural(len(event.topics), 'topic')} of ours"
        events = f"key events of {plural(len(services), 'service')}"
        return "info", f"Kafka answers at {where}: {had}, {events}", "" if services else _HOW
    if event.fault is None:
        return "info", f"Kafka is looked for at {where}", ""
    said, hint = one_line(event.fault.message), one_line(event.fault.hint)
    if event.state == "lost":
        return "warning", f"The bus is lost. {said}. Logs go on from local files", hint
    return "info" if event.state == "absent" else "warning", f"{said}. {_WITHOUT}", hint
