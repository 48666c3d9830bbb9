"""What Spark notes of a query, below the job's state: of each batch its offsets first, and its end last."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

_STILL_S = 20.0
"""After how long without a change nobody writes it any more."""
_log = logging.getLogger(__name__)


def folder_of(state: Path) -> Path:
    """The folder of the notes."""
    return state / "checkpoint"


def numbered(folder: Path) -> dict[int, Path]:
    """Notes by the number of the batch; raises OSError where the folder cannot be read."""
    try:
        return {int(each.name): each for each in folder.iterdir() if each.name.isdecimal()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _is_written(folder: Path) -> bool:
    """Whether another job may be writing there just now."""
    times = [path.lstat().st_mtime for path in (folder, *folder.rglob("*"))]
    return time.time() - max(times) < _STILL_S


def forget_unbegun(state: Path) -> None:
    """Remove what is left of a query that ended before its first batch was noted: nothing was read by it.

    Spark refuses to begin where it finds half of a note and no batch
    (STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY), and would do so for ever.

    Raises:
        OSError: The folder cannot be read or removed.
    """
    checkpoint = folder_of(state)
    if (
        not checkpoint.is_dir()
        or _is_written(checkpoint)
        or numbered(checkpoint / "offsets")
        or numbered(checkpoint / "commits")
    ):
        return
    _log.info("%s has no batch, and begins anew", checkpoint)
    shutil.rmtree(checkpoint)
