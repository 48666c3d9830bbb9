"""Reading a log: blocks of bytes in, records in columns out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, tzinfo

import msgspec
import numpy as np

from agent_core.logs.columns import Records
from agent_core.logs.formats.continuing import joined, loose, of_traces
from agent_core.logs.formats.heads import Heads, shown
from agent_core.logs.formats.names import Names
from agent_core.logs.formats.reader import HeadReader
from agent_core.logs.formats.text import PAD, Mask, Offsets, Text
from agent_core.logs.formats.times import Clock
from agent_core.logs.formats.wild import Sound
from agent_core.logs.intake import Intake, WholeLines
from agent_core.text import plural

MOST_LINES = 2000
MOST_BYTES = 256 * 1024
"""Lines and bytes of a record that are kept; the first line always is."""
CLAIMED = 100
"""Plain lines behind a head that belong to its record; indented ones, and those of traces, do not count.
What comes after them is no message any more, but output without heads."""


class Cut(msgspec.Struct, frozen=True):
    """What is missing of the record held: behind its first `at` lines came `lines`, `plain` of them plain."""

    at: int = 0
    lines: int = 0
    plain: int = 0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far a reader of whole lines is: the record that it holds back and the number of its first line, or
    else of the next one; names and times by which it reads on; what it has left out."""

    held: bytes = b""
    cut: Cut = Cut()
    line: int = 1
    names: tuple[str, ...] = ("",)
    recent: tuple[int, ...] = ()
    cut_lines: int = 0
    cut_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a block: where they begin and end, their numbers, which of them begin a record, and which
    have neither a head nor a form that tells that they belong to another line."""

    text: Text
    start: Offsets
    end: Offsets
    number: Offsets
    begins: Mask
    plain: Mask


class RecordReader:
    """Turns the bytes of a source, in blocks that may be cut anywhere, into records.

    A line without a head belongs to the record before it. Where there are no heads, each line is a record,
    but for indented lines and those of stack traces, which belong to what they follow. The last record is
    kept back until it is known to be whole.

    Args:
        name: What the source is called.
        now: The present, in seconds since the epoch, for times that do not name their year.
        zone: Of times that name none.
        place: Reads on from there, what are whole lines of UTF-8 only.
    """

    def __init__(
        self, name: str, *, now: float | None = None, zone: tzinfo = UTC, place: Place | None = None
    ) -> None:
        self.name = name
        self.cut_lines = 0
        """Lines left out of records that are too long."""
        self._intake = Intake() if place is None else WholeLines()
        self._names = Names()
        present = int((time.time() if now is None else now) * 1000)
        self._heads = HeadReader(clock=Clock(present, zone), names=self._names)
        self._sound = Sound(present)
        self._held = b""
        """The lines of the last record, as they were read."""
        self._cut = Cut()
        self._line = 1
        """Number of the first line held, or else of the next one."""
        self._open = False
        """The last line given out was not finished: what comes next belongs to it."""
        if place is not None:
            self._held, self._cut, self._line = place.held, place.cut, place.line
            self._names.restore(place.names)
            self._sound.recent = np.array(place.recent, np.int64)
            self.cut_lines, self._intake.cut = place.cut_lines, place.cut_bytes

    @property
    def place(self) -> Place:
        """How far it is, where it was fed whole lines only."""
        return Place(
            held=self._held,
            cut=self._cut,
            line=self._line,
            names=tuple(self._names.names),
            recent=tuple(self._sound.recent.tolist()),
            cut_lines=self.cut_lines,
            cut_bytes=self.cut_bytes,
        )

    def skip_to(self, number: int) -> None:
        """The next line that is fed has that number; to be called after `finish`."""
        self._line = number

    @property
    def cut_bytes(self) -> int:
        """Bytes left out of lines that are too long."""
        return self._intake.cut

    @property
    def note(self) -> str:
        """What a person should know of how the source was read; "" for nothing."""
        told = (
            f"read as {self._intake.encoding.upper()}" if self._intake.encoding else "",
            f"{plural(self.cut_lines, 'line')} of very long records left out" if self.cut_lines else "",
            f"{plural(self.cut_bytes, 'byte')} of very long lines left out" if self.cut_bytes else "",
        )
        return "; ".join(filter(None, told))

    def feed(self, block: bytes) -> Records | None:
        """Take the next bytes; the records that are known to be whole, None for none."""
        if self._open and block:
            self._open = False
            broken = block.startswith((b"\n", b"\r\n"))
            self._line += broken
            block = block[block.find(b"\n") + 1 :] if broken else block
        new = self._intake.feed(block)
        return self._take(new, final=False) if new else None

    def finish(self) -> Records | None:
        """What was kept back: at the end, or when nothing more came for a while."""
        rest = self._intake.rest()
        records = self._take(rest, final=True) if rest or self._held else None
        if rest:
            self._open = True
            self._line -= 1
        return records

    def _take(self, new: bytes, *, final: bool) -> Records | None:
        text = Text(b"".join((self._held, new, PAD)))
        end = text.breaks
        start = np.empty(len(end), np.int64)
        start[0] = 0
        start[1:] = end[:-1] + 1
        end = end - ((text.bytes[end - 1] == 13) & (end > start))
        number = self._line + np.arange(len(start))
        number[self._cut.at :] += self._cut.lines
        heads = self._heads.read(text, start, end)
        begins, plain = self._grouped(text, start, end, heads)
        lines = _Lines(text, start, end, number, begins, plain)
        first = np.flatnonzero(begins)
        if final:
            records = self._records(lines, heads, first, len(start))
            self._held, self._cut, self._line = b"", Cut(), int(number[-1]) + 1
            return records
        records = self._records(lines, heads, first[:-1], int(first[-1])) if len(first) > 1 else None
        self._hold(lines, int(first[-1]))
        return records

    def _grouped(self, text: Text, start: Offsets, end: Offsets, heads: Heads) -> tuple[Mask, Mask]:
        """Which lines begin a record, and which are plain."""
        found = heads.found
        begins, plain = found.copy(), np.zeros(len(found), np.bool_)
        rest = np.flatnonzero(~found)
        if len(rest):
            free, traced = plain.copy(), plain.copy()
            free[rest] = loose(text, start[rest], end[rest])
            free[heads.gone] = True
            traced[rest] = of_traces(text, start[rest], end[rest])
            plain = ~(found | free | traced)
            bare = ~found & ~self._claimed(found, plain)
            goes_on = joined(text, start, end, bare=bare, loose=free, traced=traced)
            begins |= bare & ~free & ~goes_on
        begins[0] = True
        return begins, plain

    def _claimed(self, found: Mask, plain: Mask) -> Mask:
        """Which lines a head before them claims."""
        head = np.maximum.accumulate(np.where(found, np.arange(len(found)), -1))
        total = np.cumsum(plain)
        since = total - np.where(head >= 0, total[head], 0)
        at = self._cut.at
        since[at:] += np.where(head[at:] < at, self._cut.plain, 0)
        return (head >= 0) & (since <= CLAIMED)

    def _hold(self, lines: _Lines, first: int) -> None:
        """Keep back the last record, from line `first` on: as much as is kept, and its last line."""
        cut = self._cut if first == 0 else Cut()
        last = len(lines.start) - 1
        kept = int(self._kept(lines, np.array([first]), np.array([last]))[0])
        behind = min(kept + 1, last)
        if behind < last:
            gone = int(lines.number[last] - lines.number[kept]) - 1
            cut = Cut(behind - first, gone, cut.plain + int(lines.plain[behind:last].sum()))
        elif not cut.lines:
            cut = Cut()
        block, stop = lines.text.block, len(lines.text.block) - len(PAD)
        self._held = (
            block[int(lines.start[first]) : int(lines.start[behind])] + block[int(lines.start[last]) : stop]
        )
        self._cut, self._line = cut, int(lines.number[first])

    def _kept(self, lines: _Lines, first: Offsets, last: Offsets) -> Offsets:
        """The last line that is kept of each record."""
        fits = np.searchsorted(lines.end, lines.start[first] + MOST_BYTES, side="right") - 1
        kept = np.maximum(first, np.minimum(np.minimum(last, first + (MOST_LINES - 1)), fits))
        if self._cut.lines and len(first) and first[0] == 0:
            kept[0] = min(int(kept[0]), self._cut.at - 1)
        return kept

    def _records(self, lines: _Lines, heads: Heads, first: Offsets, behind: int) -> Records:
        last = np.append(first[1:], behind) - 1
        kept = self._kept(lines, first, last)
        self.cut_lines += int((lines.number[last] - lines.number[kept]).sum())
        view = shown(lines.text, lines.start, lines.end, heads)
        return Records(
            block=view.block,
            start=view.start[first],
            body=view.body[first],
            head_end=view.head_end[first],
            end=view.end[kept],
            first=lines.number[first],
            lines=(lines.number[last] - lines.number[first] + 1).astype(np.int32),
            time=self._sound.of(heads.time[first]),
            level=heads.level[first],
            component=heads.name[first],
            components=self._names.names,
        )
