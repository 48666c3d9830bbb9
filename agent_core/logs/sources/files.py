"""A log file with its rotated generations as a source: read to its end, and followed beyond."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from itertools import count

from agent_core.errors import PathRefused
from agent_core.files import NotRegularError, open_regular
from agent_core.logs.discover import LogFamily, family_of
from agent_core.logs.sources.identity import identity_of, key_of, part_of
from agent_core.logs.sources.kinds import HEAD, NoTextError, PackedError, kind_of_text
from agent_core.logs.sources.packed import PackedFile
from agent_core.logs.sources.plain import PlainFile, TimeOf
from agent_core.logs.sources.port import Begin, Block
from agent_core.text import human_size, one_line
from agent_core.workspace import Workspace

LOOK_S = 0.25
"""Seconds between two looks at a file that is followed."""
_START = Begin()


class FileSource:
    """Reads the files of one log, the oldest first; then what is added to the newest.

    Reading ends where a file ended when it was opened, so it ends also where a file grows as fast as it is
    read; `more` looks again. A file that is renamed away is read to its end before the one in its place is
    begun; one that is truncated, or written anew, is begun anew; one that vanished is waited for.

    Args:
        workspace: Where it lies; a link that leads out of it is refused.
        family: The files.
        begin: Where to begin; with `most` the rotated files are left out.
        time_of: Finds the place of `begin.since`.
    """

    def __init__(self, *, workspace: Workspace, family: LogFamily, begin: Begin, time_of: TimeOf) -> None:
        self._workspace, self._begin, self._time_of = workspace, begin, time_of
        self._live = family.path
        """The file that is written to; it need not be there."""
        since = -1.0 if begin.since is None else begin.since
        rotated = [file for file in family.files if file.path != self._live and begin.most is None]
        newer = [file for file in rotated if file.mtime_ns >= since * 1e9]
        self._waiting = deque((*(file.path for file in newer), self._live))
        self._reader: PlainFile | PackedFile | None = None
        self._numbers = count()
        self._holds: dict[str, str] = {}
        """What each file holds now, of what was read, by its inode."""
        self._notes: dict[str, None] = {}
        self.unreadable = self.no_log = False
        self._done = 0
        live = (file.size for file in family.files if file.path == self._live)
        self._size = sum((*(file.size for file in newer), *live))

    @property
    def name(self) -> str:
        """The log's path from the root."""
        return self._live

    @property
    def size(self) -> int:
        """Bytes to be read, as far as they were seen; a packed file counts as it lies on the disk."""
        return self._size

    @property
    def done(self) -> int:
        """Bytes of them that are read."""
        return self._done + (self._reader.done if self._reader else 0)

    @property
    def note(self) -> str:
        """What was left out or is wrong."""
        return "; ".join(self._notes)

    def name_of(self, part: str) -> str:
        """The file that holds it now; "" when that was deleted, packed or emptied."""
        inode = key_of(part)
        if self._holds.get(inode) != part:
            return ""
        family = family_of(self._workspace, self._live)
        paths = (file.path for file in family.files) if family else ()
        return next((path for path in paths if self._inode(path) == inode), "")

    async def read(self) -> Block | None:
        """The next block; None when all that was there is read."""
        while True:
            if self._reader is None:
                if not self._waiting:
                    return None
                self._open(self._waiting.popleft(), self._begin)
            elif (block := self._reader.read()) is not None:
                self._holds[key_of(block.part)] = block.part
                return block
            elif self._reader.path == self._live:
                return None  # kept open: more may come, even once it is renamed
            else:
                self._close()

    async def look(self) -> bool:
        """Whether the newest file grew, was replaced, or came back."""
        return self._looks_new()

    async def more(self) -> bool:
        """Wait until it did, or until it is gone."""
        note = self.note
        while not self._looks_new() and self.note == note:  # noqa: ASYNC110 - the disk is looked at, no task
            await asyncio.sleep(LOOK_S)
        return True

    async def aclose(self) -> None:
        """Close what is open."""
        self._close()

    # Inside

    def _looks_new(self) -> bool:
        gone = f"{one_line(self._live)} is gone"
        if self._reader is not None and self._reader.look():
            self._size = max(self._size, self._done + self._reader.size)
            return True
        try:
            status = os.stat(self._workspace.resolve(self._live), follow_symlinks=False)  # noqa: PTH116
        except (OSError, PathRefused):
            if self._reader is not None:
                self._notes.setdefault(gone)
            return False
        self._notes.pop(gone, None)
        if self._reader is not None and self._reader.is_at(status):
            return False
        self._close()
        return self._open(self._live, _START)

    def _open(self, path: str, begin: Begin) -> bool:
        """Open the next file; one that cannot be read is noted, a missing one is waited for."""
        try:
            fd = open_regular(self._workspace.resolve(path), follow=False)
        except FileNotFoundError:
            return False
        except (OSError, PathRefused) as error:
            self._leave_out(path, error)
            return False
        try:
            if kind_of_text(os.pread(fd, HEAD, 0)) == "gzip":
                self._reader = PackedFile(fd, path, self._numbers)
            else:
                self._reader = PlainFile(fd, path, begin, self._time_of, self._numbers)
        except OSError as error:
            os.close(fd)
            self._leave_out(path, error)
            return False
        self.unreadable = self.no_log = False
        if path == self._live:
            self._size = self._done + self._reader.size
        if begin.most and self._reader.begun_at:
            self._notes.setdefault(f"only the last {human_size(begin.most)} were read")
        return True

    def _leave_out(self, path: str, error: Exception) -> None:
        self._notes.setdefault(f"{one_line(path)} is left out: {_reason(error)}")
        self.unreadable = not self._holds and self._reader is None
        none = isinstance(error, NoTextError | NotRegularError) and not isinstance(error, PackedError)
        self.no_log = self.unreadable and none

    def _inode(self, path: str) -> str:
        try:
            status = os.stat(self._workspace.root / path, follow_symlinks=False)  # noqa: PTH116
        except OSError:
            return ""
        return key_of(part_of(identity_of(status), 0))

    def _close(self) -> None:
        if self._reader is None:
            return
        if self._reader.note:
            self._notes.setdefault(self._reader.note)
        self._done += self._reader.size
        self._reader.close()
        self._reader = None


def _reason(error: Exception) -> str:
    if isinstance(error, PathRefused):
        return "it leads out of the workspace"
    if isinstance(error, NoTextError):
        return str(error)
    if isinstance(error, NotRegularError):
        return "it is " + str(error).rpartition(" is ")[2].partition(",")[0]
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
