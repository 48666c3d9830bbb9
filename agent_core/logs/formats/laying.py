"""Laying out what is no text by itself: lines of JSON, entries of the journal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats import journal, jsonlines
from agent_core.logs.formats.heads import Heads, Laid
from agent_core.logs.formats.names import Names
from agent_core.logs.formats.text import PAD, Mask, Offsets, Text
from agent_core.logs.formats.times import Clock

Read = Callable[[Text, Offsets, Offsets], Heads]


class Layer:
    """Lays out lines.

    Args:
        clock: Reads the times they tell.
        names: Numbers the components they tell.
        read: Reads the heads of lines, none of which follows another, that lie in what was laid out.
    """

    def __init__(self, *, clock: Clock, names: Names, read: Read) -> None:
        self._clock = clock
        self._names = names
        self._read = read

    def journal(self, text: Text, heads: Heads) -> Offsets:
        """Lay out entries of the journal; the lines that are of none."""
        rows = np.arange(len(heads.body))
        if not (text.bytes[heads.body] == journal.FIRST[0]).any():
            return rows
        rest = np.ones(len(rows), np.bool_)
        starts = heads.body.tolist()
        stop = len(text.block) - len(PAD)
        row = 0
        while row < len(starts):
            start = starts[row]
            entry = (
                journal.entry_at(text.block, start, stop)
                if text.block.startswith(journal.FIRST, start)
                else None
            )
            if entry is None:
                row += 1
                continue
            behind = int(np.searchsorted(heads.body, entry.end))
            rest[row:behind] = False
            heads.found[row] = True
            heads.time[row], heads.level[row] = entry.time, entry.level
            heads.name[row] = self._names.named(entry.name)
            heads.laid[row] = Laid(entry.text)
            heads.laid.update({gone: Laid(b"", gone=True) for gone in range(row + 1, behind)})
            row = behind
        return rows[rest]

    def json(self, text: Text, heads: Heads, rows: Offsets) -> Mask:
        """Lay out lines of JSON; which lines are some."""
        done = text.bytes[heads.body[rows]] == 123
        likely = np.flatnonzero(done)
        if not len(likely):
            return done
        found: list[jsonlines.Laid] = []
        begin, end, block = heads.body[rows[likely]].tolist(), heads.end[rows[likely]].tolist(), text.block
        for index, place in enumerate(likely.tolist()):
            laid = jsonlines.laid_out(block[begin[index] : end[index]])
            if laid is None:
                done[place] = False
            else:
                found.append(laid)
        self._keep(heads, rows[done].tolist(), found)
        return done

    def _keep(self, heads: Heads, rows: list[int], found: list[jsonlines.Laid]) -> None:
        """Keep what lines say."""
        for row, laid in zip(rows, found, strict=True):
            heads.laid[row] = Laid(laid.text.encode("utf-8", "replace"))
        level = np.array([laid.level for laid in found], np.int8)
        name = np.array([self._names.named(laid.name) for laid in found], np.int32)
        time = np.array([NO_TIME if isinstance(laid.time, str) else laid.time for laid in found], np.int64)
        heads.found[rows] = True
        heads.level[rows] = np.where(level > 0, level, heads.level[rows])
        heads.name[rows] = np.where(name > 0, name, heads.name[rows])
        heads.time[rows] = np.where(time == NO_TIME, heads.time[rows], time)
        told = zip(rows, found, strict=True)
        self._written(heads, [(row, laid.time) for row, laid in told if isinstance(laid.time, str)])
        self._again(heads, [row for row, laid in zip(rows, found, strict=True) if laid.again])

    def _written(self, heads: Heads, times: list[tuple[int, str]]) -> None:
        """Read times that are written out."""
        if not times:
            return
        text, start, _ = _lines(
            [time[:64].replace("\n", " ").encode("utf-8", "replace") for _, time in times]
        )
        read = self._clock.written(text, start)
        rows = np.array([row for row, _ in times])
        heads.time[rows] = np.where(read == NO_TIME, heads.time[rows], read)

    def _again(self, heads: Heads, rows: list[int]) -> None:
        """Read the heads of the lines that programs wrote, which a container engine put into JSON."""
        if not rows:
            return
        texts = [heads.laid[row].text for row in rows]
        text, start, end = _lines([line.replace(b"\n", b" ") for line in texts])
        inner = self._read(text, start, end)
        for place, row in enumerate(rows):
            laid = inner.laid.get(place)
            begin = int(start[place])
            heads.laid[row] = laid or Laid(
                text.block[begin : int(end[place])], int(inner.body[place]) - begin
            )
            heads.level[row] = inner.level[place] or heads.level[row]
            heads.name[row] = inner.name[place] or heads.name[row]
            if inner.time[place] != NO_TIME:
                heads.time[row] = inner.time[place]


def _lines(lines: list[bytes]) -> tuple[Text, Offsets, Offsets]:
    length = np.array([len(line) for line in lines])
    end = np.cumsum(length + 1) - 1
    return Text(b"".join((b"\n".join(lines), b"\n", PAD))), end - length, end
