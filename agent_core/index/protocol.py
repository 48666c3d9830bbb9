"""What goes over the pipes between the program and its index process: frames of msgpack."""

from __future__ import annotations

import asyncio

import msgspec

from agent_core.config import Settings
from agent_core.errors import ErrorInfo
from agent_core.index.api import IndexStatus, SearchMode

_LENGTH = 4
MOST_BYTES = 64 * 1024 * 1024
"""A larger frame is not one of ours."""


class Look(msgspec.Struct, frozen=True, tag=True):
    """Answered with an `IndexStatus` once everything was looked at."""


class Search(msgspec.Struct, frozen=True, tag=True):
    """Answered with a `SearchAnswer`."""

    query: str
    mode: SearchMode
    limit: int
    tests: bool | None


class Build(msgspec.Struct, frozen=True, tag=True):
    """Answered with an `IndexStatus`."""


class Embed(msgspec.Struct, frozen=True, tag=True):
    """Answered with an `IndexStatus`."""


class Facts(msgspec.Struct, frozen=True, tag=True):
    """Answered with `FileFacts | None`."""

    path: str


class Survey(msgspec.Struct, frozen=True, tag=True):
    """Answered with an `Overview`."""

    path: str


class Opened(msgspec.Struct, frozen=True, tag=True):
    """Answered with None."""

    paths: tuple[str, ...]


Call = Look | Search | Build | Embed | Facts | Survey | Opened


class Start(msgspec.Struct, frozen=True):
    """The first frame to the process: where it works and how."""

    root: str
    settings: Settings
    uri: str = ""


class Request(msgspec.Struct, frozen=True):
    """A question; without one, the earlier one of this number is cancelled."""

    number: int
    call: Call | None = None


class Reply(msgspec.Struct, frozen=True, tag=True):
    """The answer to a question as msgpack (nil by default), or why there is none."""

    number: int
    result: msgspec.Raw = msgspec.Raw(b"\xc0")
    error: ErrorInfo | None = None


class StatusChanged(msgspec.Struct, frozen=True, tag=True):
    """How the index stands now."""

    status: IndexStatus


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The process cannot serve the workspace and ends."""

    error: ErrorInfo


Message = Reply | StatusChanged | Failed


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
