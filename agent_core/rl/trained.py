"""The report of the last training of a workspace, kept after the program has ended."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from agent_core.files import load_state, read_state, write_atomic
from agent_core.text import one_line, printable, shorten

_FILE = "report.json"
_MOST_LINES, _LONGEST = 60, 400


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """A training that has come to its end.

    Args:
        at: When, in seconds since 1970.
        command: As it was typed.
        report: What it came to.
    """

    at: float
    command: str
    report: str
    schema: int = 1


def keep_report(folder: Path, command: str, report: str) -> None:
    """Keep it in place of the one before; raises OSError and `NewerState`."""
    read_state(folder / _FILE, Trained)
    new = Trained(at=time.time(), command=command, report=report)
    write_atomic(folder / _FILE, msgspec.json.encode(new))


def last_report(folder: Path) -> Trained | None:
    """The last one, safe to be shown; None without any."""
    kept, _ = load_state(folder / _FILE, Trained)
    if kept is None:
        return None
    lines = [_safe(line) for line in kept.report.splitlines()[:_MOST_LINES]]
    return msgspec.structs.replace(
        kept, command=shorten(one_line(kept.command), _LONGEST), report="\n".join(lines)
    )


def _safe(line: str) -> str:
    """A line without control characters, of bounded length."""
    return shorten(printable(line).expandtabs(1), _LONGEST)
