"""Records made by hand, and what is counted of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agent_core.logs.api import Digest, SourceFacts
from agent_core.logs.columns import NO_TIME, Level, Records
from agent_core.logs.events.baseline import Known
from agent_core.logs.events.digest import Part, Showing, digest_of
from agent_core.logs.events.statistics import Statistics
from agent_core.logs.mining.miner import Miner

NINE = 1_763_974_800_000
"""2025-11-24 09:00:00 UTC, in milliseconds."""


class Line(NamedTuple):
    """A record: milliseconds after nine (None for no time), what wrote it, its level, what it says."""

    at: int | None
    component: str
    level: Level
    text: str


class Maker:
    """Makes the blocks of one source, whose components and lines go on from block to block."""

    def __init__(self) -> None:
        self.components = [""]
        self.line = 1

    def records(self, lines: Sequence[Line]) -> Records:
        texts = [line.text.encode() for line in lines]
        ends = np.cumsum([len(text) + 1 for text in texts]) - 1
        starts = ends - [len(text) for text in texts]
        heads = [start + (text + b"\n").find(b"\n") for start, text in zip(starts, texts, strict=True)]
        sizes = [text.count(b"\n") + 1 for text in texts]
        firsts = self.line + np.cumsum([0, *sizes[:-1]])
        self.line += sum(sizes)
        return Records(
            block=b"\n".join(texts) + b"\n",
            start=starts.astype(np.int64),
            body=starts.astype(np.int64),
            head_end=np.array(heads, np.int64),
            end=ends.astype(np.int64),
            first=firsts.astype(np.int64),
            lines=np.array(sizes, np.int32),
            time=np.array([NO_TIME if one.at is None else NINE + one.at for one in lines], np.int64),
            level=np.array([one.level for one in lines], np.int8),
            component=np.array([self._number(one.component) for one in lines], np.int32),
            components=self.components,
        )

    def _number(self, name: str) -> int:
        if name not in self.components:
            self.components.append(name)
        return self.components.index(name)


class Counted:
    """A source that is mined and counted."""

    def __init__(self, miner: Miner | None = None) -> None:
        self.miner, self.maker, self.statistics = miner or Miner(), Maker(), Statistics()

    def add(self, lines: Sequence[Line]) -> Counted:
        records = self.maker.records(lines)
        ids = self.miner.mine_spans(records.block, records.body, records.head_end)
        self.statistics.add(records, ids)
        return self

    def part(self, name: str = "app.log", known: Known | None = None) -> Part:
        self.miner.settle()
        self.statistics.fold(self.miner.resolve)
        facts = SourceFacts(name=name, lines=self.statistics.lines)
        return Part(self.statistics, self.miner.template, facts, known or Known())

    def digest(
        self, *, limit: int = 20, tokens: int = 0, known: Known | None = None, showing: Showing | None = None
    ) -> Digest:
        return digest_of([self.part(known=known)], limit=limit, tokens=tokens, showing=showing or Showing())


def steady(count: int, *, every: int = 100, start: int = 0) -> list[Line]:
    """Ordinary traffic of a shop: four messages in turn."""
    texts = (
        ("web", Level.INFO, "GET /basket/{} took {} ms"),
        ("db", Level.DEBUG, "query {} returned {} rows"),
        ("web", Level.INFO, "session {} opened from 10.0.0.{}"),
        ("mail", Level.ERROR, "delivery of message {} was put off {} times, greylisted"),
    )
    return [
        Line(start + every * n, name, level, text.format(1000 + 7 * n, n % 90))
        for n in range(count)
        for name, level, text in (texts[n % 10 % 3] if n % 50 else texts[3],)
    ]
