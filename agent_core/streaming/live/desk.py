"""What the process keeps of the messages that it reads, and which of it shows in the window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Literal

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.streaming.live.looking import Wanted
from agent_core.streaming.live.rate import Rate
from agent_core.streaming.live.raw import Entry, Note, Raw
from agent_core.streaming.live.repeats import Repeats
from agent_core.streaming.live.ring import MOST, MOST_BYTES, Ring
from agent_core.streaming.live.shown import copied, detail_id, detail_of, row_of
from agent_core.streaming.live.values import Page, RowInfo
from agent_core.streaming.live.window import Window
from agent_core.streaming.showing import NAMED, Mask
from agent_core.streaming.values import BusNotice

_AT_ONCE = 2000
"""Entries that are looked through before others get a turn."""
_LIVE = 5000
"""Messages that may be on the bus unread where what comes is said to be live."""
State = Literal["connecting", "reading", "lost"]


class Desk:
    """All of it for one screen.

    Args:
        mask: Masks secrets in what is shown.
        most: Entries that are kept.
        most_bytes: Bytes that they take at most, about.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, *, mask: Mask, most: int = MOST, most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._mask, self._clock = mask, clock
        self._most, self._most_bytes = most, most_bytes
        self._wanted = Wanted()
        self._numbers = 0
        self.version = 1
        """Rises with everything that another page would show."""
        self.changed = asyncio.Event()
        """Set when it rose."""
        self.room = asyncio.Event()
        """Set while more may be read: it is not where that would push out what somebody reads."""
        self.topics = 0
        self.behind: int | None = None
        self.state: State = "connecting"
        self.fault: ErrorInfo | None = None
        self.searching = False
        self.window = Window()
        self._begin()

    def _begin(self) -> None:
        self._all, self._found = self._ring(), self._ring()
        self._repeats, self._rate = Repeats(), Rate(self._clock)
        self._read = self._repeated = self._matching = self._passed = 0
        self.behind, self.searching = None, False
        self._touch()

    def _ring(self) -> Ring:
        return Ring(most=self._most, most_bytes=self._most_bytes)

    @property
    def view(self) -> Ring:
        """What there is to show."""
        return self._all if self._wanted.all else self._found

    def _touch(self) -> None:
        self.version += 1
        self.changed.set()
        window, count = self.window, len(self.view)
        waits = not window.follows and self.view.full and window.below(self.view) >= count // 2
        (self.room.clear if waits else self.room.set)()

    # What comes

    def clear(self, *, follow: bool) -> None:
        """Begin anew, at another place."""
        self._begin()
        self.begin(follow=follow)

    def begin(self, *, follow: bool) -> None:
        """Show the end of what comes from now on, or where it begins."""
        self.window.begin(follow=follow, cursor=self._numbers + 1)

    def take(self, told: Sequence[Raw | BusNotice]) -> None:
        """More was read, or happened meanwhile."""
        new: list[Entry] = []
        for each in told:
            self._numbers += 1
            if isinstance(each, Raw):
                repeat = self._repeats.is_one(each.value)
                self._repeated += repeat
                self._read += 1
                new.append(Entry(self._numbers, each, repeat))
            else:
                new.append(Entry(self._numbers, self._noted(each)))
        self._keep(new)

    def _noted(self, notice: BusNotice) -> Note:
        if notice.what == "lost":
            self.state, self.fault = "lost", notice.error
        elif notice.what == "back":
            self.state, self.fault = "reading", None
        said = " ".join(filter(None, (NAMED[notice.what], notice.topic)))
        return Note(notice.what, f"{said}: {notice.error.message}" if notice.error else said)

    def passed(self, count: int) -> None:
        """So many messages were passed by, to be where others come in."""
        self._passed += count
        self._note(Note("passed", f"{count:,} messages were passed by"))

    def anew(self, why: str) -> None:
        """What was kept is gone, for a reason: what comes was read anew."""
        self._note(Note("anew", f"{why}; what follows was read anew"))

    def _note(self, note: Note) -> None:
        self._numbers += 1
        self._keep([Entry(self._numbers, note)])

    def _keep(self, new: Sequence[Entry]) -> None:
        if not new:
            return
        for entry in new:
            self._all.append(entry)
        if not self._wanted.all and not self.searching:
            self._find(self._wanted, new)
        self._rate.count(self._read)
        self._touch()

    def heard(self, *, state: State, fault: ErrorInfo | None = None) -> None:
        """How the reading stands."""
        self.state, self.fault = state, fault
        self._touch()

    def left(self, behind: int | None, topics: int) -> None:
        """How much is on the bus and not read yet, and of how many topics."""
        if (behind, topics, self._rate.now) != (self.behind, self.topics, self._told_rate):
            self.behind, self.topics = behind, topics
            self._touch()

    _told_rate = 0.0

    # What is wanted

    async def filter(self, typed: str) -> None:
        """Show only what matches."""
        wanted = await asyncio.to_thread(Wanted, typed)  # RE2 is imported at the first use
        await self._look_for(wanted.but(once=self._wanted.once))

    async def hide_repeats(self, hidden: bool) -> None:
        """Leave repeats out, or show them."""
        await self._look_for(self._wanted.but(once=hidden))

    async def _look_for(self, wanted: Wanted) -> None:
        """Find what is kept and matches, with a pause now and then; what comes meanwhile is found with it."""
        self._wanted, self._found, self._matching = wanted, self._ring(), 0
        found = self._found
        self.searching, at = not wanted.all, 0
        while self.searching and self._found is found:
            place = self._all.at_or_after(at + 1)
            some = self._all.between(place, place + _AT_ONCE)
            if not some:
                self.searching = False
                break
            at = some[-1].number
            self._find(wanted, some)
            self._touch()
            await asyncio.sleep(0)
        if self._found is found:
            self._touch()

    def _find(self, wanted: Wanted, entries: Sequence[Entry]) -> None:
        for entry in wanted.of(entries):
            self._found.append(entry)
            self._matching += isinstance(entry.what, Raw)

    def move(self, rows: int) -> None:
        """Move the cursor."""
        self.window.move(self.view, rows, live=self.behind is not None and self.behind < _LIVE)
        self._touch()

    def edge(self, *, last: bool) -> None:
        """Go to the first row, or follow."""
        self.window.edge(self.view, last=last)
        self._touch()

    def put(self, number: int) -> None:
        """Put the cursor on an entry."""
        self.window.put(self.view, number)
        self._touch()

    def follow(self, wanted: bool) -> None:
        """Go on with what comes, or stay."""
        self.window.follow(self.view, wanted)
        self._touch()

    def size(self, height: int, columns: int, told: bool) -> None:
        """The window has this size."""
        self.window.size(self.view, height)
        self._columns, self._tells = columns, told
        self._touch()

    _columns, _tells = 200, False

    # What shows

    def copied(self, *, whole: bool) -> str:
        """The message with the cursor; "" for none."""
        entry = self.window.current(self.view)
        if entry is None or isinstance(entry.what, Note):
            return ""
        return copied(entry.what, mask=self._mask, whole=whole)

    def page(self, told: str = "") -> Page:
        """What shows now; without the details that are `told` already."""
        view, window = self.view, self.window
        top, entries = window.shown(view)
        rows = [row_of(entry, mask=self._mask, columns=self._columns) for entry in entries]
        current = window.current(view)
        self._told_rate = self._rate.now
        detail = None
        if self._tells and current is not None and detail_id(current, following=window.follows) != told:
            detail = detail_of(current, mask=self._mask, following=window.follows)
        return Page(
            version=self.version,
            rows=self._marked(rows),
            cursor=next((at for at, entry in enumerate(entries) if entry is current), -1),
            follows=window.follows,
            above=top,
            below=max(0, len(view) - top - len(entries)),
            read=self._read,
            kept=len(self._all),
            bytes=self._all.bytes,
            dropped=self._all.dropped,
            passed=self._passed,
            rate=self._told_rate,
            state=self.state,
            behind=self.behind,
            waits=not self.room.is_set(),
            matching=None if self._wanted.all else self._matching,
            literal=self._wanted.pattern is not None and self._wanted.pattern.literal,
            searching=self.searching,
            repeats=self._repeated,
            hidden=self._wanted.once,
            topics=self.topics,
            detail=detail,
            fault=self.fault,
        )

    def _marked(self, rows: Sequence[RowInfo]) -> tuple[RowInfo, ...]:
        pattern = self._wanted.pattern
        if pattern is None or not rows:
            return tuple(rows)
        spans = pattern.spans([row.text for row in rows])
        return tuple(
            msgspec.structs.replace(row, found=found) for row, found in zip(rows, spans, strict=True)
        )
