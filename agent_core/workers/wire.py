"""What goes over the pipes between the program and a process of its own: frames of msgpack."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from agent_core.errors import ErrorInfo

_LENGTH = 4
MOST_BYTES = 64 * 1024 * 1024
"""A larger frame is not one of ours."""
NIL = msgspec.Raw(b"\xc0")


class Request(msgspec.Struct, frozen=True):
    """A question; nil cancels the earlier one of this number."""

    number: int
    call: msgspec.Raw = NIL


class Reply(msgspec.Struct, frozen=True, tag=True):
    """The answer to a question as msgpack (nil by default), or why there is none."""

    number: int
    result: msgspec.Raw = NIL
    error: ErrorInfo | None = None


class Told(msgspec.Struct, frozen=True, tag=True):
    """Something that was not waited for, about the question of this number, or about all (0)."""

    value: msgspec.Raw
    number: int = 0


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The process cannot serve and ends."""

    error: ErrorInfo


Message = Reply | Told | Failed


def packed(value: Any) -> msgspec.Raw:
    """A value as it lies inside a frame."""
    return msgspec.Raw(msgspec.msgpack.encode(value))


def frame(value: msgspec.Struct) -> bytes:
    """The value as it goes over a pipe."""
    body = msgspec.msgpack.encode(value)
    return len(body).to_bytes(_LENGTH, "little") + body


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next frame; None when the pipe is at its end or holds something else."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH), "little")
        return await reader.readexactly(length) if length <= MOST_BYTES else None
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
