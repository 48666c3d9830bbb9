"""State files that survive a kill, a second process, and whatever lies in their place.

Everything here is synchronous and short; what may take longer belongs into a thread.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from agent_core.errors import AgentError
from agent_core.migrations import Format, NewerState, version_of

T = TypeVar("T")

_SAFE_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
STATE_LIMIT = 16 * 1024 * 1024
"""The largest state or configuration file that is read, in bytes."""


class BusyError(AgentError):
    """Another process has held a file's lock for too long."""

    code = "busy"


class NotRegularError(OSError):
    """The path names a folder, a named pipe, a socket or a device."""


def kind_of(mode: int) -> str:
    """What a file that is not a regular one is, in words."""
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISLNK, "a symbolic link"),
    )
    return next((name for test, name in kinds if test(mode)), "a device")


def open_regular(path: str | Path, *, follow: bool = True) -> int:
    """A file descriptor to read a regular file from; opening never waits for a writer.

    Raises:
        NotRegularError: It is something else.
        OSError: It is missing, unreadable, or a link although `follow` is off.
    """
    mode = os.stat(path, follow_symlinks=follow).st_mode  # noqa: PTH116 - a Path for each of many files takes longer
    if not stat.S_ISREG(mode):
        raise NotRegularError(f"{path} is {kind_of(mode)}, not a regular file")
    fd = os.open(path, _SAFE_READ | (0 if follow else os.O_NOFOLLOW))
    mode = os.fstat(fd).st_mode  # it may have been replaced since
    if not stat.S_ISREG(mode):
        os.close(fd)
        raise NotRegularError(f"{path} is {kind_of(mode)}, not a regular file")
    return fd


def read_bounded(path: str | Path, limit: int = STATE_LIMIT, *, follow: bool = True) -> bytes:
    """The first `limit` bytes of a regular file; raises as `open_regular` does."""
    fd = open_regular(path, follow=follow)
    try:
        chunks: list[bytes] = []
        while limit > 0 and (chunk := os.read(fd, min(limit, 1 << 20))):
            chunks.append(chunk)
            limit -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(fd)


def write_atomic(
    path: Path, data: bytes | str, *, mode: int = 0o644, durable: bool = True, exact: bool = False
) -> None:
    """Replace the file as a whole: a reader sees the old content or the new, also after a kill.

    `durable` waits until the disk has it; `exact` gives it its mode whatever the umask says. Raises OSError;
    the old file is then untouched and nothing is left over.
    """
    content = data.encode() if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            if exact:
                os.fchmod(fd, mode)
            write_all(fd, content)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_all(fd: int, data: bytes) -> None:
    """Write every byte, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def append_line(path: Path, line: bytes, *, mode: int = 0o644, exact: bool = False) -> None:
    """Append one line as one write, so that lines of several processes never mix.

    A line that a killed process left unfinished is closed first, so that only that one is lost. `exact` gives
    an empty file its mode whatever the umask says.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(path, flags, mode)
    try:
        size = os.fstat(fd).st_size
        if exact and not size:
            os.fchmod(fd, mode)
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        write_all(fd, (b"\n" if torn else b"") + line.rstrip(b"\n") + b"\n")
    finally:
        os.close(fd)


def keep_aside(path: Path) -> Path | None:
    """Rename a broken file to `NAME.bad-<time>`; None when that cannot be done (it stays where it is)."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(100):
        aside = path.with_name(f"{path.name}.bad-{stamp}" + (f"-{number}" if number else ""))
        if os.path.lexists(aside):
            continue
        try:
            path.rename(aside)
        except OSError:
            return None
        return aside
    return None


@contextmanager
def locked(path: Path, *, timeout: float = 5.0, shared: bool = False) -> Generator[None]:
    """Hold the lock that belongs to a file (`NAME.lock` beside it) against other processes and threads.

    A `shared` one keeps out only those who want it for themselves. The system releases it when the process
    dies. Waits at most `timeout` seconds, then raises `BusyError`.
    """
    import fcntl

    lock = path.with_name(path.name + ".lock")
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | flags, 0o644)
    except PermissionError:  # somebody else's: for a lock it is enough to read it
        fd = os.open(lock, os.O_RDONLY | flags)
    try:
        if not flock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, timeout=timeout):
            raise BusyError(
                f"{path.name} is in use by another process", hint="Close the other session or try again."
            )
        yield
    finally:
        os.close(fd)


def flock(fd: int, kind: int, *, timeout: float) -> bool:
    """Lock an open file, waiting at most `timeout` seconds; whether it is held, until the file is closed."""
    import fcntl

    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        else:
            return True


def load_state(path: Path, kind: type[T] | Format[T], *, aside: bool = True) -> tuple[T | None, str]:
    """Read a JSON state file as `kind`.

    Args:
        path: Where it is.
        kind: What it holds.
        aside: Whether one that is broken is kept aside; else it stays, for whoever writes there next to do
            that, so that everybody who reads it meanwhile can say so.

    Returns:
        The value, or None when there is none; and a warning, "" when all is well. A file that is broken is
        kept aside and named in the warning; one that cannot be read at all, or is of a newer version, stays
        where it is.
    """
    try:
        return read_state(path, kind, aside=aside)
    except NewerState as newer:
        return None, newer.message


def read_state(path: Path, kind: type[T] | Format[T], *, aside: bool = True) -> tuple[T | None, str]:
    """The same, for who would write in its place: raises `NewerState` for one of a newer version."""
    try:
        content = read_bounded(path, STATE_LIMIT + 1)
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"{path}: cannot be read ({error.strerror or error}); it is left out"
    try:
        if len(content) > STATE_LIMIT:
            raise ValueError("it is too large")
        return _format(kind).decode(content, name=str(path)), ""
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        moved = keep_aside(path) if aside else None
        kept = f"kept as {moved.name}" if moved else "it stays in its place"
        return None, f"{path}: broken ({error}); {kept}"


def update_state(path: Path, kind: type[T] | Format[T], change: Callable[[T | None], T]) -> tuple[T, str]:
    """Read, change and write a JSON state file under its lock, so that no process's change is lost.

    `change` gets None where there is no (readable) file; of one that is older, a copy is kept. Returns the
    new value and the warning of `load_state`. Raises `BusyError`, `NewerState`, and OSError where nothing can
    be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path):
        value, warning = read_state(path, kind)
        changed = change(value)
        if value is not None and version_of(read_bounded(path, STATE_LIMIT)) < _format(kind).version:
            back_up(path)
        write_atomic(path, msgspec.json.format(msgspec.json.encode(changed), indent=2) + b"\n", mode=0o600)
    return changed, warning


def back_up(path: Path) -> Path:
    """Copy the file to `NAME.backup-<time>` beside it and return that; raises OSError."""
    content = read_bounded(path, STATE_LIMIT + 1, follow=False)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = 0
    while True:
        backup = path.with_name(f"{path.name}.backup-{stamp}" + (f"-{number}" if number else ""))
        if not os.path.lexists(backup):
            write_atomic(backup, content, mode=0o600)
            return backup
        number += 1


def _format(kind: type[T] | Format[T]) -> Format[T]:
    return kind if isinstance(kind, Format) else Format(kind)
