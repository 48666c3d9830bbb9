"""Copying a workspace, quickly and without a trace in what is copied.

Blocks are shared with the original where the file system can (a clone, which parts when either is written);
hard links are never made, since tools that write in place would write into the workspace. Times are kept, so
that builds see nothing new. All of this blocks, and belongs into a thread.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

from agent_core.verify.layout import Layout

_CLONE = 0x40049409
"""FICLONE of Linux."""
_THREADS = 4
_SHARE = 256
_NO_CLONES = (errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM)
_PRIVATE_IN_MODULES = (".cache", ".vite", ".vitest")


class Stopped(Exception):
    """The copy was called off."""


class Copier:
    """Copies files from one folder into another.

    Args:
        source: The workspace.
        target: The copy; it exists.
        stop: Set when it is called off: then `copy` raises `Stopped` soon.
    """

    def __init__(self, source: Path, target: Path, stop: Event) -> None:
        self._source, self._target, self._stop = str(source), str(target), stop
        self._clones = sys.platform.startswith("linux")

    def copy(self, layout: Layout, progress: Callable[[int], None]) -> list[str]:
        """Copy folders, files and links; returns the files that vanished or could not be read meanwhile.

        `progress` is told how many files are done, from any thread.
        """
        for folder in layout.folders:
            os.makedirs(f"{self._target}/{folder}", exist_ok=True)  # noqa: PTH103 - a Path for each takes longer
        paths = [path for path, _ in layout.files]
        shares = [paths[start : start + _SHARE] for start in range(0, len(paths), _SHARE)]
        failed: list[str] = []
        done = 0
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="trial-copy") as pool:
            for share, lost in zip(shares, pool.map(self._share, shares), strict=True):
                failed += lost
                done += len(share)
                progress(done)
        for link in layout.links:
            self._link(link)
        return failed

    def _share(self, paths: Iterable[str]) -> list[str]:
        failed: list[str] = []
        for path in paths:
            if self._stop.is_set():
                raise Stopped
            try:
                self.file(path)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise
                failed.append(path)
        return failed

    def file(self, path: str) -> None:
        """Copy one file, with its time and permissions; raises OSError."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        source = os.open(f"{self._source}/{path}", flags)
        try:
            status = os.fstat(source)
            mode = stat.S_IMODE(status.st_mode) & 0o777 | 0o600
            made = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            target = os.open(f"{self._target}/{path}", made, mode)
            try:
                self._content(source, target, status.st_size)
                os.fchmod(target, mode)
                os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
            finally:
                os.close(target)
        finally:
            os.close(source)

    def _content(self, source: int, target: int, size: int) -> None:
        if self._clones and size > 4096 and self._clone(source, target):
            return
        if size <= 1 << 16:
            data = os.read(source, size + 1)
            while data:
                os.write(target, data)
                data = os.read(source, 1 << 16)
            return
        with os.fdopen(os.dup(source), "rb") as reader, os.fdopen(os.dup(target), "wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)

    def _clone(self, source: int, target: int) -> bool:
        import fcntl

        try:
            fcntl.ioctl(target, _CLONE, source)
        except OSError as error:
            if error.errno in _NO_CLONES:
                self._clones = False
            return False
        return True

    def _link(self, path: str) -> None:
        """A link: within the copy for one within the workspace, outside to the same place."""
        with suppress(OSError):
            aim = os.readlink(f"{self._source}/{path}")  # noqa: PTH115
            where = os.path.normpath(f"{self._source}/{path}/../{aim}" if aim[:1] != "/" else aim)
            inside = where == self._source or where.startswith(f"{self._source}/")
            if inside == aim.startswith("/"):
                folder = f"{self._source}/{path}".rpartition("/")[0]
                aim = os.path.relpath(where, folder) if inside else where
            os.symlink(aim, f"{self._target}/{path}")  # noqa: PTH211


def link_shared(source: Path, target: Path, shared: Iterable[str]) -> None:
    """Have the copy reach what it shares by links, for runs without a sandbox.

    A folder node_modules is made anew with a link for each entry: its links to packages of the workspace
    itself then lead to the copy, and what tools cache in there stays in the copy. `.git` is left out: what
    ran in the copy could commit.
    """
    for path in shared:
        if path.rpartition("/")[2] == "node_modules":
            _link_modules(source / path, target / path)
        elif path != ".git":
            (target / path).symlink_to(source / path)


def _link_modules(source: Path, target: Path) -> None:
    target.mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            place = target / entry.name
            if entry.name in _PRIVATE_IN_MODULES:
                place.mkdir()
            elif entry.is_symlink():
                aim = os.readlink(entry.path)  # noqa: PTH115
                place.symlink_to(aim if not aim.startswith("/") else entry.path)
            elif entry.name.startswith("@") and entry.is_dir():
                _link_modules(Path(entry.path), place)
            else:
                place.symlink_to(entry.path)


def make_places(source: Path, target: Path, shared: Iterable[str]) -> list[str]:
    """Make an empty folder or file for each shared one, for a sandbox to lay the original over.

    Returns the folders that tools write caches to within shared ones, as far as there are such.
    """
    scratch: list[str] = []
    for path in shared:
        place = target / path
        if (source / path).is_dir():
            place.mkdir(parents=True, exist_ok=True)
            names = _PRIVATE_IN_MODULES if path.rpartition("/")[2] == "node_modules" else ()
            scratch += [f"{path}/{name}" for name in names if (source / path / name).is_dir()]
        else:
            place.touch()
    return scratch


def remove_tree(folder: Path) -> None:
    """Remove a folder with everything in it, whatever permissions a test left; follows no link."""

    def retry(function: Callable[..., object], path: str, _: object) -> None:
        with suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)  # noqa: PTH101, PTH120
            os.chmod(path, 0o700, follow_symlinks=os.chmod not in os.supports_follow_symlinks)  # noqa: PTH101
            function(path)

    shutil.rmtree(folder, onerror=retry)
    if folder.exists():  # a folder that could not be listed before it was made accessible
        shutil.rmtree(folder, ignore_errors=True)
