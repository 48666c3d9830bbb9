"""How the log screen stands, and what its keys do there, in few words."""

from __future__ import annotations

from collections.abc import Callable

from agent_core.logs.api import Digest
from agent_core.text import human_size, one_line, plural
from tui.screens.dialog import Hint
from tui.widgets.loglines import LogLines

Shown = Callable[[str], str]
"""The key of an action as people write it."""


def state_of_lines(lines: LogLines) -> str:
    """Size, matches, and whether the end is followed."""
    said = [human_size(lines.size_in_bytes)]
    if lines.matching is not None:
        said.append(plural(lines.matching, "match", "matches") + (" so far" if lines.searching else ""))
    said.append("following" if lines.follows else f"paused at {round(100 * lines.share[1])}%")
    return " · ".join(said)


def state_of(digest: Digest | None) -> str:
    """What a digest holds, and what it leaves out."""
    if digest is None:
        return ""
    said = [plural(len(digest.events), "event"), plural(len(digest.sources), "log")]
    said += [f"{digest.left_out:,} more left out"] if digest.left_out else []
    said += [plural(sum(one.count for one in digest.chronic), "recurring line")] if digest.chronic else []
    return " · ".join([*said, *([one_line(digest.note)] if digest.note else [])])


def keys_of_lines(shown: Shown, lines: LogLines) -> list[Hint]:
    """The keys while lines show."""
    return [
        (shown("logs.view"), "events", "screen.view"),
        (shown("logs.filter"), "filter", "screen.filter"),
        (shown("logs.pause"), "pause" if lines.follows else "follow", "screen.pause"),
        (shown("logs.mention"), "ask about it", "screen.mention"),
        (shown("logs.close"), "close", "screen.close"),
        (f"{shown('logs.previous')}{shown('logs.next')}", "other log", "screen.source(1)"),
    ]


def keys_of_events(shown: Shown) -> list[Hint]:
    """The keys while events show."""
    return [
        (shown("list.choose"), "expand", "screen.expand"),
        (shown("logs.view"), "lines", "screen.view"),
        (shown("logs.code"), "code", "screen.code"),
        (shown("logs.mention"), "ask about it", "screen.mention"),
        (shown("logs.filter"), "filter", "screen.filter"),
        (shown("logs.close"), "close", "screen.close"),
    ]
