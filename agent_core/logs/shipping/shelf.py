"""What was shipped of a log, on the disk: a restart goes on where lines were delivered, with equal messages.

Before messages are sent it is noted how many lines each has. So those that were on their way when the program
died are sent again as they were, and their readers know them by their ids.
"""

from __future__ import annotations

import fcntl
import os
from hashlib import blake2b
from pathlib import Path

import msgspec

from agent_core.errors import LogFault
from agent_core.files import flock, read_state, write_atomic
from agent_core.logs.sources.port import Place
from agent_core.migrations import NewerState
from agent_core.text import one_line

_MOST_PARTS = 200
"""Texts of a log that are known: the files of its rotation, or its containers."""
_HINT = "Another program ships it, or this one does it twice; end one of them."


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one text of a log: a file, whatever it is called, or a container.

    `number` tells it from the others of the log, and `name` from all there are: messages have that. `place`
    is how far its source needs not be read again. `done` lines are delivered, `last` is a digest of the last
    one. `planned` are the lines of each message that is on its way. `opened` begins the private key in which
    the last delivered line lies ("" for none).
    """

    number: int
    name: str
    place: Place
    done: int = 0
    last: str = ""
    planned: tuple[int, ...] = ()
    opened: str = ""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    schema: int = 1
    log: str
    numbers: int = 0
    parts: tuple[Part, ...] = ()


class Shelf:
    """The texts of one log. Only one at a time has it; the lock goes with the process.

    Args:
        folder: Where shelves are; it is made.
        log: What is shipped where: names the shelf.

    Raises:
        LogFault: Somebody else has it, a newer version does, or nothing can be written.
    """

    def __init__(self, folder: Path, log: str) -> None:
        self._log = log
        name = blake2b(log.encode("utf-8", "replace"), digest_size=10).hexdigest()
        self._path = folder / f"{name}.json"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            self._lock = os.open(folder / f"{name}.lock", flags, 0o600)
        except OSError as error:
            raise _unwritable(folder, error) from None
        if not flock(self._lock, fcntl.LOCK_EX, timeout=0):
            os.close(self._lock)
            raise LogFault(f"{one_line(log.split(chr(10))[-1])} is being shipped already", hint=_HINT)
        try:
            kept, self.warning = read_state(self._path, _Kept)
        except NewerState as newer:
            os.close(self._lock)
            raise LogFault(newer.message, hint=newer.hint) from None
        self._numbers = kept.numbers if kept else 0
        self._parts = {part.number: part for part in kept.parts} if kept else {}

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that is known, the oldest first."""
        return tuple(self._parts.values())

    def new(self, place: Place, name: str) -> Part:
        """A text that was never seen; `name` is made part of its own."""
        self._numbers += 1
        return Part(number=self._numbers - 1, name=f"{self._numbers - 1:x}-{name}", place=place)

    def put(self, part: Part) -> None:
        """From now on it stands like this; on the disk after `save`."""
        self._parts.pop(part.number, None)
        self._parts[part.number] = part

    def save(self) -> None:
        """Write it; a kill leaves the one before. Raises `LogFault`."""
        parts = tuple(self._parts.values())[-_MOST_PARTS:]
        kept = _Kept(log=self._log, numbers=self._numbers, parts=parts)
        try:
            write_atomic(self._path, msgspec.json.encode(kept) + b"\n", mode=0o600, durable=False)
        except OSError as error:
            raise _unwritable(self._path.parent, error) from None

    def close(self) -> None:
        """Let others have it."""
        os.close(self._lock)


def _unwritable(folder: Path, error: OSError) -> LogFault:
    return LogFault(
        f"What was shipped cannot be noted in {one_line(str(folder))}: {error.strerror or error}",
        hint="Without that a restart would send everything again: name a folder that can be written.",
    )
