"""What goes over the pipes between the program and its index process; it tells an `IndexStatus` by itself."""

from __future__ import annotations

import msgspec

from agent_core.config import Settings
from agent_core.index.api import SearchMode


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


class Names(msgspec.Struct, frozen=True, tag=True):
    """Answered with a tuple of `NamedPlace`."""

    query: str
    limit: int


class Survey(msgspec.Struct, frozen=True, tag=True):
    """Answered with an `Overview`."""

    path: str


class Opened(msgspec.Struct, frozen=True, tag=True):
    """Answered with None."""

    paths: tuple[str, ...]


class Expect(msgspec.Struct, frozen=True, tag=True):
    """Answered with None; a search comes soon."""


class Stirred(msgspec.Struct, frozen=True, tag=True):
    """Answered with None; what is asked next waits, as it does for all that is behind, for a look at
    everything."""


Call = Look | Search | Build | Embed | Facts | Names | Survey | Opened | Expect | Stirred


class Start(msgspec.Struct, frozen=True):
    """The first frame to the process: where it works and how."""

    root: str
    settings: Settings
    uri: str = ""
