"""The units of a conversation, of which those that were not looked at for long lie on disk.

They are kept in chunks of neighbours. A chunk that is put away is a few bytes of memory; asked for one of its
units, it comes back as it was. Writing and reading some 100 KiB of a file takes a fraction of a millisecond,
less than a turn of another thread would.
"""

from __future__ import annotations

import logging
import pickle
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload
from zlib import crc32

from tui.widgets.transcript.shelf import Place, Shelf
from tui.widgets.transcript.units import Notice, Prompt, Unit

CHUNK = 64
"""Units that are put away together."""
KEPT_UNITS, _KEPT_CHARACTERS = 640, 2_000_000
"""More than this in memory, and the chunks farthest from the view are put away."""
_NEWEST = 2
"""Chunks at the end that always stay: there the conversation goes on."""
_log = logging.getLogger(__name__)


class _Away(NamedTuple):
    place: Place
    check: int
    size: int


class Units(Sequence[Unit]):
    """A list of units, to be appended to and cut off at its end."""

    def __init__(self) -> None:
        self._chunks: list[list[Unit] | None] = []
        self._shelf = Shelf()
        self._away: dict[int, _Away] = {}
        """Where a chunk was written, with a check of what was written."""
        self._prompts: list[int] = []
        self._count = 0
        self._full = False
        """Whether the disk took nothing more."""
        self._seen: tuple[int, list[Unit]] | None = None
        """The chunk on disk that was looked at last."""

    # As a list

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Unit: ...
    @overload
    def __getitem__(self, index: slice) -> list[Unit]: ...
    def __getitem__(self, index: int | slice) -> Unit | list[Unit]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._count))]
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._chunk(index // CHUNK)[index % CHUNK]

    def __setitem__(self, index: int, unit: Unit) -> None:
        self._chunk(index // CHUNK)[index % CHUNK] = unit

    def append(self, unit: Unit) -> None:
        """Add a unit at the end."""
        if self._count % CHUNK == 0:
            self._chunks.append([])
        self._chunk(self._count // CHUNK).append(unit)
        if isinstance(unit, Prompt):
            self._prompts.append(self._count)
        self._count += 1

    def truncate(self, count: int) -> None:
        """Keep the first `count` units."""
        chunks = -(-count // CHUNK)
        for number in range(chunks, len(self._chunks)):
            self._away.pop(number, None)
        del self._chunks[chunks:]
        if count % CHUNK:
            del self._chunk(chunks - 1)[count % CHUNK :]
        del self._prompts[bisect_left(self._prompts, count) :]
        self._count, self._seen = count, None
        if not count:
            self._shelf.clear()
            self._full = False

    @property
    def prompts(self) -> Sequence[int]:
        """Where the prompts are."""
        return self._prompts

    # In memory and on disk

    def in_memory(self, around: int) -> Iterator[int]:
        """The units that are in memory now, those of the chunks nearest to `around` first."""
        for chunk in self._present(around):
            first = chunk * CHUNK
            yield from range(first, min(first + CHUNK, self._count))

    def has(self, index: int) -> bool:
        """Whether the unit is in memory."""
        return self._chunks[index // CHUNK] is not None

    def read(self, index: int) -> Unit:
        """A unit to be looked at only: one on disk stays there, and what is changed in it is lost."""
        chunk, place = divmod(index, CHUNK)
        if (present := self._chunks[chunk]) is not None:
            return present[place]
        if self._seen is None or self._seen[0] != chunk:
            self._seen = (chunk, self._fetch(chunk))
        return self._seen[1][place]

    def put_away(self, around: int) -> list[range]:
        """Put on disk what is too much, farthest from the view at `around` first; which units these are."""
        present = list(self._present(around))
        units = CHUNK * len(present)
        if units <= KEPT_UNITS // 2 or self._full:
            return []
        weights = {chunk: sum([unit.weight for unit in self._chunk(chunk)]) for chunk in present}
        characters = sum(weights.values())
        done: list[range] = []
        near = around // CHUNK
        for chunk in reversed(present):
            if units <= KEPT_UNITS and characters <= _KEPT_CHARACTERS:
                break
            busy = any(unit.running for unit in self._chunk(chunk))
            if busy or chunk >= len(self._chunks) - _NEWEST or abs(chunk - near) <= 1:
                continue
            if not self._put(chunk):
                break
            units, characters = units - CHUNK, characters - weights[chunk]
            done.append(range(chunk * CHUNK, (chunk + 1) * CHUNK))
        return done

    def _present(self, around: int) -> list[int]:
        middle = around // CHUNK
        found = [number for number, chunk in enumerate(self._chunks) if chunk is not None]
        return sorted(found, key=lambda number: abs(number - middle))

    def _chunk(self, number: int) -> list[Unit]:
        chunk = self._chunks[number]
        if chunk is None:
            chunk = self._chunks[number] = self._fetch(number)
            self._seen = None
        return chunk

    def _fetch(self, number: int) -> list[Unit]:
        away = self._away[number]
        try:
            return pickle.loads(self._shelf.get(away.place))
        except OSError as error:
            _log.error("a part of the conversation cannot be read back: %s", error)
            lost = Notice("error", "This part of the conversation cannot be read back", f"{error}")
            return [lost, *(Notice("aside", "…", "") for _ in range(away.size - 1))]

    def _put(self, number: int) -> bool:
        """Put a chunk away; written only where it is not there already as it is."""
        units = self._chunk(number)
        data = pickle.dumps(units, protocol=pickle.HIGHEST_PROTOCOL)
        check, before = crc32(data), self._away.get(number)
        if before is None or (before.check, before.place.size) != (check, len(data)):
            try:
                self._away[number] = _Away(self._shelf.put(data), check, len(units))
            except OSError as error:
                _log.warning("the conversation stays in memory: %s", error)
                self._full = True
                return False
        self._chunks[number] = None
        return True
