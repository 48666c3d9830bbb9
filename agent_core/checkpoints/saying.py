"""What a turn changed, and which turns there are, in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent_core.checkpoints.api import Listing, TurnRow, Undone
from agent_core.text import human_size, one_line, plural, shorten

if TYPE_CHECKING:
    from agent_core.events import WorkspaceChanged

_NAMED = 4
_SHOWN = 200
_MARKS = {"created": "A", "changed": "M", "deleted": "D", "renamed": "R", "mode": "P"}


def changed_in_short(event: WorkspaceChanged) -> str:
    """One line: how many files, lines, which, and how to take it back."""
    names = ", ".join(f"{_MARKS[row.how]} {one_line(row.path)}" for row in event.files[:_NAMED])
    shown = min(len(event.files), _NAMED)
    more = f" and {event.total - shown:,} more" if event.total > shown and names else ""
    lines = f", +{event.added:,} -{event.removed:,}" if event.added or event.removed else ""
    lost = ""
    if event.lost:
        some = ", ".join(one_line(path) for path in event.lost[:_NAMED])
        rest = f" and {len(event.lost) - _NAMED:,} more" if len(event.lost) > _NAMED else ""
        lost = f"; cannot be undone: {some}{rest}"
    back = "; `undo` takes it back" if event.number else ""
    return f"changed {plural(event.total, 'file')}{lines}: {names}{more}{lost}{back}".replace(": ;", ";")


def listed(listing: Listing) -> str:
    """Every turn, newest first."""
    rows = [_turn(row) for row in reversed(listing.rows)]
    shown = rows[:_SHOWN]
    if len(rows) > _SHOWN:
        shown.append(f"… {len(rows) - _SHOWN:,} older ones")
    used = f"{human_size(listing.bytes)} of {human_size(listing.limit)} used"
    return "\n".join([*listing.warnings, *shown, used if rows else "No turn has changed anything yet."])


def _turn(row: TurnRow) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.ended))
    remarks = [
        *(["undone"] if row.status == "undone" else []),
        *(["interrupted"] if row.interrupted else []),
        *(["beside another session's turn"] if row.beside else []),
        *([] if row.own else ["another session"]),
    ]
    note = f"  ({', '.join(remarks)})" if remarks else ""
    size = f"{plural(row.files, 'file'):>9}  {human_size(row.bytes):>8}"
    return f"{row.number:>4}  {when}  {size}  {shorten(one_line(row.title), 80)}{note}"


def undone(result: Undone, verb: str) -> str:
    """What an undo did, path by path."""
    lines = [*result.warnings, f"{verb} turn {result.turn.number}: {one_line(result.turn.title)}"]
    lines += [f"  {row.did:<12} {one_line(row.path)}" for row in result.files[:_SHOWN]]
    if len(result.files) > _SHOWN:
        lines.append(f"  … {len(result.files) - _SHOWN:,} more")
    lines += [f"  {'left alone':<12} {one_line(path)} ({what})" for path, what in result.skipped[:_SHOWN]]
    return "\n".join(lines)
