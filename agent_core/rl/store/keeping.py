"""The state in memory kept equal to the log on disk. Who calls holds the store's lock, except for reading."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from agent_core.errors import AgentError
from agent_core.files import back_up
from agent_core.rl.records import Control, Record, from_line, to_line
from agent_core.rl.store import log as logs
from agent_core.rl.store import statefile
from agent_core.rl.store.ahead import Ahead
from agent_core.rl.store.folding import State, is_sound
from agent_core.rl.store.log import Line, Log, Stamp, place_after

SAVE_EVERY = 5.0
"""Seconds between two writings of the state, at least."""
_AHEAD_S = 86_400.0
"""How far the clock of whoever made a record from elsewhere may be ahead."""


class LeftOut(msgspec.Struct):
    """Records from elsewhere that this process did not take: known already; of a writer that may be
    forgotten; with numbers that cannot be, or too long; resets, which hold where they were made."""

    duplicates: int = 0
    too_old: int = 0
    unsound: int = 0
    resets: int = 0


class Keeping:
    """One process's state, and the files.

    Args:
        root: The workspace's.
        clock: Seconds since 1970.
        tell: Told what a person should know, in a sentence.
        guest: Add to the log, and make and replace no file, see `rights.py`.
    """

    def __init__(
        self, root: Path, *, clock: Callable[[], float], tell: Callable[[str], None], guest: bool = False
    ) -> None:
        self.log = Log(root)
        self.state_file = root / statefile.STATE
        self.kept = State()
        """What the records of the log add up to, in its order."""
        self.state = self.kept
        """That, and what waits: to look at."""
        self._ahead = Ahead()
        self.waiting = self._ahead.waiting
        """Records that could not be written yet."""
        self._clock, self._tell, self._guest = clock, tell, guest
        self._stamp: Stamp | None = None
        """What the log was when it was read last."""
        self._at_end = False
        """Whether the state's place is the very end of the file that is appended to."""
        self._is_loaded = False
        self._dirty = False
        self._save_at = 0.0
        self._rotate_at = 0.0

    def load(self) -> None:
        """Read state and log, unless that was done; what is broken is kept aside. Raises OSError."""
        if self._is_loaded:
            return
        loaded = statefile.load(self.state_file) if not self._guest else self._seen()
        self.kept = loaded.state or State()
        self._tell(loaded.warning)
        self._stamp = None
        self.sync()
        self._is_loaded = True
        if loaded.older and not self._guest:
            back_up(self.state_file)
            self._dirty = True
            self.save()

    def _seen(self) -> statefile.Loaded:
        """The state as it is; a broken one is its owner's to keep aside."""
        try:
            return statefile.read(self.state_file)
        except ValueError:
            return statefile.Loaded(None)

    def peek(self) -> None:
        """Read of state and log what can be read, without any lock, and change no file."""
        try:
            self.kept = statefile.read(self.state_file).state or State()
        except (OSError, ValueError):
            self.kept = State()
        self._stamp = None
        try:
            self.sync()
        finally:
            self.look_ahead()

    @property
    def is_news(self) -> bool:
        """Whether the log is not as it was read last."""
        try:
            return self.log.stamp() != self._stamp
        except OSError:
            return True

    def sync(self) -> None:
        """Count what others wrote. Raises OSError."""
        stamp = self.log.stamp()
        if stamp == self._stamp:
            return
        self.kept = self._kept_state() or self.kept
        found, lines = self.log.since(self.kept.place)
        with closing(lines):
            again = not found and bool(self.kept.marks.writers)
            for line in lines:
                self._count(line, again)
        self._stamp = stamp
        place = self.kept.place
        self._at_end = (
            stamp is not None
            and place is not None
            and place.offset == stamp.size
            and place.generation == self.log.generation()
        )

    def _kept_state(self) -> State | None:
        """The state on disk, where that one knows its place in the log and this one does not.

        So it is for a process that slept while the log was rotated away under it.
        """
        if self.kept.place is not None and self.log.has(self.kept.place):
            return None
        try:
            kept = statefile.read(self.state_file).state
        except (OSError, ValueError):
            return None
        return kept if kept is not None and kept.place is not None and self.log.has(kept.place) else None

    def _count(self, line: Line, again: bool) -> None:
        """Count a line; where lines are read again, nothing but what is new counts."""
        self.kept.place = line.place
        self._dirty = True
        if line.content is None:
            return
        record = sound_record(line.content)
        if record is None:
            self.kept.broken += not again
        elif again and self.kept.marks.may_forget(record):
            pass
        elif not self.kept.take(record) and not again:
            self.kept.duplicates += 1

    def catch_up(self, *, save: bool = False) -> None:
        """Count what others wrote, and write the state when it is due or to be saved. Raises OSError."""
        self.sync()
        self.save_when_due(now=save)

    def look_ahead(self) -> None:
        """Count in `state` what waits although it is not written."""
        self.state = self._ahead.of(self.kept)

    def write_waiting(self) -> None:
        """Count what others wrote, then write and count what waits. Raises OSError; what could not be written
        goes on waiting."""
        self.sync()
        while self.waiting:
            self.write(self.waiting[0])
            self.waiting.popleft()
        self.save_when_due()

    def write(self, record: Record) -> None:
        """Write and count a record after those of others. Raises OSError."""
        line = to_line(record)
        self.sync()
        if self.kept.marks.has(record):
            return  # written by a call that was broken off, or by whoever it was shared with
        if self._stamp is not None and self._stamp.size + len(line) >= logs.ROTATE_AT:
            self._rotate()
        if not self._at_end:
            self._prepare()
            self.sync()
        self.log.append(line)
        if self._at_end and self.kept.place is not None:
            self.kept.place = place_after(self.kept.place, line)
            self.kept.take(record)
            self._dirty = True
            self._stamp = self.log.stamp()
        else:  # behind a torn line, which is counted now that it is closed
            self.sync()

    def _prepare(self) -> None:
        if not self._guest:
            self._tell(self.log.prepare())
        elif not self.log.generation():
            raise logs.ForeignLog(
                f"{self.log.path.name} is not there yet: the first session of the workspace's owner begins it"
            )

    def apply(self, record: Record, left_out: LeftOut) -> bool:
        """Write and count a record from elsewhere, or count why it is left out; whether it was new."""
        if not self._is_sound(record):
            left_out.unsound += 1
        elif self.kept.marks.has(record):
            left_out.duplicates += 1
        elif self.kept.marks.may_forget(record):
            left_out.too_old += 1
        elif isinstance(record, Control) and record.what == "reset":
            left_out.resets += 1
        else:
            self.write(record)
            return True
        return False

    def _is_sound(self, record: Record) -> bool:
        if not is_sound(record) or record.at > self._clock() + _AHEAD_S:
            return False
        return len(to_line(record)) <= logs.LONGEST

    def settle(self) -> None:
        """Wait until the disk has all that counts. Raises OSError."""
        if self._guest:
            self.log.settle()
        else:
            self.save()

    def reset(self, control: Control) -> Path:
        """Forget everything by this record, behind a backup of the state; returns that. Raises OSError."""
        self.sync()
        self.save(always=True)
        backup = back_up(self.state_file)
        kept = statefile.read(backup).state
        self.write(control)
        self.save_when_due(now=True)
        if kept is not None:  # whoever puts it back does not mean to come by the reset again
            kept.marks.add(control)
            kept.place = self.kept.place
            with suppress(OSError):
                statefile.save(backup, kept, self._clock())
        return backup

    def _rotate(self) -> None:
        """Begin a new file once the state has all of this one; where that fails, the log goes on growing."""
        if self._guest or time.monotonic() < self._rotate_at:
            return
        self._rotate_at = time.monotonic() + SAVE_EVERY
        try:
            self.save()
            self.log.rotate()
        except OSError as error:
            self._tell(f"{self.log.path.name} cannot be rotated: {error.strerror or error}")
            return
        finally:
            self.sync()
        self._rotate_at = 0.0

    def save(self, *, always: bool = False) -> None:
        """Write the state when it is not as it was written last (or `always`). Raises OSError."""
        self._save_at = time.monotonic() + SAVE_EVERY
        if self._guest or not (self._dirty or always):
            return
        statefile.save(self.state_file, self.kept, self._clock())
        self._dirty = False

    def save_when_due(self, *, now: bool = False) -> None:
        """Write the state unless that was done just before; until it can be written, the log has all."""
        if not now and time.monotonic() < self._save_at:
            return
        try:
            self.save()
        except OSError as error:
            self._tell(f"{self.state_file.name} cannot be written: {error.strerror or error}")


def reason(error: AgentError | OSError) -> str:
    """What went wrong, in the words of an error; of a file, which."""
    if isinstance(error, AgentError):
        return error.message
    name = f"{os.path.basename(error.filename)}: " if isinstance(error.filename, str) else ""  # noqa: PTH119
    return name + (error.strerror or str(error))


def sound_record(content: bytes) -> Record | None:
    """The record of a line; None where it is none, or has numbers that cannot be."""
    try:
        record = from_line(content)
    except (ValueError, RecursionError):
        return None
    return record if is_sound(record) else None
