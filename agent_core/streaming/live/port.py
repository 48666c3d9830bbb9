"""What a screen asks of messages that come in, and where they can be read from as people type it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from agent_core.errors import AgentError
from agent_core.streaming.live import values as v

LAST = 1000
"""Messages from before that are read where the end is wanted."""
_NAMED = {
    "begin": v.Place(),
    "start": v.Place(),
    "end": v.Place(last=LAST),
    "now": v.Place(last=LAST),
}


class Tail(Protocol):
    """Reads messages, and keeps them, elsewhere."""

    async def pages(self, on_page: Callable[[v.Page], None], on_fault: Callable[[AgentError], None]) -> None:
        """Hand on what shows, whenever it is something else, until it is cancelled.

        Args:
            on_page: Takes the page; the next is asked for once it returns.
            on_fault: Told why there are none for a while.
        """
        ...

    async def do(self, call: v.Call) -> None:
        """Have it done; the next page shows it. Raises `BusFault`."""
        ...

    async def copied(self, *, whole: bool) -> str:
        """The message with the cursor, see `Copy`; "" for none. Raises `BusFault`."""
        ...

    async def aclose(self) -> None:
        """End it."""
        ...


def place_of(typed: str, *, now: datetime) -> v.Place:
    """Where to read from, as it was typed: `begin`, `end`, or a time; `-10m` is ten minutes ago.

    Args:
        typed: What was typed.
        now: The current time, with its zone.

    Raises:
        UsageError: It is none of them.
    """
    from agent_core.logs.when import parse_since

    text = typed.strip()
    if (named := _NAMED.get(text.lower())) is not None:
        return named
    since = text[1:] if text[:1] == "-" and text[1:2].isdigit() else text
    return v.Place(since=parse_since(since, now=now))
