"""A folder of one's own that goes away: at the end, or when the next one is made after a kill.

Beside each folder lies a lock that its process holds for as long as it lives. A lock that can be taken
belongs to nobody any more, and its folder with it; what that process had running in there goes, too.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from agent_core.marks import kill_marked
from agent_core.verify.copying import remove_tree


class OwnFolder:
    """A new folder below `parent`, held by this process; the folders of ended processes are removed.

    Making and removing one blocks. Raises OSError where nothing can be written.
    """

    def __init__(self, parent: Path) -> None:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_stale(parent)
        self._fd, self._lock = _locked(parent)
        self.path = self._lock.with_suffix("")
        self.path.mkdir(mode=0o700)

    def remove(self) -> None:
        """Remove it with all that is in it, and give up the lock."""
        remove_tree(self.path)
        with suppress(OSError):
            self._lock.unlink()
        os.close(self._fd)


def _locked(parent: Path) -> tuple[int, Path]:
    while True:
        lock = parent / f"{os.getpid()}-{os.urandom(4).hex()}.lock"
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            if os.fstat(fd).st_nlink:  # nobody took it for stale in between
                return fd, lock
        except OSError:
            os.close(fd)
            raise
        os.close(fd)


def remove_stale(parent: Path) -> None:
    """Remove the folders whose processes have ended; what cannot be removed stays for the next time."""
    for lock in sorted(parent.glob("*.lock")):
        with suppress(OSError):
            fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _end_what_runs(lock.name.partition("-")[0])
                folder = lock.with_suffix("")
                if folder.is_dir() and not folder.is_symlink():
                    remove_tree(folder)
                lock.unlink()
            finally:
                os.close(fd)


def _end_what_runs(pid: str) -> None:
    """End what a process that was killed had started, unless its number is another's by now."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        kill_marked(f"{pid}-")
    except (ValueError, OverflowError, PermissionError):
        return
