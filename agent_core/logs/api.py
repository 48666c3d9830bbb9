"""What the rest of the program sees of the logs: sources, key events, a digest, and what is followed.

Plain values: they cross the pipe to the log process as they are, and are what `--format json` prints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

EventKind = Literal["trace", "error", "burst", "raised", "new", "rare"]
"""What makes an event worth a look: a stack trace; a message of an error; many in a short time; one whose
level rose; one that no earlier session had; one that is rare among its like."""

LevelName = Literal["", "trace", "debug", "info", "warn", "error", "fatal"]


class CodePlace(msgspec.Struct, frozen=True):
    """A place in the workspace that an event leads to: a path from the root (posix), a line from 1 (0 for
    unknown), and the function named there ("" for none)."""

    path: str
    line: int = 0
    function: str = ""


class KeyEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a log, once or many times, and is worth a person's look.

    `id` is the same in every digest of the same event. `text` is what is shown: printable, a stack trace
    collapsed, at most 12 lines of at most 240 characters. `first` to `last` are the line numbers (from 1,
    both inclusive) of the example shown in its source; `others` the first lines of further ones and of what
    came with them, the earliest first, bounded. `count` counts those that are as grave as it. `began` and
    `ended` are seconds since the epoch, None where the log has no times. `why` are short reasons, the
    weightiest first.
    """

    id: str
    kind: EventKind
    source: str
    first: int
    last: int
    text: str
    template: str = ""
    level: LevelName = ""
    component: str = ""
    count: int = 1
    others: tuple[int, ...] = ()
    began: float | None = None
    ended: float | None = None
    score: float = 0.0
    why: tuple[str, ...] = ()
    places: tuple[CodePlace, ...] = ()

    @property
    def is_grave(self) -> bool:
        """Whether something failed, as far as a line or a stack trace says so."""
        return self.level in ("error", "fatal") or self.kind == "trace"


class Chronic(msgspec.Struct, frozen=True, kw_only=True):
    """Noise that recurs, folded to a count."""

    template: str
    source: str
    count: int
    level: LevelName = ""


class Bar(msgspec.Struct, frozen=True):
    """One bar of the histogram over time: where it begins (seconds since the epoch), lines in all, and those
    of a warning, an error."""

    began: float
    lines: int
    warnings: int
    errors: int


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a source. `began` and `ended` are the times of its first and last dated record;
    `note` says what was left out or is wrong ("" for nothing)."""

    name: str
    lines: int = 0
    bytes: int = 0
    began: float | None = None
    ended: float | None = None
    note: str = ""


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What matters in some logs, the most important first.

    `left_out` counts key events that the limit or the budget of tokens left out; `dropped` lines of the
    model client's own time-outs, which say nothing of the program.
    """

    events: tuple[KeyEvent, ...] = ()
    chronic: tuple[Chronic, ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    bars: tuple[Bar, ...] = ()
    left_out: int = 0
    dropped: int = 0
    note: str = ""
    seconds: float = 0.0


class DigestQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a digest is asked for.

    `sources` are names or globs, all that are known without any; `since` is seconds since the epoch, None
    for everything; `limit` bounds the key events, `tokens` the size of their texts (0 for no bound). With
    `most` only so many bytes at the end of each source are read (0 for all).
    """

    sources: tuple[str, ...] = ()
    since: float | None = None
    limit: int = 20
    tokens: int = 0
    most: int = 0


WATCHED = DigestQuery(limit=200, most=64 * 1024 * 1024)
"""What is asked for while logs are watched: of huge ones their ends, so that it is there soon."""


class LogProgress(msgspec.Struct, frozen=True):
    """How far reading is: bytes of `total` (0 for unknown), and the source being read."""

    source: str
    done: int
    total: int


class Logs(Protocol):
    """The logs of a workspace."""

    async def sources(self) -> tuple[SourceFacts, ...]:
        """The sources that are known, the latest changed first; quick, nothing is read."""
        ...

    async def digest(
        self, query: DigestQuery, *, on_progress: Callable[[LogProgress], None] | None = None
    ) -> Digest:
        """Read what matters; cancelling stops reading. Raises `LogFault` when a named source is unknown."""
        ...

    def follow(self, query: DigestQuery, on_digest: Callable[[Digest], None]) -> Callable[[], None]:
        """Have `on_digest` called, at most once a second, with what the sources say now and whenever it
        changes; the returned function ends it."""
        ...

    def read_beside(self, names: tuple[str, ...]) -> None:
        """From now on also read these sources where none is named; who follows already goes on without."""
        ...

    async def aclose(self) -> None:
        """End the log process; what was learned is kept."""
        ...
