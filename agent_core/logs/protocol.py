"""What goes over the pipes between the program and its log process."""

from __future__ import annotations

import msgspec

from agent_core.config import Settings
from agent_core.logs.api import DigestQuery

NO_INPUT = -1


class Read(msgspec.Struct, frozen=True, tag=True):
    """Answered with a `Digest`; `LogProgress` is told meanwhile. `beside` are sources that are read, too,
    where the query names none."""

    query: DigestQuery
    beside: tuple[str, ...] = ()


class Follow(msgspec.Struct, frozen=True, tag=True):
    """A `Digest` is told now and whenever it changes, until it is cancelled; answered with None when none of
    the sources can change any more."""

    query: DigestQuery
    beside: tuple[str, ...] = ()


Call = Read | Follow


class Start(msgspec.Struct, frozen=True):
    """The first frame to the process: where it works, how, with which kinds of sources (by scheme, as
    `module:class`), and which descriptor is standard input (`NO_INPUT` for none)."""

    root: str
    settings: Settings
    kinds: dict[str, str]
    given: int = NO_INPUT
