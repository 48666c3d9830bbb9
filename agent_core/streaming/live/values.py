"""What goes over the pipes between a screen and the process that reads messages for it."""

from __future__ import annotations

from typing import Literal

import msgspec

from agent_core.config import Settings
from agent_core.errors import ErrorInfo

Spans = tuple[tuple[int, int], ...]
"""Where a text matches: characters from start to end."""


class Start(msgspec.Struct, frozen=True):
    """The first frame to the process: where it works, how the bus is reached, and which topics and patterns
    are read. `place` is where it begins; `ended` is why the process before it ended, "" for the first one."""

    root: str
    settings: Settings
    topics: tuple[str, ...]
    place: Place
    ended: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where to read from: so many messages back from the present end (`last`), those of a time (seconds since
    the epoch) and later (`since`), or with neither the beginning of everything."""

    last: int | None = None
    since: float | None = None


class Next(msgspec.Struct, frozen=True, tag=True):
    """Answered with the next `Page` whose version is not `seen`. `told` is the `Told` that shows already."""

    seen: int = 0
    told: str = ""


class Size(msgspec.Struct, frozen=True, tag=True):
    """The window: its rows, how many characters of a line show, and whether the message with the cursor is
    told in full."""

    height: int
    columns: int
    told: bool


class Move(msgspec.Struct, frozen=True, tag=True):
    """Move the cursor by rows."""

    rows: int


class Edge(msgspec.Struct, frozen=True, tag=True):
    """Go to the first row, or to the last and on with what comes."""

    last: bool


class Put(msgspec.Struct, frozen=True, tag=True):
    """Put the cursor on an entry."""

    number: int


class Follow(msgspec.Struct, frozen=True, tag=True):
    """Go on with what comes, or stay here."""

    wanted: bool


class Filter(msgspec.Struct, frozen=True, tag=True):
    """Only what matches, "" for all: words or a regular expression, behind `key:` of the key alone, behind
    `value:` of the value."""

    typed: str


class Repeats(msgspec.Struct, frozen=True, tag=True):
    """Leave messages out that have an id which another had before, or show them."""

    hidden: bool


class Seek(msgspec.Struct, frozen=True, tag=True):
    """Read from another place; what was kept goes."""

    place: Place


class Copy(msgspec.Struct, frozen=True, tag=True):
    """Answered with the value of the message with the cursor as text, or with all of it as JSON."""

    whole: bool


Call = Next | Size | Move | Edge | Put | Follow | Filter | Repeats | Seek | Copy


class RowInfo(msgspec.Struct, frozen=True, gc=False):
    """A row of the window. What it says is masked and printable.

    kind is the payload's of the value, or `notice`. `text` is key, headers and value; `found` says where it
    matches. Of a notice `grave` says that something is wrong.
    """

    number: int
    kind: Literal["json", "text", "bytes", "none", "notice"]
    text: str
    time: float | None = None
    topic: str = ""
    place: str = ""
    key: int = 0
    """Characters of the text that are the key and the headers."""
    found: Spans = ()
    repeat: bool = False
    grave: bool = False


class Detail(msgspec.Struct, frozen=True, gc=False):
    """A message in full: what it is called and said, and its value in lines. `left` counts further lines."""

    id: str
    kind: Literal["json", "text", "bytes", "none", "notice"]
    facts: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    left: int = 0


class Page(msgspec.Struct, frozen=True, gc=False):
    """What shows now.

    `cursor` is a row of `rows` (-1 for none). `above` and `below` count entries that are kept outside of the
    window; `behind` messages on the bus that were not read yet (None where that is not known), `waits` says
    that they wait until somebody goes on. `read` counts messages since the last seek, `kept` entries,
    `dropped` those that went, `passed` messages that were passed by unread, `matching` those that match.
    `detail` is None where it is told already. `fault` says why nothing is read.
    """

    version: int
    rows: tuple[RowInfo, ...]
    cursor: int
    follows: bool
    above: int
    below: int
    read: int
    kept: int
    bytes: int
    dropped: int
    passed: int
    rate: float
    state: Literal["connecting", "reading", "lost"]
    behind: int | None = None
    waits: bool = False
    matching: int | None = None
    literal: bool = False
    searching: bool = False
    repeats: int = 0
    hidden: bool = False
    topics: int = 0
    detail: Detail | None = None
    fault: ErrorInfo | None = None
