"""How packed batches are unpacked: up to a bound, whatever they say of themselves. kafka-python has none, and
a batch of a megabyte can hold a thousand of them."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable
from importlib import import_module
from typing import Any

MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes of a batch: brokers take a packed megabyte, and logs unpack to ten or twenty times as much."""
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
_codecs: Any = import_module("kafka.codec")  # it has no types
_errors: Any = import_module("kafka.errors")


def bound_unpacking() -> None:
    """Have the library unpack with these functions from now on, in this process.

    They raise what it raises for batches that it cannot read: `CorruptRecordError`, also where a batch
    unpacks to more than `MOST_UNPACKED` bytes.
    """
    for name in ("kafka.record.default_records", "kafka.record.legacy_records"):
        records: Any = import_module(name)
        records.gzip_decode = _readable(_gzip)
        records.snappy_decode = _readable(_snappy)
        records.lz4_decode = _readable(_lz4)
        if hasattr(records, "zstd_decode"):
            records.zstd_decode = _readable(_zstd)
    _codecs.lz4_decode = _readable(_lz4)  # that of the oldest brokers' form uses it


def _readable(unpack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Whatever a library says of damaged data becomes the one error."""

    def unpacked(data: bytes) -> bytes:
        try:
            return unpack(data)
        except _errors.KafkaError:
            raise
        except Exception as error:
            raise _errors.CorruptRecordError(f"cannot be unpacked: {error!r}") from error

    return unpacked


def _bounded(size: int) -> None:
    if size > MOST_UNPACKED:
        raise _errors.CorruptRecordError(f"unpacks to more than {MOST_UNPACKED:,} bytes")


def _gzip(data: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data), mode="rb") as file:
        found = file.read(MOST_UNPACKED + 1)
    _bounded(len(found))
    return found


def _lz4(data: bytes) -> bytes:
    unpacker = _codecs.lz4.LZ4FrameDecompressor()
    found: bytes = unpacker.decompress(data, max_length=MOST_UNPACKED + 1)
    _bounded(len(found))
    if not unpacker.eof:
        raise EOFError("it ends early")
    return found


def _zstd(data: bytes) -> bytes:
    with _codecs.zstd.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        found: bytes = reader.read(MOST_UNPACKED + 1)
    _bounded(len(found))
    return found


def _snappy(data: bytes) -> bytes:
    if len(data) <= _XERIAL_HEADER or not data.startswith(_XERIAL):
        return _snappy_block(data, MOST_UNPACKED)
    found, place = bytearray(), _XERIAL_HEADER
    while place < len(data):
        (size,) = struct.unpack_from("!i", data, place)
        place += 4
        if not 0 < size <= len(data) - place:
            raise EOFError("a block of it ends elsewhere")
        found += _snappy_block(data[place : place + size], MOST_UNPACKED - len(found))
        place += size
    return bytes(found)


def _snappy_block(data: bytes, most: int) -> bytes:
    """A block begins with its unpacked size, seven bits a byte; no more room than that is taken."""
    size = 0
    for number, byte in enumerate(data[:5]):
        size |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            break
    if size > most:
        _bounded(MOST_UNPACKED + 1)
    return _codecs.snappy.decompress(data)
