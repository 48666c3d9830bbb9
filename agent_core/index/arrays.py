"""A file of named arrays: written at once and atomically, mapped when it is read.

Layout: magic, length and checksum of the header, header (msgpack: name -> dtype, shape, offset), the arrays,
each aligned to 64 bytes. A file that is cut, foreign or of another version is refused, never half read.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

_MAGIC = b"dspyidx1"
_ALIGN = 64


class BrokenArrays(ValueError):
    """The file is not one of ours, or not all of it is there."""


class OtherVersion(BrokenArrays):
    """The file is whole, and of another version."""


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    dtype: str
    shape: tuple[int, ...]
    offset: int


class _Header(msgspec.Struct, frozen=True, array_like=True):
    version: int
    size: int
    entries: dict[str, _Entry]


class Arrays:
    """Named arrays and texts."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def put(self, name: str, array: NDArray[Any]) -> None:
        """Keep an array under a name."""
        self._arrays[name] = np.ascontiguousarray(array)

    def put_text(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        self.put_bytes(name, text.encode("utf-8", "surrogatepass"))

    def put_bytes(self, name: str, raw: bytes) -> None:
        """Keep bytes under a name."""
        self._arrays[name] = np.frombuffer(raw, np.uint8)

    def get(self, name: str) -> NDArray[Any]:
        """The array of this name; one that was read from a file cannot be written to."""
        try:
            return self._arrays[name]
        except KeyError:
            raise BrokenArrays(f"there is no {name}") from None

    def text(self, name: str) -> str:
        """The text of this name."""
        return self.bytes(name).decode("utf-8", "surrogatepass")

    def bytes(self, name: str) -> bytes:
        """The bytes of this name."""
        return self.get(name).tobytes()

    def write(self, path: Path, *, version: int) -> None:
        """Replace the file in one step; raises OSError."""
        entries: dict[str, _Entry] = {}
        offset = 0
        for name, array in self._arrays.items():
            entries[name] = _Entry(array.dtype.str, array.shape, offset)
            offset += -(-array.nbytes // _ALIGN) * _ALIGN
        header = msgspec.msgpack.encode(_Header(version, offset, entries))
        start = len(_MAGIC) + 12 + len(header)
        padding = -start % _ALIGN
        temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            with temporary.open("wb") as file:
                file.write(_MAGIC + len(header).to_bytes(8, "little") + crc32(header).to_bytes(4, "little"))
                file.write(header + bytes(padding))
                for array in self._arrays.values():
                    file.write(array.data)
                    file.write(bytes(-array.nbytes % _ALIGN))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path, *, version: int) -> Arrays:
        """Map a file.

        Raises:
            FileNotFoundError: There is none.
            OSError: It cannot be read.
            OtherVersion: Another version of the program wrote it.
            BrokenArrays: It is no such file, or is cut.
        """
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < len(_MAGIC) + 12:
                raise BrokenArrays("the file is cut")
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        begin = len(_MAGIC) + 12
        if bytes(view[: len(_MAGIC)]) != _MAGIC:
            raise BrokenArrays("the file is not an index")
        length = int.from_bytes(view[len(_MAGIC) : begin - 4], "little")
        raw = bytes(view[begin : begin + length])
        if crc32(raw) != int.from_bytes(view[begin - 4 : begin], "little"):
            raise BrokenArrays("the header is damaged")
        try:
            header = msgspec.msgpack.decode(raw, type=_Header)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise BrokenArrays(f"the header is broken ({error})") from error
        start = -(-(begin + length) // _ALIGN) * _ALIGN
        if header.version != version:
            raise OtherVersion(f"the file is of version {header.version}")
        if len(view) < start + header.size:
            raise BrokenArrays("the file is cut")
        arrays = cls()
        for name, entry in header.entries.items():
            count = int(np.prod(entry.shape))
            arrays._arrays[name] = np.frombuffer(view, entry.dtype, count, start + entry.offset).reshape(
                entry.shape
            )
        return arrays
