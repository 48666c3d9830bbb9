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

    _is_open = False
    _gathers = False
    _wanted = False

    def _on_timer_update(self) -> None:
        self._is_open = self._gathers = True
        try:
            super()._on_timer_update()
        finally:
            self._gathers = False
        if not self._wanted:
            return
        if self.app._batch_count:  # pyright: ignore[reportUnknownMemberType, reportPrivateUsage]
            self._update_timer.resume()
            return
        self._wanted = False
        self._compositor_refresh()

    def _compositor_refresh(self) -> None:
        if self._is_open and not self._gathers:
            super()._compositor_refresh()
            return
        self._wanted = True
        if not self._gathers:
            self._update_timer.resume()
