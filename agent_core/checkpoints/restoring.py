"""Putting files back: all of it is prepared first, then each path is replaced in one instant.

1. Every path is looked at; where one is not as expected, nothing is done at all.
2. Every content that is to be written is written beside the store, so that a full disk is found out here.
3. A journal says what is under way. Then files go, folders go, folders come, files and links come.

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

import msgspec

from agent_core.checkpoints.places import Stamp, folder_of, look, stamp_at, way_is_free
from agent_core.checkpoints.states import State, is_file, is_folder, kind_of
from agent_core.files import write_all

Get = Callable[[bytes], bytes | None]
_SYNC_EACH = 200


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One path: what lies there `now`, and what shall lie there `then`; None is nothing."""

    path: bytes
    now: State | None
    then: State | None

    @property
    def name(self) -> str:
        """The path as Python has it."""
        return os.fsdecode(self.path)

    @property
    def back(self) -> Step:
        """The step that takes this one back."""
        return Step(self.path, self.then, self.now)


class Obstacle(msgspec.Struct, frozen=True):
    """A path that is not as expected, and what is the matter with it."""

    path: str
    what: str


class Blocked(Exception):
    """Some paths are not as expected; nothing was done."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(f"{len(obstacles)} paths are not as expected")
        self.obstacles = tuple(obstacles)


def obstacles(root: Path, steps: Sequence[Step]) -> tuple[list[Obstacle], dict[bytes, Stamp | None]]:
    """What stands in the way of the steps, and the stamps of their paths."""
    goes = {step.name for step in steps if not is_folder(step.now)}
    comes = {step.name for step in steps if is_folder(step.then)}
    stamps: dict[bytes, Stamp | None] = {}
    found: list[Obstacle] = []
    for step in steps:
        try:
            here = look(root, step.name)
        except OSError as error:
            found.append(Obstacle(step.name, f"cannot be read ({error.strerror or error})"))
            continue
        stamps[step.path] = here.stamp
        what = _difference(step, here.state)
        if not what and step.then is not None:
            what = way_is_free(root, step.name, goes, comes)
        if not what and is_folder(step.now) and step.then is not None and not is_folder(step.then):
            what = _strangers(root, step.name, steps)
        if not what:
            what = _shut(root, step.name)
        if what:
            found.append(Obstacle(step.name, what))
    return found, stamps


def _difference(step: Step, here: State | None) -> str:
    expected = step.now
    if expected == here or (is_folder(expected) and here is None):
        return ""  # a folder that is gone already is no loss
    if here is None:
        return "has been deleted since"
    if expected is None:
        return "" if is_folder(here) and is_folder(step.then) else "has been created since"
    if kind_of(expected) != kind_of(here):
        return f"is a {kind_of(here)} since"
    if expected.id == here.id:
        return "has other permissions since"
    return "has been changed since"


def _strangers(root: Path, folder: str, steps: Sequence[Step]) -> str:
    """A folder that has to make room for a file must hold nothing but what goes too."""
    going = {step.name for step in steps if step.then is None}
    with suppress(OSError):
        for name in os.listdir(root / folder):  # noqa: PTH208 - names are all that is needed
            if f"{folder}/{name}" not in going:
                return "has other files in it since"
    return ""


def _shut(root: Path, path: str) -> str:
    parent = root / os.path.dirname(path)  # noqa: PTH120 - a text
    return "lies in a folder that is read-only" if parent.is_dir() and not os.access(parent, os.W_OK) else ""


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
            for step in ordered(steps):
                self._do(step, stamps)
                done.append(step)
        except BaseException:
            self._take_back(done)
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
                missing.append(Obstacle(step.name, "its bytes are no longer kept"))
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

    def _do(self, step: Step, stamps: dict[bytes, Stamp | None]) -> None:
        if is_folder(step.then):
            if not is_folder(step.now):
                self._clear(step, stamps)
                self._make_way(f"{step.name}/")
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
        for depth in range(1, len(parts) + 1):
            with folder_of(self._root, "/".join(parts[:depth])) as (fd, name), suppress(FileExistsError):
                os.mkdir(name, dir_fd=fd)

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
        beside = f".{os.urandom(8).hex()}.dspy-tui"
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
        beside = f".{os.urandom(8).hex()}.dspy-tui"
        os.symlink(target, os.fsencode(beside), dir_fd=fd)
        try:
            os.rename(beside, name, src_dir_fd=fd, dst_dir_fd=fd)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=fd)
            raise

    def _take_back(self, done: Sequence[Step]) -> None:
        steps = [step.back for step in done]
        with suppress(OSError, Blocked):
            self._prepare(steps)
        for step in ordered(steps):
            with suppress(OSError):
                self._do(step, {})


def _same(fd: int, name: str, step: Step, stamps: dict[bytes, Stamp | None]) -> None:
    """Raise OSError where the path has changed since it was looked at."""
    if step.path in stamps and stamp_at(fd, name) != stamps[step.path]:
        raise OSError(errno.EBUSY, "it was changed in this very moment", step.name)


def ordered(steps: Sequence[Step]) -> list[Step]:
    """What goes, deepest first; then what comes, folders before what lies in them."""
    going = [
        step for step in steps if step.then is None or (is_folder(step.then) and not is_folder(step.now))
    ]
    leaving = [step for step in going if step.then is None]
    rooms = [step for step in going if step.then is not None]
    coming = [step for step in steps if step.then is not None and not is_folder(step.then)]
    leaving.sort(key=lambda step: (is_folder(step.now), -step.path.count(b"/"), step.path))
    rooms.sort(key=lambda step: (step.path.count(b"/"), step.path))
    coming.sort(key=lambda step: step.path)
    return [*leaving, *rooms, *coming]
