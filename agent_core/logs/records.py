"""Reading a log: blocks of bytes in, records in columns out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np

from agent_core.logs.columns import Records
from agent_core.logs.formats.continuing import continues
from agent_core.logs.formats.heads import HeadReader, Heads
from agent_core.logs.formats.names import Names
from agent_core.logs.formats.text import PAD, Mask, Offsets, Text
from agent_core.logs.formats.times import Clock

LONGEST_LINE = 64 * 1024
"""Bytes of a line that are kept."""
MOST_LINES = 2000
MOST_BYTES = 256 * 1024
"""Lines and bytes of a record that are kept; the first line always is."""
CLAIMED = 100
"""Plain lines behind a head that belong to its record; indented ones, and those of traces, do not count.
What comes after them is no message any more, but output without heads."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """What is missing of the record held: behind its first `at` lines came `lines`, `plain` of them plain."""

    at: int = 0
    lines: int = 0
    plain: int = 0


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a block: where they begin and end, their numbers, and which are plain."""

    text: Text
    start: Offsets
    end: Offsets
    number: Offsets
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
    """

    def __init__(self, name: str, *, now: float | None = None, zone: tzinfo = UTC) -> None:
        self.name = name
        self.cut_bytes = 0
        """Bytes left out of lines that are too long."""
        self.cut_lines = 0
        """Lines left out of records that are too long."""
        self._names = Names()
        clock = Clock(int((time.time() if now is None else now) * 1000), zone)
        self._heads = HeadReader(clock=clock, names=self._names)
        self._partial = b""
        """The line that is not finished, as it came."""
        self._held = b""
        """The lines of the last record, cleaned."""
        self._cut = _Cut()
        self._line = 1
        """Number of the first line held, or else of the next one."""
        self._open = False
        """The last line given out was not finished: what comes next belongs to it."""

    def feed(self, block: bytes) -> Records | None:
        """Take the next bytes; the records that are known to be whole, None for none."""
        if self._open and block:
            self._open = False
            broken = block.startswith((b"\n", b"\r\n"))
            self._line += broken
            block = block[block.find(b"\n") + 1 :] if broken else block
        end = block.rfind(b"\n") + 1
        if end == 0:
            self._keep(block)
            return None
        whole = self._partial + block[:end]
        self._partial = b""
        self._keep(block[end:])
        return self._take(self._clean(whole), final=False)

    def finish(self) -> Records | None:
        """What was kept back: at the end, or when nothing more came for a while."""
        rest, self._partial = self._partial, b""
        records = self._take(self._clean(rest + b"\n") if rest else b"", final=True)
        if rest:
            self._open = True
            self._line -= 1
        return records

    def _keep(self, rest: bytes) -> None:
        room = LONGEST_LINE + 1 - len(self._partial)
        if len(rest) > room:
            self.cut_bytes += len(rest) - room
            rest = rest[:room]
        self._partial += rest

    def _clean(self, lines: bytes) -> bytes:
        if len(lines) > LONGEST_LINE:
            lines = self._shortened(lines)
        return lines

    def _shortened(self, lines: bytes) -> bytes:
        breaks = np.flatnonzero(np.frombuffer(lines, np.uint8) == 10)
        if np.diff(breaks, prepend=-1).max(initial=0) <= LONGEST_LINE + 1:
            return lines
        kept = [line[:LONGEST_LINE] for line in lines.split(b"\n")]
        short = b"\n".join(kept)
        self.cut_bytes += len(lines) - len(short)
        return short

    def _take(self, new: bytes, *, final: bool) -> Records | None:
        held, cut = self._held, self._cut
        size = len(held) + len(new)
        if size == 0 or (not new and not final):
            return None
        text = Text(b"".join((held, new, PAD)))
        end = text.breaks
        start = np.empty(len(end), np.int64)
        start[0] = 0
        start[1:] = end[:-1] + 1
        returned = (text.bytes[end - 1] == 13) & (end > start)
        end = end - returned
        heads = self._heads.read(text, start, end)
        number = self._line + np.arange(len(start))
        if cut.lines:
            number[cut.at :] += cut.lines
        plain = self._plain(text, start, end, heads)
        first = np.flatnonzero(self._begins(heads.found, plain))
        lines = _Lines(text, start, end, number, plain)
        if not final:
            self._hold(lines, int(first[-1]))
            return self._records(lines, heads, first[:-1], first[-1]) if len(first) > 1 else None
        self._held, self._cut = b"", _Cut()
        self._line = int(number[-1]) + 1
        return self._records(lines, heads, first, len(start))

    def _plain(self, text: Text, start: Offsets, end: Offsets, heads: Heads) -> Mask:
        """Which lines neither have a head nor follow up the line before them."""
        plain = np.zeros(len(start), np.bool_)
        rest = np.flatnonzero(~heads.found)
        if len(rest):
            # Each of them with the line before it, which decides too.
            before = np.maximum(rest - 1, 0)
            plain[rest] = ~continues(text, start[rest], end[rest], start[before])
        return plain

    def _begins(self, found: Mask, plain: Mask) -> Mask:
        """Which lines begin a record."""
        begins = found.copy()
        if plain.any():
            order = np.arange(len(found))
            head = np.maximum.accumulate(np.where(found, order, -1))
            total = np.cumsum(plain)
            since = total - np.where(head >= 0, total[head], 0)
            since[self._cut.at :] += np.where(head[self._cut.at :] < self._cut.at, self._cut.plain, 0)
            begins |= plain & ((head < 0) | (since > CLAIMED))
        begins[0] = True
        return begins

    def _hold(self, lines: _Lines, first: int) -> None:
        """Keep back the last record, which begins with line `first`: its beginning, and its last line."""
        cut = self._cut if first == 0 else _Cut()
        last = len(lines.start) - 1
        kept = int(self._kept(lines, np.array([first]), np.array([last]))[0])
        self._line = int(lines.number[first])
        begin = int(lines.start[first])
        if kept >= last - 1:
            self._cut = _Cut(at=last + 1 - first) if not cut.lines else cut
            self._held = lines.text.block[begin : len(lines.text.block) - len(PAD)]
            return
        behind = kept + 1
        self._cut = _Cut(
            at=behind - first,
            lines=int(lines.number[last] - lines.number[kept]) - 1,
            plain=cut.plain + int(lines.plain[behind:last].sum()),
        )
        held = lines.text.block[begin : int(lines.start[behind])]
        self._held = held + lines.text.block[int(lines.start[last]) : len(lines.text.block) - len(PAD)]

    def _kept(self, lines: _Lines, first: Offsets, last: Offsets) -> Offsets:
        """The last line that is kept of each record."""
        fits = np.searchsorted(lines.end, lines.start[first] + MOST_BYTES, side="right") - 1
        kept = np.maximum(first, np.minimum(np.minimum(last, first + (MOST_LINES - 1)), fits))
        if self._cut.lines and first[0] == 0:
            kept[0] = min(int(kept[0]), self._cut.at - 1)
        return kept

    def _records(self, lines: _Lines, heads: Heads, first: Offsets, behind: int) -> Records:
        last = np.append(first[1:], behind) - 1
        kept = self._kept(lines, first, last)
        self.cut_lines += int((lines.number[last] - lines.number[kept]).sum())
        return Records(
            block=lines.text.block,
            start=lines.start[first],
            body=heads.body[first],
            head_end=lines.end[first],
            end=lines.end[kept],
            first=lines.number[first],
            lines=(lines.number[last] - lines.number[first] + 1).astype(np.int32),
            time=heads.time[first],
            level=heads.level[first],
            component=heads.name[first],
            components=self._names.names,
        )
