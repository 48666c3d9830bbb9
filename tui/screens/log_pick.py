"""Choosing one of many logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent_core.logs.api import SourceFacts
from agent_core.text import human_size, one_line, plural
from tui.screens.pick import Filtered
from tui.widgets.rows import Item, Rows


class LogPicker(Filtered):
    """Ends with the name of a log.

    Args:
        facts: The logs, the latest changed first.
    """

    title_shown = "Logs"
    placeholder = "Some letters of the name"

    def __init__(self, facts: Sequence[SourceFacts]) -> None:
        super().__init__()
        self._facts = facts

    async def search(self, query: str) -> None:
        """Show the logs whose names have these letters."""
        from tui.catalog import fuzzy

        rows, facts = self.query_one(Rows), {one.name: one for one in self._facts}
        names = fuzzy(query, tuple(facts), len(facts)) if query.strip() else list(facts)
        rows.cursor = 0
        rows.set_items(
            [_item(facts[name]) for name in names], empty="No log has these letters in this order."
        )
        rows.put_cursor(0)
        self.query_one(".frame").border_subtitle = plural(len(facts), "log")


def _item(facts: SourceFacts) -> Item:
    told = [human_size(facts.bytes)] if facts.bytes else []
    if facts.ended is not None:
        told.append(f"{datetime.fromtimestamp(facts.ended):%m-%d %H:%M}")
    right = ((" · ".join(told), "dim", None),) if told else ()
    return Item(one_line(facts.name), "title", right=right, key=facts.name, middle=True)
