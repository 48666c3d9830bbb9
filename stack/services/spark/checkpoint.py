"""What Spark notes of a query, below the job's state: of each batch its offsets first, and its end last."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

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


def forget_unbegun(state: Path) -> None:
    """Remove what is left of a query that ended before its first batch was noted: nothing was read by it.

    Spark refuses to begin where it finds half of a note and no batch
    (STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY), and would do so for ever.

    Raises:
        OSError: The folder cannot be read or removed.
    """
    checkpoint = folder_of(state)
    if not checkpoint.is_dir() or numbered(checkpoint / "offsets") or numbered(checkpoint / "commits"):
        return
    _log.info("%s has no batch, and begins anew", checkpoint)
    shutil.rmtree(checkpoint)
