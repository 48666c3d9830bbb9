"""Which of several sessions of a workspace writes its index: the one that holds a lock on a file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from agent_core.errors import WorkspaceError
from agent_core.workspace import Workspace


class WriterLock:
    """The lock of an index; the system gives it back when the process ends, however that happens.

    Args:
        root: The workspace's root.
        folder: Where the file lies. It is made anew where somebody removed it (`git clean -fdx`).
    """

    def __init__(self, *, root: Path, folder: Path) -> None:
        self._workspace, self._path = Workspace.at(root), folder / "lock"
        self._file = -1

    @property
    def held(self) -> bool:
        """Whether this process has it."""
        return self._file >= 0

    def take(self) -> bool:
        """Take it, unless another process has it; raises OSError, WorkspaceError."""
        if self.held:
            return True
        kept = self._path.parent == self._workspace.state_dir / "index"
        if kept and not self._path.exists():
            if not self._workspace.root.is_dir():
                raise WorkspaceError("the folder of the workspace is gone", hint="Open it where it is now.")
            self._workspace.ensure_state_dir("index")
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(self._path, flags, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def lost(self) -> bool:
        """Whether it is held on a file that is no longer there: it keeps nobody else out."""
        if not self.held:
            return False
        try:
            return not os.path.samestat(os.fstat(self._file), self._path.lstat())
        except OSError:
            return True

    def release(self) -> None:
        """Let others have it."""
        if self.held:
            os.close(self._file)
            self._file = -1
