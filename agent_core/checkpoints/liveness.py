"""Which sessions of a workspace run: each holds a lock on a file of its name, which its end gives back."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Liveness:
    """The files of one workspace; what this process holds is given back by `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, int] = {}

    def begin(self, session: str) -> None:
        """Say that the session runs; raises OSError."""
        path = self._folder / session
        if session in self._held:
            if path.exists():
                return
            os.close(self._held.pop(session))
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise
        self._held[session] = fd

    def runs(self, session: str) -> bool:
        """Whether it runs; the file of one that does not is removed."""
        return _is_held(self._folder / session, remove=True)

    def killed(self) -> list[str]:
        """Those that ended without giving their file back; it stays until `runs` is asked of it."""
        names = sorted(path.name for path in self._folder.iterdir() if path.name not in self._held)
        return [name for name in names if not _is_held(self._folder / name, remove=False)]

    def others(self) -> bool:
        """Whether any session runs that is not of this process."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError:
            return False
        return any(self.runs(name) for name in names if name not in self._held)

    def close(self) -> None:
        """None of this process's sessions runs any more."""
        for session, fd in self._held.items():
            (self._folder / session).unlink(missing_ok=True)
            os.close(fd)
        self._held.clear()


def _is_held(path: Path, *, remove: bool) -> bool:
    """Whether a process holds the lock of a file; `remove` one that nobody holds."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        if remove:
            path.unlink(missing_ok=True)
        return False
    finally:
        os.close(fd)
