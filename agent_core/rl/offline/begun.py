"""What a training was begun with, kept until it comes to its end: one that is interrupted goes on with it."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from agent_core.files import load_state, read_state, write_atomic
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.request import POLICY

TRAINING = "training"
"""Where the training itself keeps its checkpoint."""
_BEGUN = "begun.json"
_LEFT = ("checkpoint", POLICY, ".*.tmp")
"""What a training leaves in its folder, also one that is killed while it writes. None of it is of use to
another one."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What it goes on with, whatever the logs say now. `project` stands for the workspace's content,
    `command` is what was typed, `at` when it was begun or gone on with, in seconds since 1970."""

    options: Options
    config: TrainingConfig
    changes: int
    logs: dict[str, float]
    project: str = ""
    command: str = "rl train"
    at: float = 0.0
    schema: int = 1


def note(folder: Path, begun: Begun) -> Begun:
    """Keep what is begun, without anything to go on from; raises OSError and `NewerState`."""
    read_state(folder / _BEGUN, Begun)
    _clear(folder / TRAINING)
    return renew(folder, begun)


def renew(folder: Path, begun: Begun) -> Begun:
    """Keep that it is gone on with now; raises OSError and `NewerState`."""
    read_state(folder / _BEGUN, Begun)
    begun = msgspec.structs.replace(begun, at=time.time())
    write_atomic(folder / _BEGUN, msgspec.json.encode(begun))
    return begun


def noted(folder: Path) -> Begun | None:
    """What was begun and has not come to its end; None where nothing was."""
    return load_state(folder / _BEGUN, Begun)[0]


def noted_at(folder: Path, begun: Begun) -> float:
    """When that was noted, in seconds since 1970; an older version did not say it, but the file does."""
    if begun.at:
        return begun.at
    try:
        return (folder / _BEGUN).stat().st_mtime
    except OSError:
        return 0.0


def forget(folder: Path) -> None:
    """Remove what a training was begun with, and what it left; raises OSError."""
    (folder / _BEGUN).unlink(missing_ok=True)
    _clear(folder / TRAINING)


def _clear(training: Path) -> None:
    for pattern in _LEFT:
        for path in training.glob(pattern):
            path.unlink(missing_ok=True)
