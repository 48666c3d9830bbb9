"""Trainings of a workspace that did not come to their end: why, and what goes on with the last of them."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.errors import ErrorInfo, Interrupted
from agent_core.files import BusyError, load_state, locked, update_state
from agent_core.migrations import NewerState
from agent_core.rl.gepa.owed import LOCK, owed_at, owed_in
from agent_core.rl.offline.begun import noted, noted_at
from agent_core.text import one_line, shorten

_FILE = "ended.json"
_MOST, _LONGEST = 20, 300
_LATEST = 1e11
_NUMBERED = ("--steps", "--n-envs", "--lr", "--entropy", "--seed", "--changes")
_NUMBER = re.compile(r"[0-9][0-9.e+-]{0,24}")
_KILLED = ErrorInfo(Interrupted.code, "It was killed, or the machine went down")


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A training that did not come to its end.

    Args:
        at: When it ended, in seconds since 1970.
        command: As it was typed.
        error: Why.
        told: What it did last; "" where that is not known.
        go_on: What goes on with it; "" where nothing does. It is never taken from a file.
    """

    at: float
    command: str
    error: ErrorInfo
    told: str = ""
    go_on: str = ""


class _Left(msgspec.Struct, frozen=True):
    """What was begun and has not come to its end."""

    command: str
    since: float


class _Kept(msgspec.Struct, frozen=True):
    ended: tuple[Ended, ...] = ()
    schema: int = 1


def keep_ended(folder: Path, command: str, error: ErrorInfo, *, told: str = "") -> None:
    """Keep that a training ended so; raises OSError, `BusyError`, `NewerState`."""
    _put(folder, Ended(at=time.time(), command=command, error=error, told=told))


def keep_killed(folder: Path, *, holding: str) -> None:
    """Keep one that was killed, before another one takes its place. Where it cannot be kept, that is no
    reason not to train.

    Args:
        folder: Where trainings are kept.
        holding: The lock that the caller has.
    """
    left, ended = _left(folder), _ended(folder)
    if left is not None and not _told(left, ended) and not _runs(folder, but=holding):
        with suppress(OSError, BusyError, NewerState):
            _put(folder, _killed(left))


def all_ended(folder: Path) -> tuple[Ended, ...]:
    """Those that are kept, and one that was killed, the newest first; for a thread. What goes on with the
    newest is said of it alone: a training that is begun leaves nothing of those before."""
    left, ended = _left(folder), _ended(folder)
    if left is None or _runs(folder):
        return ended
    if not _told(left, ended):
        ended = (_killed(left), *ended)
    return (msgspec.structs.replace(ended[0], go_on=_going_on(left.command)), *ended[1:])


def _left(folder: Path) -> _Left | None:
    found: list[_Left] = []
    if (begun := noted(folder)) is not None:
        found.append(_Left(begun.command, _within(noted_at(folder, begun))))
    if (owed := owed_in(folder)) is not None:
        found.append(_Left(owed.command, _within(owed_at(folder))))
    return max(found, key=lambda each: each.since, default=None)


def _told(left: _Left, ended: tuple[Ended, ...]) -> bool:
    return bool(ended) and ended[0].at >= left.since


def _killed(left: _Left) -> Ended:
    return Ended(at=left.since, command=_short(left.command), error=_KILLED)


def _ended(folder: Path) -> tuple[Ended, ...]:
    """Those that are kept, as what came with a repository may be shown."""
    kept, _ = load_state(folder / _FILE, _Kept)
    return tuple(map(_shown, kept.ended[:_MOST])) if kept else ()


def _shown(ended: Ended) -> Ended:
    error = ErrorInfo(*map(_short, (ended.error.code, ended.error.message, ended.error.hint)))
    return Ended(at=_within(ended.at), command=_short(ended.command), error=error, told=_short(ended.told))


def _within(at: float) -> float:
    return min(max(at, 0.0), _LATEST)


def _short(text: str) -> str:
    return shorten(one_line(text), _LONGEST)


def _put(folder: Path, new: Ended) -> None:
    update_state(folder / _FILE, _Kept, lambda now: _Kept((new, *(now or _Kept()).ended)[:_MOST]))


def _going_on(command: str) -> str:
    """What goes on with a training: nothing but options that it can have been begun with."""
    words = command.split()
    said = ["rl train"]
    for word, value in zip(words, (*words[1:], ""), strict=True):
        if word in _NUMBERED and _NUMBER.fullmatch(value):
            said += [word, value]
        elif word == "--skip-gepa":
            said.append(word)
    return " ".join((*said, "--resume"))


def _runs(folder: Path, *, but: str = "") -> bool:
    """Whether somebody trains there at this moment. A shared lock keeps no other one from looking."""
    for name in ("run", LOCK):
        try:
            if name != but:
                with locked(folder / name, timeout=0.0, shared=True):
                    pass
        except (BusyError, OSError):
            return True
    return False
