"""Messages as they are kept: bytes, which are decoded once somebody looks at them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from agent_core.streaming.payload import payload_of
from agent_core.streaming.values import Header, Message, Payload

MOST_VALUE = 256 * 1024
"""Bytes that are kept of a value."""
_MOST_KEY, _MOST_HEADER, _MOST_HEADERS = 16 * 1024, 4 * 1024, 32
_OVERHEAD = 350
"""Bytes that an entry takes beside what its message holds, about."""


class Raw(msgspec.Struct, frozen=True, gc=False):
    """A message. Of its value, key and headers the beginning is kept; `size` is that of the whole value."""

    topic: str
    partition: int
    offset: int
    time: float | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    size: int


class Note(msgspec.Struct, frozen=True, gc=False):
    """Something that happened between two messages: a `BusNotice`, that messages were `passed` by, or that
    all were read `anew`."""

    what: Literal["lost", "back", "found", "gone", "unreadable", "passed", "anew"]
    text: str


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What is kept, in the order in which it came: `number` counts from 1. `repeat` says that a message with
    the same id came before."""

    number: int
    what: Raw | Note
    repeat: bool = False

    @property
    def weight(self) -> int:
        """Bytes of memory, about."""
        return _OVERHEAD + (len(self.what.text) if isinstance(self.what, Note) else _held(self.what))


def raw_of(record: Any) -> Raw:
    """A record as the client hands it out."""
    key: bytes | None = record.key
    value: bytes | None = record.value
    size = 0 if value is None else len(value)
    if value is not None and size > MOST_VALUE:
        value = value[: MOST_VALUE + 1]  # one more, so that it is known to be cut
    stamp = record.timestamp
    return Raw(
        record.topic,
        record.partition,
        record.offset,
        stamp / 1000 if stamp is not None and stamp >= 0 else None,
        key if key is None else key[:_MOST_KEY],
        value,
        _headers(record.headers) if record.headers else (),
        size,
    )


def message_of_raw(raw: Raw, *, most: int = MOST_VALUE) -> Message:
    """The message decoded, its value up to so many bytes."""
    value = payload_of(raw.value, most=most)
    if value.size != raw.size:
        value = msgspec.structs.replace(value, size=raw.size)
    return Message(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        time=raw.time,
        key=payload_of(raw.key, most=_MOST_KEY, json=False),
        value=value,
        headers=tuple(Header(name, _header(data)) for name, data in raw.headers),
    )


def _header(data: bytes | None) -> Payload:
    return payload_of(data, most=_MOST_HEADER, json=False)


def _headers(headers: Any) -> tuple[tuple[str, bytes | None], ...]:
    kept: list[tuple[str, bytes | None]] = list(headers)[:_MOST_HEADERS]
    return tuple((name[:_MOST_HEADER], data if data is None else data[:_MOST_HEADER]) for name, data in kept)


def _held(raw: Raw) -> int:
    named = sum(len(name) + len(data or b"") for name, data in raw.headers) if raw.headers else 0
    return len(raw.value or b"") + len(raw.key or b"") + named
