"""The places on disk that changes are for, opened so that nothing can be put in their way."""

from __future__ import annotations

import os
import posixpath
import stat
from contextlib import suppress
from typing import Self

from agent_core.changes.model import FileChange
from agent_core.errors import PathRefused
from agent_core.files import kind_of
from agent_core.text import one_line
from agent_core.workspace import STATE_FOLDER, Workspace

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_CHUNK = 1 << 20
_OWN = (".git", STATE_FOLDER)


class Target:
    """One file to be written, by its folder's descriptor and its name, never again by its path.

    `status` is that of the file that is there, None when there is none; `key` is the real path.
    """

    def __init__(self, change: FileChange, targets: Targets, key: str, status: os.stat_result | None) -> None:
        self.change, self.targets, self.key, self.status = change, targets, key, status
        self.name = key.rpartition("/")[2]

    def folder(self) -> int:
        """The descriptor of its folder, which is made where it is missing. Raises OSError."""
        return self.targets.folder(self.key.rpartition("/")[0], make=True)

    def unchanged(self) -> bool:
        """Whether what lies there is still what was compared."""
        now = _status(self.name, self.folder())
        if now is None or self.status is None:
            return now is self.status
        fields = ("st_ino", "st_dev", "st_size", "st_mtime_ns")
        return all(getattr(now, field) == getattr(self.status, field) for field in fields)


class Targets:
    """Finds targets below a workspace's root, step by step and without following links.

    A context manager; at its end descriptors are closed.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._open: dict[str, int] = {}
        self.made: list[tuple[int, str]] = []
        """Folders that were made, outermost first: the descriptor of the folder they are in, and their
        name.
        """

    def __enter__(self) -> Self:
        self._open[""] = os.open(self._workspace.root, _FOLDER)
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()

    def find(self, change: FileChange, problems: list[str]) -> Target | None:
        """The change's target; None with one more of the `problems` where it must not be written."""
        shown = one_line(change.path)
        try:
            target = self._find(change)
        except PathRefused as refused:
            problems.append(f"{refused.message}.")
        except _Problem as problem:
            problems.append(f"{shown} {problem}.")
        except OSError as error:
            problems.append(f"{shown} cannot be used ({error.strerror or error}).")
        else:
            return target
        return None

    def _find(self, change: FileChange) -> Target:
        path = change.path
        if path != posixpath.normpath(path) or path.startswith(("/", "../")) or path in (".", ".."):
            raise _Problem("is no path inside the workspace")
        key = self._workspace.relative(self._workspace.resolve(path))
        if any(part.lower() in _OWN for name in (path, key) for part in name.split("/")):
            raise _Problem("belongs to git or to this program and is not written")
        if key == ".":
            raise _Problem("is a folder")
        is_link = os.path.islink(self._workspace.root / path)  # noqa: PTH114 - a Path does not say more
        if is_link and change.after is None:
            raise _Problem("is a symbolic link and is not deleted; delete it yourself")
        folder = self._existing_folder(key.rpartition("/")[0])
        target = Target(change, self, key, None)
        if folder is None:
            if change.before is not None:
                raise _Problem("is gone")
            return target
        content, target.status = _content(target.name, folder, len(change.before or b"") + 1)
        if content != change.before:
            raise _Problem(_difference(content, change.before))
        self._check_rights(target, folder)
        return target

    def _check_rights(self, target: Target, folder: int) -> None:
        status = target.status
        if status is not None and not status.st_mode & 0o222:
            raise _Problem("is read-only; make it writable (chmod u+w) if it is to change")
        if status is not None and not os.access(target.name, os.W_OK, dir_fd=folder):
            raise _Problem("may not be written by this user")
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder):
            raise _Problem("lies in a folder that may not be written by this user")

    def _existing_folder(self, path: str) -> int | None:
        try:
            return self.folder(path, make=False)
        except FileNotFoundError:
            return None

    def folder(self, path: str, *, make: bool) -> int:
        """The descriptor of a folder by its real path relative to the root; `make` makes what is missing of
        it.

        Raises OSError, also where a link or a file has come in its way.
        """
        known = self._open.get(path)
        if known is not None:
            return known
        above, _, name = path.rpartition("/")
        parent = self.folder(above, make=make)
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, 0o777, dir_fd=parent)
                self.made.append((parent, name))
        fd = os.open(name, _FOLDER, dir_fd=parent)
        self._open[path] = fd
        return fd

    def take_folders_away(self) -> None:
        """Remove the folders that were made, as far as they are empty."""
        for parent, name in reversed(self.made):
            with suppress(OSError):
                os.rmdir(name, dir_fd=parent)
        self.made.clear()


class _Problem(Exception):
    pass


def _status(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _content(name: str, folder: int, limit: int) -> tuple[bytes | None, os.stat_result | None]:
    """The first bytes of a file and its status, None for both when there is none."""
    status = _status(name, folder)
    if status is None:
        return None, None
    if not stat.S_ISREG(status.st_mode):
        raise _Problem(f"is {kind_of(status.st_mode)}")
    fd = os.open(name, _FILE, dir_fd=folder)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise _Problem(f"is {kind_of(status.st_mode)}")
        chunks: list[bytes] = []
        while limit > 0 and (chunk := os.read(fd, min(limit, _CHUNK))):
            chunks.append(chunk)
            limit -= len(chunk)
        return b"".join(chunks), status
    finally:
        os.close(fd)


def _difference(now: bytes | None, before: bytes | None) -> str:
    if now is None:
        return "has been deleted since the change was made"
    if before is None:
        return "was to be a new file, but is there"
    return "has been changed since the change was made"
