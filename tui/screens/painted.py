"""A screen that is painted once for all that happened to it in a turn."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import Screen

Result = TypeVar("Result")


class Painted(Screen[Result]):
    """Paints what is wanted when its update timer fires, not before.

    Textual's own screen paints all rows three times when it opens (on its size, on coming up, and for what
    its widgets asked meanwhile), and twice where a layout and something else are due at once; each takes as
    long as several answers to keys.
    """

    # Screens have words of their own for much; these are told from them by what they are about.
    _paint_begun = False
    _paint_gathers = False
    _paint_due = False

    def _on_timer_update(self) -> None:
        self._paint_begun = self._paint_gathers = True
        try:
            super()._on_timer_update()
        finally:
            self._paint_gathers = False
        if not self._paint_due:
            return
        if self.app._batch_count:  # pyright: ignore[reportUnknownMemberType, reportPrivateUsage]
            self._update_timer.resume()
            return
        self._paint_due = False
        self._compositor_refresh()

    def _compositor_refresh(self) -> None:
        if self._paint_begun and not self._paint_gathers:
            super()._compositor_refresh()
            return
        self._paint_due = True
        if not self._paint_gathers:
            self._update_timer.resume()
