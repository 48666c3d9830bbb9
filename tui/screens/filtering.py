"""A dialog that shows only what matches what is typed, once typing rests."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TypeVar

from textual.widgets import Input

from tui.screens.dialog import TypingDialog

Result = TypeVar("Result")
_PAUSE_S = 0.15
"""How long typing rests before it filters."""


class FilteringDialog(TypingDialog[Result]):
    """One of its boxes is called `filter`."""

    filtered = ""
    """What it is filtered by."""

    async def filter_by(self, typed: str) -> None:
        """Show only what matches; "" shows all. Another text that is typed meanwhile cancels it."""
        raise NotImplementedError

    def action_filter(self) -> None:
        """Type a pattern."""
        self.type_into("filter")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is typed now."""
        event.stop()
        if event.input.id == "filter":
            self.run_worker(partial(self._filter, event.value.strip()), group="typed", exclusive=True)

    async def _filter(self, typed: str) -> None:
        await asyncio.sleep(_PAUSE_S)
        if typed != self.filtered:
            self.filtered = typed
            await self.filter_by(typed)
