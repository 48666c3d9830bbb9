"""What the rest of the program sees of the index: questions, answers, and how fresh it is.

Plain values: they cross the pipe to the worker process as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

import msgspec

SearchMode = Literal["hybrid", "vector", "graph"]
"""`hybrid` is `esearch`, `vector` is `vretr`, `graph` is `intel`."""

IndexPhase = Literal["closed", "opening", "scanning", "building", "ready", "failed"]


class IndexStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the index stands.

    `behind` are files known to differ from the index; `done` of `total` is the progress of what runs (files
    while building). `embedded` of `chunks` have vectors; `eta_s` is how long the others take at the present
    rate, None while unknown. `embedder` is "" when there is none. `bytes_on_disk` is 0 until it was measured.
    `skipped` counts files that are too large, binary or unreadable; `trouble` is one sentence, "" when all is
    well; `alone` is False while another session of the workspace keeps the index on disk.
    """

    phase: IndexPhase = "closed"
    files: int = 0
    chunks: int = 0
    behind: int = 0
    done: int = 0
    total: int = 0
    embedded: int = 0
    eta_s: float | None = None
    embedder: str = ""
    bytes_on_disk: int = 0
    skipped: int = 0
    trouble: str = ""
    alone: bool = True


def lies_in(state_dir: Path) -> bool:
    """Whether the state of a workspace has an index, though it may not be opened yet."""
    return (state_dir / "index" / "image").is_file()


class Part(msgspec.Struct, frozen=True):
    """A further place of a file that was found: lines `start` to `end`, and the name that it defines."""

    start: int
    end: int
    name: str
    score: float


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was found, by its best chunk: lines `start` to `end`, both inclusive.

    `why` are short reasons, the weightiest first; `related` are paths that the graph connects with it
    (`intel`); `parts` are its other places, best first. `text` is printable.
    """

    path: str
    start: int
    end: int
    score: float
    name: str = ""
    text: str = ""
    why: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, best first; `note` says what could not be taken into account ("" for nothing)."""

    places: tuple[Place, ...] = ()
    note: str = ""
    seconds: float = 0.0
    status: IndexStatus = IndexStatus()


class OutlineSymbol(msgspec.Struct, frozen=True):
    """A definition of a file; `used_by` is in how many other files its name occurs."""

    name: str
    kind: str
    start: int
    end: int
    signature: str
    used_by: int = 0


class NamedPlace(msgspec.Struct, frozen=True):
    """A definition somewhere in the workspace."""

    name: str
    kind: str
    path: str
    start: int
    end: int


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the index knows of a file.

    `imports` are paths in the workspace that it uses, `imported_by` those that use it (by the names they
    define and mention), the most connected first.
    """

    path: str
    language: str
    role: str
    lines: int
    symbols: tuple[OutlineSymbol, ...] = ()
    imports: tuple[str, ...] = ()
    imported_by: tuple[str, ...] = ()
    fan_in: int = 0
    broken: bool = False


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What lies below a folder: languages with lines, the files that most others use, where it begins."""

    path: str
    files: int
    lines: int
    languages: tuple[tuple[str, int, int], ...] = ()
    """(language, files, lines), the largest first."""
    central: tuple[FileFacts, ...] = ()
    """The files with the largest fan-in, without symbols of files beyond the first few."""
    entry_points: tuple[FileFacts, ...] = ()
    """Source files that use others and are used by none, or hold a `main`."""
    largest: tuple[FileFacts, ...] = ()
    """The source files with the most lines, without symbols."""
    broken: tuple[str, ...] = ()
    """Paths of source files whose grammar met something that it does not know."""


class Index(Protocol):
    """The index of one workspace; opened by its first use, in a process of its own."""

    @property
    def status(self) -> IndexStatus:
        """How it stood when it was last heard of."""
        ...

    async def open(self) -> IndexStatus:
        """Open what is on disk and look what is behind; returns when that is known, or it failed.

        From then on the index is kept fresh in the background (where nothing was on disk, building has
        begun), a process that ends is started again after a pause, a few times, and each change of how it
        stands is published as `IndexChanged`. Raises `IndexFault` when the process cannot be started.
        """
        ...

    async def search(
        self, query: str, *, mode: SearchMode = "hybrid", limit: int = 10, tests: bool | None = None
    ) -> SearchAnswer:
        """Search what is in the index now; builds the lexical index first where there is none.

        Files that are known to be behind are waited for briefly. `vector` waits for the vectors, too.
        Cancelling ends the wait, not the building. Raises `IndexFault`, and an embedder's `ModelError`.
        """
        ...

    async def build(self, *, on_progress: Callable[[IndexStatus], None]) -> IndexStatus:
        """Bring the lexical index up to date and return when it is."""
        ...

    async def embed(self, *, on_progress: Callable[[IndexStatus], None]) -> IndexStatus:
        """Make the missing vectors and return when none is missing."""
        ...

    async def file_facts(self, path: str) -> FileFacts | None:
        """What is known of a file; None when it is not in the index, which is built first as for `search`."""
        ...

    async def names(self, query: str, *, limit: int = 20) -> tuple[NamedPlace, ...]:
        """Definitions whose names hold these letters in this order, the nearest first.

        For what is typed: nothing is built or waited for, so there are none while there is no index.
        """
        ...

    async def overview(self, path: str = ".") -> Overview:
        """What is known of a folder; the index is built first as for `search`."""
        ...

    async def opened(self, paths: tuple[str, ...]) -> None:
        """Tell that the person looks at these files: their vectors are made first."""
        ...

    async def expect(self) -> None:
        """Tell that a search may come soon: what has gone to rest meanwhile gets ready for it."""
        ...

    def stirred(self) -> None:
        """Tell that something ran that may have changed files: the next question looks for it first, instead
        of trusting that the disk has told of it already."""
        ...

    async def aclose(self) -> None:
        """Write what is to be kept and end the process, in bounded time."""
        ...
