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
        block = text.block
        spans = zip(heads.body[rows[likely]].tolist(), heads.end[rows[likely]].tolist(), strict=True)
        said = jsonlines.lay_out([block[begin:end] for begin, end in spans])
        done[:] = False
        done[likely[said.place]] = True
        if said.place:
            self._keep(heads, rows[likely[said.place]], said)
        return done

    def _keep(self, heads: Heads, rows: Offsets, said: jsonlines.Said) -> None:
        """Keep what lines say."""
        heads.laid.update(zip(rows.tolist(), map(Laid, said.text), strict=True))
        number = {name: self._names.named(name) for name in dict.fromkeys(said.name)}
        level, name = np.array(said.level, np.int8), np.array([number[name] for name in said.name], np.int32)
        heads.found[rows] = True
        heads.level[rows] = np.where(level > 0, level, heads.level[rows])
        heads.name[rows] = np.where(name > 0, name, heads.name[rows])
        written = np.array([type(time) is str for time in said.time], np.bool_)
        time = np.array([NO_TIME if type(time) is str else time for time in said.time], np.int64)
        if written.any():
            time[written] = self._written([time for time in said.time if type(time) is str])
        heads.time[rows] = np.where(time == NO_TIME, heads.time[rows], time)
        again = np.array(said.again, np.bool_)
        if again.any():
            self._again(
                heads, rows[again], [text for text, inner in zip(said.text, said.again, strict=True) if inner]
            )

    def _written(self, times: list[str]) -> Offsets:
        """The times that are written out."""
        text, start, _ = _lines([time[:64].encode("utf-8", "replace") for time in times])
        return self._clock.written(text, start)

    def _again(self, heads: Heads, rows: Offsets, lines: list[bytes]) -> None:
        """Read the heads of the lines that programs wrote, which a container engine put into JSON."""
        text, start, end = _lines(lines)
        inner = self._read(text, start, end)
        block, body = text.block, (inner.body - start).tolist()
        begin, stop = start.tolist(), end.tolist()
        for place, row in enumerate(rows.tolist()):
            heads.laid[row] = inner.laid.get(place) or Laid(block[begin[place] : stop[place]], body[place])
        heads.level[rows] = np.where(inner.level > 0, inner.level, heads.level[rows])
        heads.name[rows] = np.where(inner.name > 0, inner.name, heads.name[rows])
        heads.time[rows] = np.where(inner.time == NO_TIME, heads.time[rows], inner.time)


def _lines(lines: list[bytes]) -> tuple[Text, Offsets, Offsets]:
    lines = [line.replace(b"\n", b" ") for line in lines]
    length = np.array([len(line) for line in lines])
    end = np.cumsum(length + 1) - 1
    return Text(b"".join((b"\n".join(lines), b"\n", PAD))), end - length, end
