"""Replacing several files so that a failure in the middle leaves all of them as they were."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress

from agent_core.beside import name_beside, remove_left_over
from agent_core.changes.targets import Target
from agent_core.files import write_all
from agent_core.text import one_line

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.EACCES)
"""What a file system says that has no hard links."""


class _Step:
    """One file: the name of its new content and, once it is replaced, of its old one."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.folder = target.folder()
        self.new, self.old = name_beside(target.name, "new"), name_beside(target.name, "old")
        self.replaced = False


class Replacing:
    """Prepares all files, then replaces one after the other, and takes back what was done when one fails.

    `current` is the path that was worked on last; `taken_back` says that after a failure everything is as it
    was, otherwise `left` says what is not.
    """

    def __init__(self) -> None:
        self.current = ""
        self.taken_back = True
        self.left = ""
        self._steps: list[_Step] = []
        self._targets: list[Target] = []
        self._done = False

    def prepare(self, targets: Iterable[Target]) -> None:
        """Write all that is new beside where it belongs. Raises OSError."""
        # a moved file is there twice for a moment rather than not at all
        self._targets = sorted(targets, key=lambda target: target.change.after is None)
        cleaned: set[int] = set()
        for target in self._targets:
            self.current = target.change.path
            step = _Step(target)
            if step.folder not in cleaned:
                cleaned.add(step.folder)
                remove_left_over(step.folder)
            self._steps.append(step)
            if target.change.after is not None:
                self._write(step, target.change.after)

    def _write(self, step: _Step, content: bytes) -> None:
        status = step.target.status
        mode = 0o777 if status is None and step.target.change.executable else 0o666
        fd = os.open(step.new, _NEW, mode if status is None else 0o600, dir_fd=step.folder)
        try:
            write_all(fd, content)
            if status is not None:
                with suppress(PermissionError):  # who may not give files away keeps them as his own
                    os.fchown(fd, status.st_uid, status.st_gid)
                os.fchmod(fd, stat.S_IMODE(status.st_mode))
            os.fsync(fd)
        finally:
            os.close(fd)

    def carry_out(self) -> None:
        """Put everything in its place. Raises OSError, with what was done taken back."""
        try:
            for step in self._steps:
                self.current = step.target.change.path
                self._carry_out(step)
            for folder in {step.folder for step in self._steps}:
                os.fsync(folder)
        except BaseException:
            self._take_back()
            raise
        self._done = True

    def _carry_out(self, step: _Step) -> None:
        target, folder = step.target, step.folder
        if not target.unchanged():
            raise OSError(errno.EBUSY, "it has been changed just now by another program")
        if target.change.before is None:
            step.replaced = _put(step.new, target.name, folder)
        elif target.change.after is None:
            os.rename(target.name, step.old, src_dir_fd=folder, dst_dir_fd=folder)
            step.replaced = True
        else:
            _keep(step, target.change.before)
            os.rename(step.new, target.name, src_dir_fd=folder, dst_dir_fd=folder)
            step.replaced = True

    def _take_back(self) -> None:
        failed: list[str] = []
        for step in reversed(self._steps):
            if not step.replaced:
                continue
            try:
                if step.target.change.before is None:
                    os.unlink(step.target.name, dir_fd=step.folder)
                else:
                    os.rename(step.old, step.target.name, src_dir_fd=step.folder, dst_dir_fd=step.folder)
                step.replaced = False
            except OSError:
                failed.append(one_line(step.target.change.path))
        if failed:
            self.taken_back = False
            self.left = f"These files are changed already and could not be taken back: {', '.join(failed)}."

    def clean_up(self) -> None:
        """Remove what is beside the files, and after a failure the folders that were made."""
        for step in self._steps:
            names = [step.new] if step.replaced and not self._done else [step.new, step.old]
            for name in names:
                with suppress(OSError):
                    os.unlink(name, dir_fd=step.folder)
        if not self._done and self.taken_back and self._targets:
            self._targets[0].targets.take_folders_away()


def _put(new: str, name: str, folder: int) -> bool:
    """Give a file the name that none has; raises FileExistsError when one has come to have it."""
    try:
        os.link(new, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    return True


def _keep(step: _Step, before: bytes) -> None:
    """Keep the old file under another name, so that it can be put back."""
    try:
        os.link(
            step.target.name, step.old, src_dir_fd=step.folder, dst_dir_fd=step.folder, follow_symlinks=False
        )
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        mode = stat.S_IMODE(step.target.status.st_mode) if step.target.status else 0o600
        fd = os.open(step.old, _NEW, mode, dir_fd=step.folder)
        try:
            write_all(fd, before)
        finally:
            os.close(fd)
