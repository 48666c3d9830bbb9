"""How the index stands, in words."""

from __future__ import annotations

from agent_core.index.api import IndexStatus
from agent_core.text import human_size, one_line, plural, shorten

_LONGEST = 40
"""Characters of a trouble on the status line."""


def in_short(status: IndexStatus) -> str:
    """A few words for the status line."""
    match status.phase:
        case "closed":
            return "no index yet"
        case "opening":
            return "opening the index"
        case "scanning":
            return "looking for changes"
        case "building":
            return f"indexing {status.done:,}/{status.total:,}" if status.total else "indexing"
        case "failed":
            return "no index: " + _shortened(status.trouble or "it failed")
        case "ready":
            return _ready(status)


def _ready(status: IndexStatus) -> str:
    base = f"{plural(status.behind, 'file')} behind" if status.behind else "fresh"
    if not status.files:
        base = "no index yet"
    if status.trouble:
        return f"{base} · {_shortened(status.trouble)}"
    share = vectors(status)
    return f"{base} · {share}" if share else base


def _shortened(trouble: str) -> str:
    return shorten(one_line(trouble), _LONGEST)


def not_kept(reason: str, hint: str = "") -> str:
    """The trouble of an index that lives in memory only, or is not written to where it lies."""
    return f"the index is not kept ({reason})" + (f". {hint}" if hint else "")


def is_trouble(status: IndexStatus) -> bool:
    """Whether somebody should look at it."""
    return status.phase == "failed" or bool(status.trouble)


def vectors(status: IndexStatus) -> str:
    """How far the vectors are, while some are missing; "" when none is, or there is no embedder."""
    if not status.embedder or status.embedded >= status.chunks:
        return ""
    return f"vectors {100 * status.embedded // status.chunks}%{_time_left(status)}"


def _time_left(status: IndexStatus) -> str:
    if status.eta_s is None or status.embedded >= status.chunks:
        return ""
    return f" ({about(status.eta_s)} left)"


def about(seconds: float) -> str:
    """A time to wait, no finer than it can be known: `20 s`, `4 min`, `2 h`."""
    if seconds < 55:
        return f"{max(10, round(seconds / 10) * 10)} s"
    if seconds < 3570:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def progress(status: IndexStatus, *, embedding: bool) -> tuple[int, str]:
    """How far the work is: a percentage that grows, and a line that says it.

    Args:
        status: As it was told last.
        embedding: Whether the vectors are what is waited for.
    """
    if status.phase == "building":
        share = 100 * status.done // status.total if status.total else 0
        return share, in_short(status) + " files"
    if embedding and status.phase == "ready":
        share = 100 * status.embedded // status.chunks if status.chunks else 100
        return share, f"{plural(status.embedded, 'vector')} of {status.chunks:,}{_time_left(status)}"
    return 0, in_short(status)


def rows(status: IndexStatus) -> list[tuple[str, str]]:
    """Everything that is known, as names and values."""
    made = f"{status.embedded:,} of {status.chunks:,}{_time_left(status)}, by {one_line(status.embedder)}"
    found = [
        ("state", in_short(status)),
        ("files", f"{status.files:,}" + (f", {status.skipped:,} left out" if status.skipped else "")),
        ("behind", f"{status.behind:,}"),
        ("chunks", f"{status.chunks:,}"),
        ("vectors", made if status.embedder else "none: no embedder"),
        ("on disk", human_size(status.bytes_on_disk) if status.bytes_on_disk else "not measured yet"),
    ]
    if not status.alone:
        found.append(("kept by", "another session of this workspace"))
    if status.trouble:
        found.append(("trouble", one_line(status.trouble)))
    return found
