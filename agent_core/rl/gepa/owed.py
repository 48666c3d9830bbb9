"""Prompts that a training still has to improve: it trained the order of checks, and was ended then."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from agent_core.files import load_state, read_state, write_atomic
from agent_core.rl.gepa.api import Outcome, Spent

_FILE = "prompts.json"
LOCK = "prompts"


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on with it.

    Args:
        command: The training, as it was typed.
        trained: What came of the order of checks, in a line.
        outcomes: What came of the prompts that were tried; nothing of them is saved yet.
        spent: What they took of the budget.
        model: Whose replies were measured; of another one they tell nothing.
        at: When this was kept, in seconds since 1970.
    """

    command: str
    trained: str
    outcomes: tuple[Outcome, ...] = ()
    spent: Spent = Spent()
    model: str = ""
    at: float = 0.0
    schema: int = 1


def keep_owed(folder: Path, owed: Owed) -> None:
    """Keep it, as of now; raises OSError and `NewerState`."""
    read_state(folder / _FILE, Owed)
    owed = msgspec.structs.replace(owed, at=time.time())
    write_atomic(folder / _FILE, msgspec.json.encode(owed))


def owed_in(folder: Path) -> Owed | None:
    """What is kept; None for nothing."""
    return load_state(folder / _FILE, Owed)[0]


def owed_at(folder: Path) -> float:
    """Since when, in seconds since 1970, by the file itself where an older version kept it; 0 for nothing."""
    if (owed := owed_in(folder)) is not None and owed.at:
        return owed.at
    try:
        return (folder / _FILE).stat().st_mtime
    except OSError:
        return 0.0


def settle(folder: Path) -> None:
    """Nothing is left to do, or it is begun anew; raises OSError."""
    (folder / _FILE).unlink(missing_ok=True)
