"""Where in a log one can go by what is typed, and which place in the code a line of it leads to."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent_core.logs.api import CodePlace
from agent_core.logs.page import LogPage
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.logs.leading import Leads

_LINE = re.compile(r"\d[\d,]*")
_SHARE = re.compile(r"(\d{1,3})\s*%")
_RECORD = 60
"""Lines behind one that are looked at with it, where they belong together."""
_DEEPER = re.compile(r"\s|Caused by|\.\.\. |Traceback|goroutine |at ")

Find = Callable[[LogPage], int | None]
"""Finds an offset in a file; blocks."""


def way_to(typed: str) -> Find:
    """How the line of a number (`1200`), of a share (`50%`), or of a time is found: `14:30` is the last one
    before the end of the log, `10m` so long before it.

    Raises:
        UsageError: It is none of them.
    """
    word = typed.strip()
    if _LINE.fullmatch(word):
        number = int(word.replace(",", ""))
        return lambda page: page.view.offset_of(number)
    if (share := _SHARE.fullmatch(word)) is not None:
        return lambda page: page.view.start_at(page.view.size * min(100, int(share[1])) // 100)

    from agent_core.logs.when import parse_since

    parse_since(word, now=datetime.now(UTC))

    def find(page: LogPage) -> int | None:
        from agent_core.logs.timed import last_time, offset_at

        if (ended := last_time(page.view)) is None:
            return None
        return offset_at(page.view, parse_since(word, now=datetime.fromtimestamp(ended, UTC).astimezone()))

    return find


class LineLeads:
    """Finds the place in the code that a line, or what follows it in its record, leads to.

    Args:
        workspace: Where the code lies.
        maps: The setting `log_paths`.
    """

    def __init__(self, workspace: Workspace, maps: tuple[str, ...]) -> None:
        self._workspace, self._maps = workspace, maps
        self._leads: Leads | None = None

    def place(self, page: LogPage) -> CodePlace | None:
        """The place that the line with the cursor leads to; blocks."""
        here = page.window.current
        if here is None:
            return None
        if self._leads is None:
            from agent_core.logs.leading import Leads

            self._leads = Leads(self._workspace, self._maps)
        first, *rest = page.view.after(here.start, _RECORD) or [here]
        record = [first.text]
        for line in rest:
            if not _DEEPER.match(line.text):
                record.append(line.text)  # what was thrown, at the end of some traces
                break
            record.append(line.text)
        for text in (first.text, "\n".join(record)):
            if places := self._leads.places(text):
                return places[0]
        return None
