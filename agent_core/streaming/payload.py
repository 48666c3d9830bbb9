"""Bytes of a message as what they are: JSON, text, or bytes. Whatever they are, nothing is raised."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from itertools import chain
from typing import Any, cast

import msgspec

from agent_core.streaming.values import Header, Message, Payload

_BINARY = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f]")
"""Characters that no text has; ESC, BEL and backspace are what programs write to terminals, so to logs."""
_MOST_HEADERS = 64
_DEEPEST = 100
"""Lists and objects in each other, as many as everything that goes through values does without trouble."""
_LONGEST_LETTER = 4


def payload_of(data: bytes | None, *, most: int, json: bool = True) -> Payload:
    """What the bytes are; at most `most` of them are kept. JSON that is longer, or nested more than a
    hundred deep, is text."""
    if data is None:
        return Payload()
    size = len(data)
    if json and size <= most:
        try:
            value = msgspec.json.decode(data)
            if not _is_deep(data, value):
                return Payload(kind="json", value=value, size=size)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
    head = data[:most]
    text = _text(head, cut=size > most)
    if text is None:
        return Payload(kind="bytes", value=b64encode(head).decode(), size=size, cut=size > most)
    return Payload(kind="text", value=text, size=size, cut=size > most)


def _is_deep(data: bytes, value: Any) -> bool:
    if data.count(b"[") + data.count(b"{") <= _DEEPEST:  # most messages, without a look into them
        return False
    level = _nested((value,))
    for _ in range(_DEEPEST):
        level = _nested(chain.from_iterable(level))
    return bool(level)


def _nested(values: Iterable[Any]) -> list[Iterable[Any]]:
    """What is in the lists and objects among the values."""
    nested: list[Iterable[Any]] = []
    for each in values:
        if isinstance(each, dict):
            nested.append(cast("dict[str, Any]", each).values())
        elif isinstance(each, list):
            nested.append(cast("list[Any]", each))
    return nested


def _text(data: bytes, *, cut: bool) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if not cut or error.start <= len(data) - _LONGEST_LETTER:
            return None
        return _text(data[: error.start], cut=False)  # a letter was cut in two
    return None if _BINARY.search(text) else text


def message_of(record: Any, *, most: int) -> Message:
    """A record as the client hands it out; of its value, key and headers so many bytes each are kept."""
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        time=record.timestamp / 1000 if record.timestamp is not None and record.timestamp >= 0 else None,
        key=payload_of(record.key, most=most, json=False),
        value=payload_of(record.value, most=most),
        headers=_headers(record.headers or (), most),
    )


def _headers(headers: Iterable[tuple[str, bytes | None]], most: int) -> tuple[Header, ...]:
    kept = list(headers)[:_MOST_HEADERS]
    return tuple(Header(name[:most], payload_of(data, most=most, json=False)) for name, data in kept)
