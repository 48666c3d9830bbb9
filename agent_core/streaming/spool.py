"""Messages on their way, in their order and within a bound: in memory, and in files where there is a folder.

`append` is for any thread and only touches memory. Everything else is for one thread, which writes what is
new to files (`persist`), hands out what is to be sent (`take`) and hears what was taken (`settle`).
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from agent_core.streaming.segments import Segment, SegmentFolder

_PARTS = 16
"""Of the bound, one is what a file holds, and what is dropped at once where there is no more room."""
_TRIED_AGAIN_S = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A message; numbers count up in the order of sending, those from before the start are negative."""

    number: int
    topic: str
    key: str
    data: bytes


class Spool:
    """See above.

    Args:
        most_bytes: The bound, of messages with topics and keys.
        folder: Where files may lie; None for none.
    """

    def __init__(self, *, most_bytes: int, folder: SegmentFolder | None = None) -> None:
        self._most = most_bytes
        self._part = max(1, most_bytes // _PARTS)
        self._folder = folder
        self._lock = threading.Lock()
        self._segments: list[Segment] = []
        self._open: Segment | None = None
        self._cursor = 0
        """The next number that is handed out."""
        self._next = 0
        self._waiting = 0
        self._waiting_bytes = 0
        self._held_bytes = 0
        self._dropped = 0
        self._gone: list[Segment] = []
        """Segments whose files are to be removed."""
        self._write_after = 0.0
        self._unwritten = False
        """Whether it was said that the disk takes nothing."""

    # For any thread

    def append(self, topic: str, key: str, data: bytes) -> int:
        """Take a message at the end; the oldest ones go where there is no more room. Its number."""
        size = len(topic) + len(key) + len(data)
        with self._lock:
            self._make_room(size)
            if self._open is None or self._open.bytes >= self._part:
                self._open = Segment(self._next)
                self._segments.append(self._open)
            self._open.add((topic, key, data), size)
            self._count(1, size)
            self._held_bytes += size
            self._next += 1
            return self._next - 1

    @property
    def waiting(self) -> tuple[int, int]:
        """How many messages are not settled, and their bytes."""
        with self._lock:
            return self._waiting, self._waiting_bytes

    @property
    def dropped(self) -> int:
        """How many went because there was no more room."""
        return self._dropped

    @property
    def last(self) -> int:
        """The number of the newest message."""
        return self._next - 1

    @property
    def oldest(self) -> int:
        """The number of the oldest message that is not settled; the next one's where there is none."""
        with self._lock:
            return next((each.first + each.low for each in self._segments if not each.settled), self._next)

    def _count(self, messages: int, size: int) -> None:
        self._waiting += messages
        self._waiting_bytes += size

    def _make_room(self, size: int) -> None:
        while self._segments and self._held_bytes + size > self._most:
            oldest = self._segments[0]
            self._dropped += len(oldest.sizes) - oldest.done
            self._remove(oldest)

    def _remove(self, segment: Segment) -> None:
        self._segments.remove(segment)
        self._gone.append(segment)
        self._held_bytes -= segment.bytes
        self._count(segment.done - len(segment.sizes), segment.done_bytes - segment.bytes)
        if segment is self._open:
            self._open = None
        if self._cursor < segment.end:
            self._cursor = max(self._cursor, self._segments[0].first if self._segments else self._next)

    # For the one thread

    def recover(self) -> None:
        """Take over what programs left that ended before; once, before anything else."""
        if self._folder is None:
            return
        found = self._folder.recover()
        number = -sum(len(segment.sizes) for segment in found)
        with self._lock:
            for segment in found:
                segment.first = number
                number = segment.end
                self._count(len(segment.sizes) - segment.done, segment.bytes - segment.done_bytes)
                self._held_bytes += segment.bytes
            self._segments[:0] = found
            self._cursor = self._segments[0].first if self._segments else self._next
            self._make_room(0)

    def persist(self) -> None:
        """Write what is new, and remove what is settled. A disk that takes nothing is tried again later, and
        messages stay in memory."""
        with self._lock:
            gone, self._gone = self._gone, []
            there = list(self._segments)
        if self._folder is None:
            return
        for segment in gone:
            self._folder.remove(segment)
        if time.monotonic() < self._write_after:
            return
        try:
            for segment in there:
                self._folder.write(segment)
        except OSError as error:
            self._write_after = time.monotonic() + _TRIED_AGAIN_S
            if not self._unwritten:
                _log.warning("messages stay in memory, and go with the program: %s", error)
            self._unwritten = True
        else:
            if self._unwritten:
                _log.info("messages are written to the disk again")
            self._unwritten = False
        with self._lock:
            for segment in there:
                if segment is not self._open and not segment.first <= self._cursor < segment.end:
                    segment.forget()

    def take(self, most_bytes: int) -> list[Entry]:
        """The next messages, about so many bytes of them; none where all are handed out."""
        taken: list[Entry] = []
        while most_bytes > 0 and (segment := self._at_cursor()) is not None:
            if segment.entries is None and not self._read(segment):
                continue
            with self._lock:
                entries = segment.entries
                if entries is None or segment not in self._segments:
                    continue
                self._cursor = max(self._cursor, segment.first)
                while most_bytes > 0 and self._cursor < segment.end:
                    place = self._cursor - segment.first
                    if not segment.flags[place]:
                        taken.append(Entry(self._cursor, *entries[place]))
                        most_bytes -= segment.sizes[place]
                    self._cursor += 1
        return taken

    def _at_cursor(self) -> Segment | None:
        with self._lock:
            return next((each for each in self._segments if self._cursor < each.end), None)

    def _read(self, segment: Segment) -> bool:
        """Bring back what only a file has; where that fails it is lost."""
        try:
            assert self._folder is not None
            entries = self._folder.read(segment)
        except OSError as error:
            _log.warning("messages are lost: %s", error)
            with self._lock:
                if segment in self._segments:
                    self._dropped += len(segment.sizes) - segment.done
                    self._remove(segment)
            return False
        with self._lock:
            segment.entries = entries
        return True

    def rewind(self) -> None:
        """Hand out again what is not settled."""
        oldest = self.oldest
        with self._lock:
            self._cursor = min(self._cursor, oldest)

    def settle(self, numbers: Iterable[int]) -> None:
        """These need no more sending. One that was dropped meanwhile is no longer counted as such."""
        with self._lock:
            for number in numbers:
                place = bisect_right(self._segments, number, key=lambda each: each.first) - 1
                if place < 0 or number >= (segment := self._segments[place]).end:
                    self._dropped -= 1
                    continue
                size = segment.settle(number - segment.first)
                self._count(-1, -size)
                if segment.settled and segment is not self._open:
                    self._remove(segment)
            if not self._waiting:
                for segment in list(self._segments):
                    self._remove(segment)

    def close(self) -> None:
        """Write what is left, and let go of the files: another program may take them over."""
        self._write_after, self._unwritten = 0.0, False  # what is not written now is lost, and that is said
        self.persist()
        if self._folder is not None:
            self._folder.close(self._segments)
