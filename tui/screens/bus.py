"""What the work screen does about the message bus: says how it stands, and shows its key events or not."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tui.screens.opening import OpeningScreen

if TYPE_CHECKING:
    from tui.bus_told import BusTold


class BusScreen(OpeningScreen):
    """Panes, and the bus that one of them may show."""

    @cached_property
    def bus_told(self) -> BusTold:
        """Tells here how the bus stands."""
        from tui.bus_told import BusTold

        origin = self._runtime.config.origins.get("kafka_bootstrap")
        return BusTold(self, chosen=origin is not None and origin.kind != "default")

    def read_bus(self) -> None:
        """For subclasses: whether key events of the bus are wanted may have changed."""

    def on_status_bus_wanted(self) -> None:
        """The bus was clicked."""
        self.action_bus()

    def action_bus(self) -> None:
        """Look for the bus at once, and say how it stands."""
        self.run_worker(self._tell_of_bus, group="bus", exclusive=True)

    async def _tell_of_bus(self) -> None:
        link = self._runtime.link
        before = link.standing
        after = await link.look()
        self.bus_told.answer(after, changed=after is not before)

    def on_logs_bus_wanted(self) -> None:
        """The bus with the files, alone, or not at all: the next of the three."""
        pane = self.logs
        if not pane.services:
            self.say(f"The bus has no key events; {self._keys.shown('bus')} says how it stands")
        elif pane.source:
            pane.with_bus = False
            self.watch_logs("")
            self.say("The log files alone")
        elif pane.with_bus:
            self.watch_logs("bus")
            self.say("The bus alone")
        else:
            pane.with_bus = True
            self.say("The bus with the log files")
        self.read_bus()
