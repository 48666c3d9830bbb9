"""The wordings that sessions learned of the logs of a workspace, in one file, so that they stay the same.

Only the log process loads this module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from agent_core.errors import LogFault
from agent_core.files import keep_aside, locked, read_bounded, write_atomic
from agent_core.logs.mining.miner import Miner
from agent_core.migrations import NewerState

_LIMIT = 64 * 1024 * 1024
_log = logging.getLogger(__name__)


class Learned:
    """A miner's state that sessions begin with, and to which each adds what it mined.

    Args:
        path: The file it is kept in; it need not exist.
        mask: Hides secrets in what is written.
    """

    def __init__(self, path: Path, *, mask: Callable[[str], str]) -> None:
        self._path, self._mask = path, mask

    def begin(self) -> Miner:
        """A miner that knows what earlier sessions learned; one that knows nothing where there is none.

        A file that is broken is kept aside, one of a newer version left alone.
        """
        try:
            return self._known()
        except NewerState as newer:
            _log.warning("%s: %s", self._path, newer.message)
            return Miner()

    def _known(self) -> Miner:
        try:
            return Miner.load(read_bounded(self._path, _LIMIT))
        except OSError:
            return Miner()
        except LogFault as fault:
            _log.warning("%s; it is kept as %s", fault.message, keep_aside(self._path) or self._path)
            return Miner()

    def add(self, miner: Miner) -> None:
        """Add what a miner learned since it was begun or added, whatever others added meanwhile.

        Raises OSError, BusyError where others hold the file for long, and `NewerState`.
        """
        if not miner.has_more:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._path):
            whole = self._known()
            whole.merge(miner)
            write_atomic(self._path, whole.dump(self._mask), mode=0o600, durable=False)
        miner.keep()
