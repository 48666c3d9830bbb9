"""Trainings of a workspace that did not come to their end: why, and what goes on with the last of them."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from agent_core.errors import ErrorInfo, Interrupted
from agent_core.files import BusyError, load_state, locked, update_state
from agent_core.rl.gepa.owed import LOCK, owed_at, owed_in
from agent_core.rl.offline.begun import noted, noted_at

_FILE = "ended.json"
_MOST = 20
_KILLED = ErrorInfo(Interrupted.code, "It was killed, or the machine went down")


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A training that did not come to its end.

    Args:
        at: When it ended, in seconds since 1970.
        command: As it was typed.
        error: Why.
        told: What it did last; "" where that is not known.
        go_on: What goes on with it; "" where nothing does.
    """

    at: float
    command: str
    error: ErrorInfo
    told: str = ""
    go_on: str = ""


class _Kept(msgspec.Struct, frozen=True):
    ended: tuple[Ended, ...] = ()
    schema: int = 1


def keep_ended(folder: Path, command: str, error: ErrorInfo, *, told: str = "") -> None:
    """Keep that a training ended so; raises OSError, `BusyError`, `NewerState`."""
    new = Ended(at=time.time(), command=command, error=error, told=told)
    update_state(folder / _FILE, _Kept, lambda now: _Kept((new, *(now or _Kept()).ended)[:_MOST]))


def all_ended(folder: Path) -> tuple[Ended, ...]:
    """Those that are kept, and one that was killed, the newest first; for a thread. What goes on with the
    newest is said of it alone: a training that is begun leaves nothing of those before."""
    kept, _ = load_state(folder / _FILE, _Kept)
    ended = kept.ended if kept else ()
    begun, owed = noted(folder), owed_in(folder)
    if begun is not None:
        command, since = begun.command, noted_at(folder)
    elif owed is not None:
        command, since = owed.command, owed_at(folder)
    else:
        return ended
    if _runs(folder):
        return ended
    if not (ended and ended[0].at >= since):
        ended = (Ended(at=since, command=command, error=_KILLED), *ended)
    words = ended[0].command.split()
    go_on = " ".join(words if "--resume" in words else (*words, "--resume"))
    return (msgspec.structs.replace(ended[0], go_on=go_on), *ended[1:])


def _runs(folder: Path) -> bool:
    """Whether somebody trains there at this moment."""
    try:
        with locked(folder / "run", timeout=0.0), locked(folder / LOCK, timeout=0.0):
            return False
    except (BusyError, OSError):
        return True
