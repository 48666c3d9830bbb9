"""The event log on disk: lines, rotated files, and how far they were read.

Every file begins with a header that names its generation, so that a place in it is found again after a
rotation. Who writes holds the store's lock; reading needs none.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Generator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent_core.decoding import JsonDecoder
from agent_core.files import NotRegularError, append_line, keep_aside, kind_of, open_regular
from agent_core.rl.records import SCHEMA
from agent_core.rl.store.rights import mode_in

EVENTS = ".dspy_rl_events.jsonl"
ROTATE_AT = 8 * 1024 * 1024
"""How many bytes a file has at most, unless a single line is longer."""
KEPT = 3
"""How many rotated files are kept."""
LONGEST = 64 * 1024
"""A line of more bytes is none of ours."""
_CHECKED = 32
"""By so many bytes before it a place is known again; every line of ours is longer."""
_BLOCK = 1024 * 1024


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="header"):
    """The first line of a file."""

    schema: int
    generation: str


class Place(msgspec.Struct, frozen=True):
    """A place behind the line of a file; `check` is the checksum of the bytes before it."""

    generation: str
    offset: int
    check: int


class Line(msgspec.Struct, frozen=True):
    """A line without its end, and the place behind it.

    The content is None for a file's header, and empty for a line that is too long to be one of ours.
    """

    content: bytes | None
    place: Place


class Stamp(NamedTuple):
    """A file in the place of the log: which, how many bytes, and when it was written last."""

    inode: int
    size: int
    mtime_ns: int


class ForeignLog(OSError):
    """What lies in the place of the log cannot be written: it is newer, or no file at all."""


class NewerLog(ForeignLog):
    """It is of the newer version `schema`."""

    def __init__(self, schema: int) -> None:
        super().__init__(f"{EVENTS} is of a newer version ({schema}); it is left alone")
        self.schema = schema


_header = JsonDecoder[Header](Header)
_Open = tuple[int, str, int]
"""A file that is read: its descriptor, its generation ("" without a header), where its records begin."""


class Log:
    """The files of one workspace."""

    def __init__(self, root: Path) -> None:
        self.path = root / EVENTS

    def rotated(self, number: int) -> Path:
        """The name of the n-th rotated file; the higher, the older."""
        return self.path.with_suffix(f".{number}{self.path.suffix}")

    def generation(self) -> str:
        """Of the file that is appended to; "" when there is none with a header. Raises as `stamp`."""
        if self.stamp() is None:
            return ""
        with _opened(self.path) as (_, generation, _):
            return generation

    def stamp(self) -> Stamp | None:
        """What lies there now; None for nothing. Raises `ForeignLog` when it is no regular file."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise ForeignLog(f"{self.path.name} is {kind_of(found.st_mode)}, not a regular file")
        return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)

    def prepare(self) -> str:
        """See that there is a file with a header to append to.

        Returns a warning, "" when all is well; a file that is none of ours is kept aside. Raises OSError.
        """
        warning = ""
        if self.generation():
            return ""
        present = self.stamp()
        if present is not None and present.size:
            aside = keep_aside(self.path)
            if aside is None:
                raise ForeignLog(f"{self.path.name} is no event log and cannot be moved")
            warning = f"{self.path.name} was no event log; kept as {aside.name}"
        header = Header(schema=SCHEMA, generation=os.urandom(8).hex())
        append_line(self.path, msgspec.json.encode(header), mode=mode_in(self.path.parent), exact=True)
        return warning

    def append(self, line: bytes) -> None:
        """Write one line; `prepare` was called since the file was seen missing. Raises OSError."""
        append_line(self.path, line, mode=0o600)

    def settle(self) -> None:
        """Wait until the disk has all of it. Raises OSError."""
        fd = open_regular(self.path, follow=False)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rotate(self) -> None:
        """Begin a new file; the oldest of those that are kept goes. Raises OSError.

        After a kill in the middle there may be one file less than possible, and none to append to.
        """
        for number in range(KEPT, 0, -1):
            younger = self.rotated(number - 1) if number > 1 else self.path
            with suppress(FileNotFoundError):
                younger.rename(self.rotated(number))
        self.prepare()

    def since(self, place: Place | None) -> tuple[bool, Generator[Line]]:
        """The lines behind a place, oldest first; every line that is kept when it is not found.

        Returns whether it was found. A line at the very end without its end is not among them. The files
        stay open until the generator is read to its end or closed. Raises `ForeignLog` for a newer log.
        """
        stack = ExitStack()
        with stack:
            files = self._open(stack)
            found = next((at for at, file in enumerate(files) if place and _is_at(file, place)), None)
            offset = place.offset if place and found is not None else 0
            lines = self._lines(files[found or 0 :], offset, stack.pop_all())
        return found is not None, lines

    def has(self, place: Place) -> bool:
        """Whether the place is found."""
        with ExitStack() as stack:
            return any(_is_at(file, place) for file in self._open(stack))

    def _open(self, stack: ExitStack) -> list[_Open]:
        names = [*(self.rotated(number) for number in range(KEPT, 0, -1)), self.path]
        files: list[_Open] = []
        for path in names:
            with suppress(FileNotFoundError, NotRegularError):
                files.append(stack.enter_context(_opened(path)))
        return files

    @staticmethod
    def _lines(files: list[_Open], offset: int, stack: ExitStack) -> Generator[Line]:
        with stack:
            for fd, generation, begin in files:
                for content, end, check in _lines_of(fd, offset):
                    yield Line(content if end > begin else None, Place(generation, end, check))
                offset = 0


def place_after(place: Place, line: bytes) -> Place:
    """The place behind a line that was appended at a place."""
    written = line + b"\n"
    return Place(place.generation, place.offset + len(written), zlib.crc32(written[-_CHECKED:]))


class _opened:  # noqa: N801 - reads as the statement it is
    """A file for as long as it is read. Raises OSError, `ForeignLog` for a newer one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Open:
        self._fd = open_regular(self._path, follow=False)
        try:
            begins = os.pread(self._fd, 4096, 0)
            _refuse_newer(begins)
        except BaseException:
            os.close(self._fd)
            raise
        line, end, _ = begins.partition(b"\n")
        with suppress(msgspec.DecodeError):
            if end:
                return self._fd, _header.decode(line).generation, len(line) + 1
        return self._fd, "", 0

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _refuse_newer(begins: bytes) -> None:
    with suppress(msgspec.DecodeError):
        schema = _header.decode(begins.partition(b"\n")[0]).schema
        if schema > SCHEMA:
            raise NewerLog(schema)


def _is_at(file: _Open, place: Place) -> bool:
    """Whether this is the file of the place, and what stands before the place is what stood there."""
    fd, generation, _ = file
    if not generation or generation != place.generation or not 0 < place.offset <= os.fstat(fd).st_size:
        return False
    before = os.pread(fd, min(_CHECKED, place.offset), max(0, place.offset - _CHECKED))
    return before.endswith(b"\n") and zlib.crc32(before) == place.check


def _lines_of(fd: int, offset: int) -> Generator[tuple[bytes, int, int]]:
    """The complete lines from an offset on: content (b"" when too long), end, checksum at the end."""
    rest, too_long, position = b"", False, offset
    while block := os.pread(fd, _BLOCK, position):
        position += len(block)
        data = rest + block
        start = 0
        base = position - len(data)
        while (end := data.find(b"\n", start) + 1) > 0:
            content = data[start : end - 1]
            if too_long or len(content) > LONGEST:
                content, too_long = b"", False
            tail = data[max(0, end - _CHECKED) : end]
            if len(tail) < _CHECKED:
                tail = os.pread(fd, min(_CHECKED, base + end), max(0, base + end - _CHECKED))
            yield content, base + end, zlib.crc32(tail)
            start = end
        rest = data[start:]
        if len(rest) > LONGEST:
            rest, too_long = rest[-_CHECKED:], True
