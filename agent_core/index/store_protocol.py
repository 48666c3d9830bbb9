"""What goes over the pipes between the index process and the one that LanceDB runs in."""

from __future__ import annotations

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.rows import ChunkRow
from agent_core.workers.wire import NIL

Packed = dict[bytes, bytes]
"""Vectors by text hash, each as the bytes of its float32 numbers."""


class Start(msgspec.Struct, frozen=True):
    """The first frame to the process."""


class Open(msgspec.Struct, frozen=True, tag=True):
    """Answered with True once the tables are open."""


class Known(msgspec.Struct, frozen=True, tag=True):
    """Answered with the vectors of these texts that are kept, `Packed`."""

    hashes: list[bytes]


class Keep(msgspec.Struct, frozen=True, tag=True):
    """Answered with True; more vectors are to be kept."""

    vectors: Packed


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """Answered with those of the texts whose vectors are not kept."""

    hashes: list[bytes]


class Apply(msgspec.Struct, frozen=True, tag=True):
    """Answered with True; the only rows of the paths from now on."""

    rows: list[ChunkRow]
    paths: list[str]


class Stamps(msgspec.Struct, frozen=True, tag=True):
    """Answered with the `stamp_of` every path: the ids of all chunks can be more than one frame holds."""


class Tidy(msgspec.Struct, frozen=True, tag=True):
    """Answered with what the tables take after upkeep, in bytes."""


class Flush(msgspec.Struct, frozen=True, tag=True):
    """Answered with True once nothing waits in memory."""


Call = Open | Known | Keep | Unknown | Apply | Stamps | Tidy | Flush


class Place(msgspec.Struct, frozen=True):
    """Which tables are meant.

    `shared` says that other workspaces use them, too; `time` grows whenever they may have become others.
    """

    uri: str
    root: str
    shared: bool
    embedder: EmbedderInfo | None
    time: int


class Asked(msgspec.Struct, frozen=True):
    """A question about tables; only with `may_write` those that are broken may be made anew."""

    call: Call
    place: Place
    may_write: bool


class Noted(msgspec.Struct, frozen=True):
    """Something for the program's log, told by the process."""

    logger: str
    level: int
    text: str


class Outcome(msgspec.Struct, frozen=True):
    """The answer to a question, or why there is none; `broken` as `IndexFault` has it."""

    value: msgspec.Raw = NIL
    error: ErrorInfo | None = None
    broken: bool = False
