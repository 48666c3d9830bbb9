"""A screen that stays visible beneath a dialog, and draws no more there than what changed."""

from __future__ import annotations

from typing import TypeVar

from tui.screens.painted import Painted

Result = TypeVar("Result")


class Beneath(Painted[Result]):
    """What changed beneath another screen is handed to that one, once.

    Textual's own screen keeps what it handed over and hands it over again with whatever comes next: after a
    dialog was opened, every change beneath it would draw all rows anew, some 25 KB each time.
    """

    def _compositor_refresh(self) -> None:
        super()._compositor_refresh()
        if not self.is_active:
            self._repaint_regions.clear()
            self._repaint_required = False
