"""What is known of each kind of record in a source, kept up to date block by block in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_core.index.columns import Column
from agent_core.logs.columns import Records
from agent_core.logs.events.axis import Clock
from agent_core.logs.events.chart import Chart
from agent_core.logs.events.rows import (
    GRAVITY,
    KIND,
    MOST_NAMES,
    MOST_RECORDS,
    Groups,
    Ints,
    blank,
    count,
    group,
    key_of,
    parts_of,
    summed,
)
from agent_core.logs.events.scattered import is_part
from agent_core.logs.events.sightings import Sightings

EXAMPLE_BYTES = 8192
MOST_KINDS = 60_000
"""Kinds that are kept; beyond, the least grave ones with the fewest records are forgotten."""
_MOST_WRITERS = 16
"""Components with kinds of their own per template; records of further ones count as of nobody."""


class Statistics:
    """Counts the records of one source.

    Attributes:
        kinds: One `KIND` for each template, component and gravity that occurred.
        examples: Of each kind, the first record as it stands, at most `EXAMPLE_BYTES`.
        components: Names by number.
        written: Records of each component by gravity; int64[components, 3].
        sightings: The stack traces.
        chart: When there was how much.
        forgotten: Records of kinds that are not kept any more.
    """

    def __init__(self) -> None:
        self.kinds = Column(KIND)
        self.examples: list[bytes] = []
        self.components: list[str] = [""]
        self.written = np.zeros((1, 3), np.int64)
        self.sightings = Sightings()
        self.clock, self.chart = Clock(), Chart()
        self.records = self.lines = self.forgotten = 0
        self._number: dict[int, int] = {}
        self._writers: dict[int, int] = {}

    def add(self, records: Records, ids: NDArray[np.int32]) -> None:
        """Count a block; `ids` are the templates of its records, int32[n]."""
        for start in range(0, len(records), MOST_RECORDS):
            part = slice(start, start + MOST_RECORDS)
            self._add(records.picked(part) if len(records) > MOST_RECORDS else records, ids[part])

    def _add(self, records: Records, ids: NDArray[np.int32]) -> None:
        self._name(records.components)
        component = np.where(records.component < MOST_NAMES, records.component, 0)
        times = self.clock.fill(records.time)
        groups = group(records, ids, component)
        numbers = self._numbers(groups, records)
        count(self.kinds.view, numbers, groups, records, times)
        self.chart.count(records.level, times)
        heads = groups.order[groups.starts]
        np.add.at(self.written, (component[heads], GRAVITY[records.level[heads]]), groups.counts)
        self.records += len(records)
        self.lines += int(records.lines.sum())
        for place in self.sightings.add(records, times, self._parts(numbers, groups, records)):
            key = key_of(int(ids[place]), int(component[place]), int(GRAVITY[records.level[place]]))
            self.kinds.view["traced"][self._number[self._kept(key)]] += 1
        if len(self.examples) > MOST_KINDS:
            self._forget()

    def fold(self, resolve: Callable[[NDArray[np.int32]], NDArray[np.int32]]) -> None:
        """Add up the kinds whose templates have become one; `resolve` gives the template of today."""
        kinds = self.kinds.view
        now = resolve(kinds["template"].astype(np.int32))
        if not np.array_equal(now, kinds["template"]):
            kinds["template"] = now
            self._renumber()

    def restore(self, kinds: NDArray[Any], examples: list[bytes]) -> None:
        """Have these kinds, with an example of each, and no others."""
        self.kinds.replace(kinds)
        self.examples = examples
        self._renumber()

    def _name(self, components: list[str]) -> None:
        self.components = components
        missing = len(components) - len(self.written)
        if missing > 0:
            self.written = np.concatenate((self.written, np.zeros((missing, 3), np.int64)))

    def _numbers(self, groups: Groups, records: Records) -> Ints:
        """The rows of the kinds of a block; new ones are made."""
        keys = groups.keys.tolist()
        numbers = [self._number.get(key, -1) for key in keys]
        made: list[int] = []
        heads: list[int] = []
        for place in [place for place, number in enumerate(numbers) if number < 0]:
            key = self._kept(keys[place])
            if key not in self._number:
                self._number[key] = len(self.examples)
                head = int(groups.order[groups.starts[place]])
                begin, end = int(records.body[head]), int(records.end[head])
                self.examples.append(records.block[begin : min(end, begin + EXAMPLE_BYTES)])
                template = parts_of(key)[0]
                self._writers[template] = self._writers.get(template, 0) + 1
                made.append(key)
                heads.append(head)
            numbers[place] = self._number[key]
        if made:
            rows = blank(made)
            rows["part"] = [is_part(records, head) for head in heads]
            rows["tall"] = records.lines[heads]
            self.kinds.extend(rows)
        return np.array(numbers, np.int64)

    def _parts(self, numbers: Ints, groups: Groups, records: Records) -> NDArray[np.bool_]:
        """Which records of one line look like lines of stack traces."""
        found = self.kinds.view["part"][numbers]
        parts = np.zeros(len(records), np.bool_)
        if found.any():
            parts[groups.order] = np.repeat(found, groups.counts)
            parts &= records.lines == 1
        return parts

    def _kept(self, key: int) -> int:
        """The key itself, or that of nobody when its template has kinds of enough components."""
        if key in self._number:
            return key
        template, _, gravity = parts_of(key)
        return key_of(template, 0, gravity) if self._writers.get(template, 0) >= _MOST_WRITERS else key

    def _renumber(self) -> None:
        """Number the kinds anew after templates or components of theirs changed, adding up equal ones."""
        kinds = self.kinds.view
        self._number, self._writers = {}, {}
        into = np.empty(len(kinds), np.int64)
        leaders: list[int] = []
        columns = (kinds[name].tolist() for name in ("template", "component", "gravity"))
        for place, parts in enumerate(zip(*columns, strict=True)):
            key = key_of(*parts)
            if key not in self._number:
                self._number[key] = len(leaders)
                self._writers[parts[0]] = self._writers.get(parts[0], 0) + 1
                leaders.append(place)
            into[place] = self._number[key]
        earliest = np.lexsort((kinds["first"], into))
        shown = earliest[np.searchsorted(into[earliest], np.arange(len(leaders)))]
        self.examples = [self.examples[place] for place in shown.tolist()]
        self.kinds.replace(summed(kinds, into, len(leaders)))

    def _forget(self) -> None:
        """Drop the less telling half of the kinds: the least grave, of them the least counted, the oldest."""
        kinds = self.kinds.view
        order = np.lexsort((kinds["last"], kinds["count"], kinds["gravity"]))
        kept = np.ones(len(kinds), np.bool_)
        kept[order[: len(kinds) // 2]] = False
        self.forgotten += int(kinds["count"][~kept].sum())
        self.examples = [self.examples[place] for place in np.flatnonzero(kept).tolist()]
        self.kinds.keep(kept)
        self._renumber()
