"""Putting files back: all of it is prepared first, then each path is replaced in one instant.

1. Every path is looked at; where one is not as expected, nothing is done at all.
2. Every content that is to be written is written beside the store, so that a full disk is found out here.
3. A journal says what is under way. Then folders are opened, files go, folders go, folders come, files and
   links come, and folders get their permissions.

A kill in between leaves each path as it was or as it will be, and the next start goes on by the journal. An
error in between has what was done taken back. No link is followed on the way to any path.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from agent_core.beside import name_beside, remove_left_over
from agent_core.checkpoints.places import Stamp, folder_of, set_mode, stamp_at
from agent_core.checkpoints.states import State, is_file, is_folder, plain_mode
from agent_core.checkpoints.steps import Blocked, Obstacle, Step, depth, obstacles, opened, ordered
from agent_core.files import write_all

Get = Callable[[bytes], bytes | None]
_SYNC_EACH = 200


class Restorer:
    """Carries out steps.

    Args:
        root: The workspace's root.
        staging: A folder for what is prepared, best on the same file system.
        get: Gives a content by its id.
    """

    def __init__(self, *, root: Path, staging: Path, get: Get) -> None:
        self._root, self._staging, self._get = root, staging, get

    def run(self, steps: Sequence[Step], *, begin: Callable[[], None]) -> None:
        """Do them all, or none; `begin` is called between preparing and doing.

        Raises:
            Blocked: A path is not as expected, or a content is gone.
            OSError: The system refused; what had been done was taken back.
        """
        found, stamps = obstacles(self._root, steps)
        if found:
            raise Blocked(found)
        done: list[Step] = []
        try:
            self._prepare(steps)
            begin()
            self._open(steps)
            for step in ordered(steps):
                self._do(step, stamps)
                done.append(step)
            self._shut(steps, stamps)
        except BaseException:
            self._take_back(done, steps)
            raise
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)

    def _prepare(self, steps: Sequence[Step]) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir(parents=True)
        missing: list[Obstacle] = []
        for step in steps:
            if step.then is None or not is_file(step.then):
                continue
            content = self._get(step.then.id)
            if content is None:
                missing.append(Obstacle(step.name, "is no longer kept as it was"))
                continue
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            fd = os.open(self._staged(step), flags, 0o600)
            try:
                write_all(fd, content)
                os.fchmod(fd, stat.S_IMODE(step.then.mode))
                if len(steps) <= _SYNC_EACH:
                    os.fsync(fd)
            finally:
                os.close(fd)
        if missing:
            raise Blocked(missing)
        if len(steps) > _SYNC_EACH:
            os.sync()

    def _staged(self, step: Step) -> Path:
        return self._staging / hashlib.sha256(step.path).hexdigest()

    def _open(self, steps: Sequence[Step]) -> None:
        """Make the folders writable in which something is to be done."""
        for step in sorted(steps, key=depth):
            if step.now is not None and is_folder(step.now):
                self._set_mode(step, opened(step.now.mode))

    def _shut(self, steps: Sequence[Step], stamps: dict[bytes, Stamp | None]) -> None:
        """Give the folders the permissions that they shall have, the innermost first."""
        for step in sorted(steps, key=depth, reverse=True):
            theirs = step.now is None and stamps.get(step.path) is not None
            if step.then is not None and is_folder(step.then) and not theirs:
                self._set_mode(step, step.then.mode)

    def _set_mode(self, step: Step, mode: int) -> None:
        with suppress(FileNotFoundError, NotADirectoryError), folder_of(self._root, step.name) as (fd, name):
            here = stamp_at(fd, name)
            if here is not None and stat.S_ISDIR(here.mode) and plain_mode(here.mode) != mode:
                set_mode(fd, name, mode)

    def _do(self, step: Step, stamps: dict[bytes, Stamp | None]) -> None:
        if is_folder(step.then):
            if not is_folder(step.now):
                self._clear(step, stamps)
                self._make_folder(step.name, 0 if step.then is None else step.then.mode)
        elif step.then is None and is_folder(step.now):
            self._remove_folder(step)
        elif step.then is None:
            self._clear(step, stamps)
        else:
            self._put(step, step.then, stamps)

    def _clear(self, step: Step, stamps: dict[bytes, Stamp | None]) -> None:
        """Remove what lies there, unless it is a folder or nothing."""
        if step.now is None:
            return
        with folder_of(self._root, step.name) as (fd, name):
            _same(fd, name, step, stamps)
            os.unlink(name, dir_fd=fd)

    def _remove_folder(self, step: Step) -> None:
        """Remove a folder, if nothing of somebody else's lies in it."""
        try:
            with folder_of(self._root, step.name) as (fd, name):
                os.rmdir(name, dir_fd=fd)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR):
                raise
            if step.now is not None:
                self._set_mode(step, step.now.mode)

    def _put(self, step: Step, then: State, stamps: dict[bytes, Stamp | None]) -> None:
        if is_folder(step.now):
            with folder_of(self._root, step.name) as (fd, name), suppress(FileNotFoundError):
                os.rmdir(name, dir_fd=fd)
        self._make_way(step.name)
        with folder_of(self._root, step.name) as (fd, name):
            if not is_folder(step.now):
                _same(fd, name, step, stamps)
            if is_file(then):
                self._place(self._staged(step), fd, name)
            else:
                self._link(then.id, fd, name)

    def _make_way(self, path: str) -> None:
        """Make the folders on the way that are missing."""
        parts = path.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            with folder_of(self._root, "/".join(parts[:count])) as (fd, name), suppress(FileExistsError):
                os.mkdir(name, dir_fd=fd)

    def _make_folder(self, path: str, mode: int) -> None:
        """Make a folder that can be filled; its permissions are set at the end."""
        self._make_way(path)
        with folder_of(self._root, path) as (fd, name), suppress(FileExistsError):
            os.mkdir(name, stat.S_IMODE(opened(mode)), dir_fd=fd)

    def clean_up(self, steps: Sequence[Step]) -> None:
        """Remove what a killed run left: what it had prepared, and what it left beside the paths."""
        shutil.rmtree(self._staging, ignore_errors=True)
        for folder in {step.name.rpartition("/")[0] for step in steps}:
            with suppress(OSError), folder_of(self._root, f"{folder}/." if folder else ".") as (fd, _):
                remove_left_over(fd)

    def _place(self, staged: Path, fd: int, name: str) -> None:
        with suppress(OSError):
            old, new = os.stat(name, dir_fd=fd, follow_symlinks=False), staged.stat()
            if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
                os.chown(staged, old.st_uid, old.st_gid)
                staged.chmod(stat.S_IMODE(new.st_mode))
        try:
            os.rename(staged, name, dst_dir_fd=fd)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(staged, fd, name)

    def _copy(self, staged: Path, fd: int, name: str) -> None:
        """Across file systems: a copy beside the place, then the same."""
        beside = name_beside(name, "new")
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=fd)
        try:
            try:
                write_all(file, staged.read_bytes())
                os.fchmod(file, stat.S_IMODE(staged.stat().st_mode))
                os.fsync(file)
            finally:
                os.close(file)
            os.rename(beside, name, src_dir_fd=fd, dst_dir_fd=fd)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=fd)
            raise

    def _link(self, target: bytes, fd: int, name: str) -> None:
        beside = name_beside(name, "new")
        os.symlink(target, os.fsencode(beside), dir_fd=fd)
        try:
            os.rename(beside, name, src_dir_fd=fd, dst_dir_fd=fd)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=fd)
            raise

    def _take_back(self, done: Sequence[Step], all_steps: Sequence[Step]) -> None:
        steps = [step.back for step in done]
        with suppress(OSError, Blocked):
            self._prepare(steps)
        for step in ordered(steps):
            with suppress(OSError):
                self._do(step, {})
        with suppress(OSError):
            self._shut([step.back for step in all_steps], {})


def _same(fd: int, name: str, step: Step, stamps: dict[bytes, Stamp | None]) -> None:
    """Raise OSError where the path has changed since it was looked at."""
    if step.path in stamps and stamp_at(fd, name) != stamps[step.path]:
        raise OSError(errno.EBUSY, "it was changed in this very moment", step.name)
