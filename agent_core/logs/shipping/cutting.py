"""The bytes of one text of a log as messages: whole lines, masked, so many at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from agent_core.logs.intake import LONGEST_LINE, Intake
from agent_core.logs.shipping.late import LateLines
from agent_core.logs.shipping.shelf import Part
from agent_core.logs.sources.port import Block, Place
from agent_core.streaming.messages import RawLines

MOST_LINES = 500
MOST_TEXT = 128 * 1024
"""Lines of a message, and their bytes, of which JSON may make six times as many."""
CUT = " … (cut)"
"""What stands behind a line that was longer than can be shipped."""
_BEGINS, _ENDS, _KEY = "-----BEGIN ", "-----END ", "PRIVATE KEY"

Mask = Callable[[str], str]


class Cutter:
    """Takes the blocks of a text and gives its messages.

    Args:
        service: Whose log it is.
        source: What the log is called.
        part: What was delivered of it before, and what was on its way; those lines are cut as they were.
        skipped: How many lines of the text lie before the first block.
        mask: Hides secrets; lines stay lines.
        late: Tells the first line that is wanted; None where all are.
    """

    def __init__(
        self, *, service: str, source: str, part: Part, skipped: int, mask: Mask, late: LateLines | None
    ) -> None:
        self._service, self._source, self._mask, self._late = service, source, mask, late
        self.part = part
        self._intake = Intake()
        self._read = skipped
        """Lines of the text that were read, delivered before or not."""
        self._taken = part.done
        """Lines that are in messages, or are not wanted."""
        self._lines: deque[bytes] = deque()
        self._planned = deque(part.planned)
        self._opened, self._last = part.opened, part.last
        self._places: deque[Place] = deque()
        self._open = 0
        """Bytes since the last line break."""
        self._end = -1
        self.size = 0
        """Bytes of the lines that wait."""
        self.since = 0.0
        """When the first of them came, in monotonic seconds."""

    def feed(self, block: Block) -> None:
        """Take the next bytes."""
        broken = block.data.rfind(b"\n")
        self._open = len(block.data) - broken - 1 if broken >= 0 else self._open + len(block.data)
        self._end = block.end
        self._add(self._intake.feed(block.data))
        if block.time or (block.end >= 0 and self._intake.plain and self._intake.held == self._open):
            self._mark(block.end - self._open if block.end >= 0 else 0, block.time)

    def finish(self) -> None:
        """Nothing comes behind what there is: the last line is whole."""
        self._add(self._intake.rest())
        if self._late is not None:
            self._drop(self._late.rest())
        if self._end >= 0 and self._intake.plain:
            self._open = 0
            self._mark(self._end, "")

    def _add(self, whole: bytes) -> None:
        lines = whole.split(b"\n")[:-1]
        if not lines:
            return
        if not self._lines:
            self.since = time.monotonic()
        known = min(len(lines), max(0, self._taken - self._read))
        self._read += len(lines)
        self._lines.extend(lines[known:])
        self.size += sum(map(len, lines[known:]))
        if self._late is not None and known < len(lines):
            self._drop(self._late.before(b"\n".join(lines[known:]) + b"\n"))

    def _drop(self, count: int) -> None:
        """Pass over lines that are older than what is wanted."""
        for _ in range(count):
            self.size -= len(self._lines.popleft())
        self._taken += count

    def _mark(self, offset: int, moment: str) -> None:
        """Remember that here lines before can be left out by whoever reads on."""
        place = self.part.place
        self._places.append(
            Place(key=place.key, offset=offset, time=moment, lines=self._read, head=place.head)
        )

    @property
    def waiting(self) -> int:
        """Lines that wait, and are known to be wanted."""
        return len(self._lines) - (self._late.unsure if self._late is not None else 0)

    def messages(self, *, everything: bool) -> list[RawLines]:
        """Those that are full, or with `everything` all that there is, and how the part stands with them
        on their way."""
        found: list[RawLines] = []
        counts: list[int] = []
        while count := self._next(everything):
            found.append(self._message([self._lines.popleft() for _ in range(count)]))
            counts.append(count)
        self.part = msgspec.structs.replace(self.part, planned=tuple(counts))
        return found

    def _next(self, everything: bool) -> int:
        """Lines of the next message; 0 where it is to wait."""
        waiting = self.waiting
        if self._planned:
            count = self._planned[0]
            if count <= waiting or (everything and waiting):
                self._planned.popleft()
                return min(count, waiting)
            return 0
        count = size = 0
        for line in self._lines:
            size += len(line)
            if count == min(MOST_LINES, waiting) or (count and size > MOST_TEXT):
                break
            count += 1
        full = count == MOST_LINES or size > MOST_TEXT
        return count if full or everything else 0

    def _message(self, lines: list[bytes]) -> RawLines:
        self.size -= sum(map(len, lines))
        first = self._taken + 1
        self._taken += len(lines)
        self._last = digest_of(lines[-1])
        texts = self._masked([_text(line) for line in lines])
        named = "\0".join((self._service, self._source, self.part.name, str(first), *texts))
        return RawLines(
            id=blake2b(named.encode("utf-8", "replace"), digest_size=12).hexdigest(),
            at=time.time(),
            service=self._service,
            source=self._source,
            part=self.part.name,
            first=first,
            lines=tuple(texts),
        )

    def _masked(self, lines: list[str]) -> list[str]:
        """The lines without secrets; a private key that began in an earlier message still is one."""
        before = [self._opened] if self._opened else []
        masked = self._mask("\n".join((*before, *lines))).split("\n")
        if len(masked) != len(before) + len(lines):
            masked = [*before, *map(self._mask, lines)]
        for line in lines:
            if _BEGINS in line and _KEY in line and _ENDS not in line:
                self._opened = line[line.index(_BEGINS) :][:200]
            elif self._opened and _ENDS in line:
                self._opened = ""
        return masked[len(before) :]

    def delivered(self) -> None:
        """All that was handed out is delivered."""
        place = self.part.place
        while self._places and self._places[0].lines <= self._taken:
            place = self._places.popleft()
        self.part = msgspec.structs.replace(
            self.part, place=place, done=self._taken, last=self._last, planned=(), opened=self._opened
        )


def digest_of(line: bytes) -> str:
    """Tells a line from others."""
    return blake2b(line, digest_size=8).hexdigest()


def _text(line: bytes) -> str:
    text = line.decode("utf-8", "replace").removesuffix("\r")
    return text + CUT if len(line) >= LONGEST_LINE else text
