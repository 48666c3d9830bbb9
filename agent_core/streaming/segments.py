"""Files of messages on their way: a folder for each program, which others take over when it has ended."""

from __future__ import annotations

import logging
import os
import re
import time
from array import array
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from struct import Struct
from uuid import uuid4
from zlib import crc32

from agent_core.files import flock, open_regular, write_all

_MAGIC = b"dspy-tui spool 1\n"
_HEAD = Struct(">IIHI")
"""The sum of what follows the first two numbers, the length of the message, of its topic, of its key."""
_SUMMED = Struct(">HI")
_RUN = Struct(">II")
"""Messages that were taken: the first and how many."""
_DATA, _DONE, _LOCK = ".messages", ".done", "lock"
_OURS = re.compile(r"[0-9]+\.(messages|done)|lock")
_NEW = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_log = logging.getLogger(__name__)

Record = tuple[str, str, bytes]
"""Topic, key and message."""


class Segment:
    """Messages in a row, from the number `first` on; those are `settled` that need no more sending."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.entries: list[Record] | None = []
        """None where only the file has them."""
        self.sizes = array("I")
        self.flags = bytearray()
        self.bytes = 0
        self.done = 0
        self.done_bytes = 0
        self.low = 0
        """Everything before this one is settled."""
        self.path: Path | None = None
        self.file: int | None = None
        self.written = 0
        self.newly_done: list[int] = []

    @property
    def end(self) -> int:
        """The number after the last."""
        return self.first + len(self.sizes)

    @property
    def settled(self) -> bool:
        """Whether all are."""
        return self.done == len(self.sizes)

    def add(self, record: Record, size: int) -> None:
        """One more."""
        assert self.entries is not None
        self.entries.append(record)
        self.sizes.append(size)
        self.flags.append(0)
        self.bytes += size

    def settle(self, place: int) -> int:
        """Mark one; its bytes."""
        self.flags[place] = 1
        self.done += 1
        self.done_bytes += self.sizes[place]
        self.newly_done.append(place)
        while self.low < len(self.flags) and self.flags[self.low]:
            self.low += 1
        return self.sizes[place]

    def forget(self) -> None:
        """Keep in memory only what no file has."""
        if self.path is not None and self.written == len(self.sizes):
            self.entries = None


class SegmentFolder:
    """The files of one program, in a folder of its own below `root`. Everything raises OSError.

    Args:
        root: Made when it is needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own: Path | None = None
        self._lock: int | None = None
        self._name = 0

    # Whose it is

    def recover(self) -> list[Segment]:
        """What programs left that are no more, the oldest first; it is this one's then."""
        try:
            return self._recover() if self._root.is_dir() else []
        except OSError as error:
            _log.warning("what was left in %s cannot be taken over: %s", self._root, error)
            return []

    def _recover(self) -> list[Segment]:
        own = self._folder()
        for other in sorted(each for each in self._root.iterdir() if each != own and each.is_dir()):
            with suppress(OSError):
                self._take_over(other, own)
        found: list[Segment] = []
        for path in sorted(own.glob("*" + _DATA)):
            with suppress(OSError, UnicodeDecodeError):
                if (segment := _found(path)) is not None:
                    found.append(segment)
                    continue
            _unlink(path)
        return found

    def _take_over(self, other: Path, own: Path) -> None:
        lock = os.open(other / _LOCK, _NEW, 0o600)
        try:
            if not _locked(lock):
                return
            ours = [path for path in other.iterdir() if _OURS.fullmatch(path.name)]
            for path in sorted(path for path in ours if path.suffix == _DATA):
                name = self._free(own, int(path.stem))
                with suppress(FileNotFoundError):
                    path.with_suffix(_DONE).rename(own / (name + _DONE))
                path.rename(own / (name + _DATA))
            for left in ours:
                left.unlink(missing_ok=True)
            other.rmdir()  # fails where somebody put files of their own there, which stay
        finally:
            os.close(lock)

    def _free(self, own: Path, number: int) -> str:
        while (own / f"{number:020d}{_DATA}").exists():
            number += 1
        return f"{number:020d}"

    def _folder(self) -> Path:
        while self._own is None:
            folder = self._root / uuid4().hex[:12]
            folder.mkdir(parents=True, mode=0o700)
            with suppress(FileNotFoundError):  # another saw it without a lock, and removed it
                lock = os.open(folder / _LOCK, _NEW, 0o600)
                if _locked(lock) and os.fstat(lock).st_nlink:
                    self._own, self._lock = folder, lock
                else:
                    os.close(lock)
        return self._own

    def close(self, segments: Iterable[Segment]) -> None:
        """Let go of the files; the folder goes where nothing is left."""
        for segment in segments:
            self._shut(segment)
        if self._own is None or self._lock is None:
            return
        if not any(self._own.glob("*" + _DATA)):
            with suppress(OSError):
                for left in self._own.iterdir():
                    left.unlink()
                self._own.rmdir()
        os.close(self._lock)
        self._own = self._lock = None

    # Segments

    def write(self, segment: Segment) -> None:
        """Append what no file has yet, and what was settled of what one has; each wholly or not at all."""
        entries, end = segment.entries, len(segment.sizes)
        if entries is not None and segment.written < end:
            lines = [_packed(*entries[place]) for place in range(segment.written, end)]
            if segment.file is None:
                segment.path, segment.file = self._new()
            _append(segment.file, (b"" if segment.written else _MAGIC) + b"".join(lines))
            segment.written = end
        if segment.newly_done and segment.path is not None:
            runs = b"".join(_RUN.pack(first, count) for first, count in _runs(segment.newly_done))
            file = os.open(segment.path.with_suffix(_DONE), _NEW, 0o600)
            try:
                _append(file, runs)
            finally:
                os.close(file)
        segment.newly_done = []

    def _new(self) -> tuple[Path, int]:
        own = self._folder()
        self._name = max(self._name + 1, time.time_ns())
        path = own / f"{self._name:020d}{_DATA}"
        return path, os.open(path, _NEW | os.O_EXCL, 0o600)

    def read(self, segment: Segment) -> list[Record]:
        """What its file has."""
        if segment.path is None:
            raise FileNotFoundError("a segment has no file")
        records = _records(_content(segment.path))
        if len(records) < len(segment.sizes):
            raise OSError(f"{segment.path.name} is damaged")
        return records[: len(segment.sizes)]

    def remove(self, segment: Segment) -> None:
        """Its file goes."""
        self._shut(segment)
        if segment.path is not None:
            _unlink(segment.path)
            segment.path = None

    def _shut(self, segment: Segment) -> None:
        if segment.file is not None:
            os.close(segment.file)
            segment.file = None


def _locked(lock: int) -> bool:
    import fcntl

    return flock(lock, fcntl.LOCK_EX, timeout=0)


def _unlink(path: Path) -> None:
    for each in (path, path.with_suffix(_DONE)):
        with suppress(OSError):
            each.unlink()


def _found(path: Path) -> Segment | None:
    """What a file has that is not settled; None for nothing."""
    segment = Segment(0)
    for record in _records(_content(path)):
        segment.add(record, sum(map(len, record)))
    with suppress(FileNotFoundError):
        done = _content(path.with_suffix(_DONE))
        for first, count in _RUN.iter_unpack(done[: len(done) // _RUN.size * _RUN.size]):
            for place in range(first, min(first + count, len(segment.sizes))):
                if not segment.flags[place]:
                    segment.settle(place)
    segment.newly_done.clear()
    if segment.settled:
        return None
    segment.path, segment.written, segment.entries = path, len(segment.sizes), None
    return segment


def _append(file: int, data: bytes) -> None:
    """Write all of it, or nothing: what follows half a message could not be read."""
    size = os.fstat(file).st_size
    try:
        write_all(file, data)
    except OSError:
        os.ftruncate(file, size)
        raise


def _content(path: Path) -> bytes:
    with os.fdopen(open_regular(path, follow=False), "rb") as file:
        return file.read()


def _packed(topic: str, key: str, data: bytes) -> bytes:
    names = topic.encode(), key.encode("utf-8", "surrogatepass")
    body = _SUMMED.pack(len(names[0]), len(names[1])) + names[0] + names[1] + data
    return _HEAD.pack(crc32(body), len(data), len(names[0]), len(names[1])) + body[_SUMMED.size :]


def _records(content: bytes) -> list[Record]:
    """The messages up to the first that is torn or damaged."""
    records: list[Record] = []
    if not content.startswith(_MAGIC):
        return records
    place = len(_MAGIC)
    while place + _HEAD.size <= len(content):
        summed, size, topic, key = _HEAD.unpack_from(content, place)
        begin = place + _HEAD.size
        end = begin + topic + key + size
        if end > len(content) or crc32(content[end - size - topic - key - _SUMMED.size : end]) != summed:
            break
        names = content[begin : begin + topic], content[begin + topic : begin + topic + key]
        records.append(
            (names[0].decode(), names[1].decode("utf-8", "surrogatepass"), content[end - size : end])
        )
        place = end
    return records


def _runs(places: list[int]) -> Iterable[tuple[int, int]]:
    first = last = -2
    for place in sorted(places):
        if place != last + 1:
            if first >= 0:
                yield first, last - first + 1
            first = place
        last = place
    yield first, last - first + 1
