"""Bytes on disk, out of memory: an unnamed file that goes with the program, however that ends."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

_DISK = Path("/var/tmp")


class Place(NamedTuple):
    """Where something lies on the shelf."""

    at: int
    size: int


class Shelf:
    """Keeps what is put on it until the program ends. The file is made when it is first needed."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._end = 0

    def put(self, data: bytes) -> Place:
        """Write it behind everything else; raises OSError where there is no room."""
        if self._file is None:
            self._file = _unnamed()
        place = Place(self._end, len(data))
        rest, at = memoryview(data), place.at
        while rest:  # a disk that becomes full takes a part, and refuses only the next
            done = os.pwrite(self._file.fileno(), rest, at)
            rest, at = rest[done:], at + done
        self._end += len(data)
        return place

    def get(self, place: Place) -> bytes:
        """What was put there; raises OSError where the disk fails."""
        if self._file is None:
            raise FileNotFoundError("nothing was put on the shelf")
        data = os.pread(self._file.fileno(), place.size, place.at)
        if len(data) != place.size:
            raise OSError("the shelf is shorter than what was put on it")
        return data

    def clear(self) -> None:
        """Throw everything away, and give the disk its room back."""
        if self._file is not None:
            self._file.close()
        self._file, self._end = None, 0


def _unnamed() -> BinaryIO:
    """A file that only this process can find."""
    folder = _DISK if os.access(_DISK, os.W_OK | os.X_OK) else None
    return cast("BinaryIO", tempfile.TemporaryFile(dir=folder, buffering=0))
