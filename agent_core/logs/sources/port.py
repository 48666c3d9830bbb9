"""What a log source is: it is opened at a place and hands out blocks of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec

from agent_core.logs.api import KeyEvent, SourceFacts

Show = Callable[[KeyEvent], KeyEvent]
BLOCK = 1 << 20
"""Bytes of a block at most."""
STDIN = "-"
"""The name of standard input."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Some bytes of a part of a source (a file, a container), not necessarily whole lines.

    `part` stands for one text with lines numbered through, whatever that is called later, see
    `LogSource.name_of`. With `begins` these are its first bytes: they start a line, whose number is `first`.

    Where the source can be gone back in, `end` is the offset behind them in the file (-1 elsewhere), or
    `time` what the engine noted of the last line ("" elsewhere): see `Place`.
    """

    data: bytes
    part: str
    begins: bool = False
    first: int = 1
    end: int = -1
    time: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a part of a source was read to: `key` tells the part (its identity on the disk, a container's
    label), `offset` or `time` are as in `Block`, `lines` those before. A file that does not begin with `head`
    is another one."""

    key: str
    offset: int = 0
    time: str = ""
    lines: int = 0
    head: bytes = b""


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """Where reading begins: with records of the time `since` (seconds since the epoch), or at the last `most`
    bytes (0: at the end); with neither at the very beginning.

    `since` may be met roughly: whoever reads leaves out what is older. What has no times is read as a whole.
    Parts with a place in `places` begin there.
    """

    since: float | None = None
    most: int | None = None
    places: tuple[Place, ...] = ()


class LogSource(Protocol):
    """An open source. Not for two tasks at once."""

    @property
    def name(self) -> str:
        """As people name it."""
        ...

    @property
    def size(self) -> int:
        """Bytes that are to be read, as far as it is known; 0 where it is not."""
        ...

    @property
    def done(self) -> int:
        """Bytes of them that are read."""
        ...

    @property
    def note(self) -> str:
        """What was left out or is wrong, "" for nothing."""
        ...

    @property
    def unreadable(self) -> bool:
        """Whether nothing of it can be read, as the note says; one that says nothing yet is not."""
        ...

    @property
    def no_log(self) -> bool:
        """Whether that is since it is none: what it has is no text, or it is no file."""
        ...

    def name_of(self, part: str) -> str:
        """What a part is called now, as people can open it ("logs/app.log.1"); "" when it is gone."""
        ...

    async def read(self) -> Block | None:
        """The next block; None when there is no more that was there when it was looked last."""
        ...

    async def look(self) -> bool:
        """Look for what came since, without waiting for anything; whether there is more to read now."""
        ...

    async def more(self) -> bool:
        """Wait until there may be more, or the note changed; False when there never will be."""
        ...

    async def aclose(self) -> None:
        """Leave nothing open or running."""
        ...


@runtime_checkable
class EventSource(Protocol):
    """A source that tells key events rather than lines: `read` takes in what there is, and gives nothing."""

    def told(self, showing: Show) -> tuple[KeyEvent, ...]:
        """The events as they stand now; `showing` makes each fit to be shown here."""
        ...

    def facts(self) -> tuple[SourceFacts, ...]:
        """What was read of whom."""
        ...


class SourceKind(Protocol):
    """Makes the sources of one scheme, such as `compose:api`."""

    async def known(self) -> tuple[SourceFacts, ...]:
        """Those that the workspace has; quick, nothing is started or read."""
        ...

    def open(self, name: str, begin: Begin) -> LogSource:
        """Open the one of this name (scheme and all); raises `LogFault` when there can be none."""
        ...
