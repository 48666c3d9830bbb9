"""How the log screen stands, and what its keys do there, in few words."""

from __future__ import annotations

from collections.abc import Callable

from agent_core.logs.api import Digest
from agent_core.text import human_size, one_line, plural
from tui.screens.dialog import Hint
from tui.widgets.loglines import LogLines

Shown = Callable[[str], str]
"""The key of an action as people write it."""
NO_LOGS = (
    "No log files found. They are looked for in logs/ and log/, and by names such as *.log, *.out and *.err. "
    'The setting log_files names others, such as log_files = ["build/*.txt"]. '
    "What is written from now on shows here by itself."
)


def state_of_lines(lines: LogLines) -> str:
    """Size, matches, and whether the end is followed."""
    page = lines.page
    if lines.busy:
        return lines.busy
    said = [human_size(page.view.size)]
    if page.pattern is not None:
        kind = " of this text" if page.pattern.literal else ""
        so_far = " so far" if page.searching else ""
        said.append(plural(page.matching or 0, "match", "matches") + kind + so_far)
    if page.pattern is not None and not page.only:
        said.append("all lines")
    said += [f"from column {lines.shift + 1}"] if lines.shift else []
    said.append("following" if lines.follows else f"paused at {round(100 * page.window.share[1])}%")
    return " · ".join(said)


def state_of(digest: Digest | None) -> str:
    """What is wrong, what a digest holds, and what it leaves out."""
    if digest is None:
        return ""
    said = [one_line(digest.note)] if digest.note else []
    in_part = sum(bool(one.note) for one in digest.sources)
    said.append(plural(len(digest.events), "event"))
    said.append(plural(len(digest.sources), "log") + (f" ({in_part:,} in part)" if in_part else ""))
    said += [f"{digest.left_out:,} more left out"] if digest.left_out else []
    said += [plural(sum(one.count for one in digest.chronic), "recurring line")] if digest.chronic else []
    return " · ".join(said)


def nothing_of(digest: Digest) -> str:
    """What stands where a digest has no events."""
    if digest.note:
        return one_line(digest.note)
    if not digest.sources:
        return NO_LOGS
    lines = sum(one.lines for one in digest.sources)
    return f"Nothing stands out in {plural(lines, 'line')} of {plural(len(digest.sources), 'log')}."


def keys_of_lines(shown: Shown, lines: LogLines) -> list[Hint]:
    """The keys while lines show, those that matter most first."""
    page = lines.page
    found = [
        (shown("logs.only"), "all lines" if page.only else "only matches", "screen.only"),
        (f"{shown('logs.match_next')}{shown('logs.match_previous')}", "next match", "screen.match(1)"),
    ]
    return [
        (shown("logs.view"), "events", "screen.view"),
        (shown("logs.filter"), "filter", "screen.filter"),
        *(found if page.pattern is not None else []),
        (shown("logs.close"), "close", "screen.close"),
        (shown("logs.pause"), "pause" if lines.follows else "follow", "screen.pause"),
        (shown("logs.mention"), "ask about it", "screen.mention"),
        (shown("logs.go"), "go to", "screen.go"),
        (shown("logs.pick"), "other log", "screen.pick"),
        (shown("list.choose"), "fold" if lines.unfolded else "whole line", "screen.expand"),
        (shown("logs.code"), "code", "screen.code"),
        (shown("logs.copy"), "copy", "screen.copy"),
    ]


def keys_of_events(shown: Shown, *, events: bool, logs: bool) -> list[Hint]:
    """The keys while events show: only those for which there are any, or logs."""
    lines = [(shown("logs.view"), "lines", "screen.view")] if logs else []
    ways = [(shown("logs.filter"), "filter", "screen.filter"), (shown("logs.close"), "close", "screen.close")]
    if not events:
        return [*lines, *ways]
    return [
        (shown("list.choose"), "expand", "screen.expand"),
        *lines,
        (shown("logs.code"), "code", "screen.code"),
        (shown("logs.mention"), "ask about it", "screen.mention"),
        *ways,
        (shown("logs.right"), "scroll it", "screen.shift(8)"),
        (shown("logs.pick"), "logs", "screen.pick"),
        (shown("logs.copy"), "copy", "screen.copy"),
    ]
