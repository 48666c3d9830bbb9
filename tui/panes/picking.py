"""Picking what an `@` stands for, while it is typed: opening, filtering, taking, leaving."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from tui.widgets.picker import Picker
from tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from agent_core.index.api import Index
    from tui.catalog import Catalog
    from tui.mentions import Typed

_PATIENCE_S = 1.0
"""How long Enter waits for what the last letters find."""
_NONE = "No file or definition has these letters in this order."


class Picking:
    """Between the prompt, whose keys it sees first, and the list over it."""

    def __init__(self, *, prompt: Prompt, picker: Picker) -> None:
        self._prompt, self._picker = prompt, picker
        self._catalog: Catalog | None = None
        self._index: Index | None = None
        self._left = -1
        self._shown: Typed | None = None
        self._found = asyncio.Event()
        prompt.steer = self.steer

    def begin(self, *, catalog: Catalog, index: Index) -> None:
        """There is something to pick from."""
        self._catalog, self._index = catalog, index

    def changed(self) -> None:
        """Something was typed, or the cursor moved."""
        from tui.mentions import typed

        mention = None if self._prompt.text.startswith("!") else typed(self._prompt.before_cursor)
        if mention is None:
            self._left, self._shown = -1, None
            self._picker.leave()
        elif mention not in (self._shown, None) and mention.start != self._left:
            self._shown = mention
            self._found.clear()
            self._picker.run_worker(partial(self._find, mention), group="pick", exclusive=True)

    async def _find(self, mention: Typed) -> None:
        from tui.mentions import find

        if self._catalog is None or self._index is None:
            return
        if not self._catalog.known:
            self._picker.offer([], empty="Reading the folders …")
        items = await find(mention, self._catalog, self._index)
        if self._shown == mention:
            self._picker.offer(items, empty=_NONE)
            self._found.set()

    async def steer(self, action: str) -> bool:
        """Do what a key of the prompt means while the list shows; False when it means what it always does."""
        self.changed()  # of letters typed just before it is told later than the key comes
        if not self._picker.is_open or self._shown is None:
            return False
        match action:
            case "earlier" | "later":
                self._picker.action_move(-1 if action == "earlier" else 1)
            case "scroll(-1)" | "scroll(1)":
                self._picker.action_page(-1 if action == "scroll(-1)" else 1)
            case "send" | "complete":
                return await self._take(sends=action == "send")
            case _:
                return False
        return True

    async def _take(self, *, sends: bool) -> bool:
        """Put what has the cursor into the prompt; what is typed in full is sent as it is."""
        try:
            await asyncio.wait_for(self._found.wait(), _PATIENCE_S)
        except TimeoutError:
            return not sends
        mention, item = self._shown, self._picker.current
        if mention is None or item is None:
            self._picker.leave()
            return False
        if sends and any(mention.names(item.key) for item in self._picker.items):
            self._picker.leave()
            return False
        self.insert(item.key, start=mention.start)
        return True

    def insert(self, place: str, *, start: int) -> None:
        """Put a mention in place of what is typed of it, from its `@` at `start` to the cursor."""
        quoted = f'@"{place}" ' if any(char.isspace() for char in place) else f"@{place} "
        before = self._prompt.before_cursor[:start]
        lines = before.split("\n")
        self._prompt.replace(quoted, (len(lines) - 1, len(lines[-1])), self._prompt.cursor_location)
        self._picker.leave()
        if self._catalog is not None:
            self._catalog.looked_at(place.partition(":")[0])

    def leave(self) -> bool:
        """Close the list until the mention is typed anew; whether it was open."""
        was_open = self._picker.is_open
        if was_open and self._shown is not None:
            self._left = self._shown.start
        self._picker.leave()
        return was_open
