"""Reaching a path below the root without following any link on the way, and what lies there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from agent_core.checkpoints.states import State, id_of, plain_mode

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW


class Stamp(NamedTuple):
    """What tells, an instant later, that a path is still what it was."""

    mode: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class Found(NamedTuple):
    """What lies at a path. `state` is None where nothing does, or nothing that could be kept."""

    state: State | None
    stamp: Stamp | None


@contextmanager
def folder_of(root: Path, path: str) -> Generator[tuple[int, str]]:
    """The open folder that a path lies in, and its name there.

    Raises OSError where a part of the way is missing, no folder, or a link.
    """
    *parts, name = path.split("/")
    fd = os.open(root, _FOLDER)
    try:
        for part in parts:
            inner = os.open(part, _FOLDER, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd, name
    finally:
        os.close(fd)


def stamp_at(fd: int, name: str) -> Stamp | None:
    """The stamp of a name in a folder; None where nothing lies."""
    try:
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Stamp(status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def set_mode(fd: int, name: str, mode: int) -> None:
    """Give a folder its permissions, never what a link in its place leads to; raises OSError."""
    if os.chmod in os.supports_follow_symlinks:
        os.chmod(name, stat.S_IMODE(mode), dir_fd=fd, follow_symlinks=False)
        return
    folder = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
    try:
        Path(f"/proc/self/fd/{folder}").chmod(stat.S_IMODE(mode))
    finally:
        os.close(folder)


def look(root: Path, path: str) -> Found:
    """What lies at a path now, its bytes read; raises OSError where it cannot be read."""
    try:
        with folder_of(root, path) as (fd, name):
            stamp = stamp_at(fd, name)
            if stamp is None or not _is_spelled_so(fd, name):
                return Found(None, None)
            return Found(State(plain_mode(stamp.mode), _id_at(fd, name, stamp.mode)), stamp)
    except (FileNotFoundError, NotADirectoryError):
        return Found(None, None)
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link in the place of a folder
            return Found(None, None)
        raise


def _is_spelled_so(fd: int, name: str) -> bool:
    """Whether the name lies there as it is written, where upper and lower case are one to the system."""
    other = name.swapcase()
    if other == name or stamp_at(fd, other) is None:
        return True
    return name in os.listdir(fd)


def _id_at(fd: int, name: str, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return os.fsencode(os.readlink(name, dir_fd=fd))
    if not stat.S_ISREG(mode):
        return b""
    file = os.open(name, _READ, dir_fd=fd)
    try:
        chunks: list[bytes] = []
        while chunk := os.read(file, 1 << 20):
            chunks.append(chunk)
    finally:
        os.close(file)
    return id_of(b"".join(chunks))


def way_is_free(root: Path, path: str, goes: set[str], comes: set[str]) -> str:
    """Why a file cannot be put at a path, as far as the folders on its way go; "" when it can.

    `goes` are paths that make room before, `comes` folders that are made before.
    """
    parts = path.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        if folder in goes or folder in comes:
            continue
        try:
            mode = os.lstat(root / folder).st_mode
        except OSError:
            return ""
        if not stat.S_ISDIR(mode):
            return f"{folder} is no folder any more"
    return ""
