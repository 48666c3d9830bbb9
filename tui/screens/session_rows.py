"""What the list of sessions says of each, and which part of one is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.events import TurnStarted
from agent_core.text import human_age, human_size, one_line, plural
from tui.widgets.rows import Item

if TYPE_CHECKING:
    from agent_core.session.saved.model import Record, SavedSession

_MOST_SHOWN = 300
"""Events of a session that are shown beside the list: the newest."""


def holds(saved: SavedSession, low: str) -> bool:
    """Whether every word that is typed is somewhere in what is said of the session."""
    text = f"{saved.name}\n{saved.first}\n{saved.branch}\n{saved.id}".lower()
    return all(word in text for word in low.split())


def called(saved: SavedSession) -> str:
    """How it is named in a list."""
    return one_line(saved.name or saved.first or saved.id)


def item(saved: SavedSession, now: float, *, is_here: bool) -> Item:
    """Its row; `now` is in seconds since the epoch."""
    lead = (("● " if is_here else "  ", "ok", None),)
    right = (
        (f"{plural(saved.turns, 'turn')} · ", "dim", None),
        (human_age(now - saved.updated), "dim", None),
    )
    style = "strong" if saved.name else "title"
    return Item(called(saved), style, lead, right, key=saved.id, right_gives=True)


def facts(saved: SavedSession) -> str:
    """What is said of it above its conversation."""
    known = [
        saved.id,
        *([f"⎇ {one_line(saved.branch)}"] if saved.branch else []),
        *([plural(saved.tokens, "token")] if saved.tokens else []),
        human_size(saved.size),
        *([f"copy of {one_line(saved.forked_from)}"] if saved.forked_from else []),
    ]
    return " · ".join(known)


def newest(records: tuple[Record, ...]) -> tuple[Record, ...]:
    """The last events, from the beginning of a turn on."""
    start = max(0, len(records) - _MOST_SHOWN)
    while start > 0 and not isinstance(records[start].event, TurnStarted):
        start -= 1
    return records[start:]
