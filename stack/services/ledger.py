"""Which tasks were begun and which are done, on disk, so that it outlives a worker that is killed.

Workers of all services may share one folder: each task has a file, to which each of them appends one byte
for what it does.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

_BEGUN, _BACK, _DONE = b".", b"<", b"!"
_KEPT_S = 7 * 86_400.0
"""As long as topics keep their messages, unless they are told otherwise."""
_MOST = 4096


class Entry(msgspec.Struct, frozen=True):
    """What is known of a task: how often it was begun without an end, this time included; and whether it is
    done."""

    begun: int
    done: bool


class Ledger:
    """The tasks in a folder, which is made by the first one; all of it blocks for a moment.

    Args:
        folder: Where they are kept. Raises OSError where that cannot be used, as each method does.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, task_id: str) -> Entry:
        """A task is begun, unless it is done."""
        path = self._path(task_id)
        known = self._known(path)
        if known.done:
            return known
        self._folder.mkdir(parents=True, exist_ok=True)
        self._append(path, _BEGUN)
        return Entry(known.begun + 1, done=False)

    def give_back(self, task_id: str) -> None:
        """It was not this task's fault that it did not come to its end."""
        self._append(self._path(task_id), _BACK)

    def done(self, task_id: str) -> None:
        """Its result is on the bus."""
        self._append(self._path(task_id), _DONE)

    def sweep(self) -> None:
        """Forget what nobody will send again."""
        old = time.time() - _KEPT_S
        with suppress(OSError):
            for each in os.scandir(self._folder):
                with suppress(OSError):
                    if each.stat(follow_symlinks=False).st_mtime < old:
                        os.unlink(each.path)  # noqa: PTH108 - there may be many

    def _known(self, path: Path) -> Entry:
        try:
            said = path.read_bytes()[-_MOST:]
        except FileNotFoundError:
            return Entry(0, done=False)
        return Entry(said.count(_BEGUN) - said.count(_BACK), done=_DONE in said)

    def _append(self, path: Path, byte: bytes) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
        try:
            os.write(fd, byte)
        finally:
            os.close(fd)

    def _path(self, task_id: str) -> Path:
        return self._folder / sha256(task_id.encode("utf-8", "replace")).hexdigest()[:32]
