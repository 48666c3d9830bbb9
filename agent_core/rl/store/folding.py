"""What the records of the log add up to."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import msgspec

from agent_core.rl.api import HIGHEST, LOWEST, SAFE_TOOLS, Part
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.records import Control, Decision, Record, Score, Signal, split_id
from agent_core.rl.store.log import Place

MOST_WRITERS = 4096
"""How many writers are remembered: those that wrote last."""
MOST_UNSCORED = 128
"""How many decisions without a score are remembered."""
_LONGEST_ID, _HIGHEST = 128, 2**53
_MOST_FEATURES, _MOST_SHOWN, _LONGEST_NAME = 256, 64, 64
_MOST_SIGNALS = 128
"""Of one decision without a score: twice as many as there are tools and parts."""


class ToolCount(msgspec.Struct, kw_only=True):
    """What is known of one tool: how often it was first in a decision and observed in a score, what its
    rewards sum up to, and how often each part was there."""

    first: int = 0
    observed: int = 0
    mean: float | None = None
    total: float = 0.0
    parts: dict[Part, int] = {}


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The last record of a writer: its number, and when it was, in whole seconds since 1970."""

    number: int
    at: int


class Unscored(msgspec.Struct, frozen=True):
    """A decision without a score, and what was done with its suggestions so far."""

    decision: Decision
    signals: tuple[Signal, ...] = ()


class Marks(msgspec.Struct):
    """By writer its last record, in the order of these records: so that every record counts once.

    `horizon` is the time of the latest record of a writer that is not remembered any more.
    """

    writers: dict[str, Mark] = {}
    horizon: int | None = None

    def has(self, record: Record) -> bool:
        """Whether the record, or a later one of its writer, was added."""
        writer, number = split_id(record.id)
        mark = self.writers.get(writer)
        return mark is not None and number <= mark.number

    def may_forget(self, record: Record) -> bool:
        """Whether it cannot be told if the record was added: its writer may be one that is forgotten."""
        if self.horizon is None or split_id(record.id)[0] in self.writers:
            return False
        return int(record.at) <= self.horizon

    def add(self, record: Record) -> bool:
        """Remember a record; returns False where it was added before."""
        if self.has(record):
            return False
        writer, number = split_id(record.id)
        self.writers.pop(writer, None)
        self.writers[writer] = Mark(number, int(record.at))
        while len(self.writers) > MOST_WRITERS:
            gone = self.writers.pop(next(iter(self.writers)))
            self.horizon = max(gone.at, self.horizon or 0)
        return True


@dataclass(slots=True)
class State:
    """The sum of all records up to a place in the log. Who folds changes it; others only read.

    `broken` lines of the log could not be read, `duplicates` stood in it twice. `forgotten` are decisions
    from before a reset that had no score: it is not counted when it comes.
    """

    knowledge: Knowledge = field(default_factory=Knowledge.fresh)
    frozen: bool = False
    decisions: int = 0
    scores: int = 0
    resets: int = 0
    broken: int = 0
    duplicates: int = 0
    tools: dict[str, ToolCount] = field(default_factory=dict[str, ToolCount])
    unscored: dict[str, Unscored] = field(default_factory=dict[str, Unscored])
    forgotten: list[str] = field(default_factory=list[str])
    marks: Marks = field(default_factory=Marks)
    place: Place | None = None

    @property
    def is_informed(self) -> bool:
        """Whether anything was observed, here or by an older version."""
        return any(count.observed for count in self.tools.values())

    def copy(self) -> State:
        """A state that says the same and goes its own way."""
        return replace(
            self,
            knowledge=copy.deepcopy(self.knowledge),
            tools=copy.deepcopy(self.tools),
            unscored=dict(self.unscored),
            forgotten=list(self.forgotten),
            marks=Marks(dict(self.marks.writers), self.marks.horizon),
        )

    def take(self, record: Record) -> bool:
        """Count a record; returns False where it was counted before."""
        if not self.marks.add(record):
            return False
        if isinstance(record, Decision):
            self._decided(record)
        elif isinstance(record, Signal):
            self._signalled(record)
        elif isinstance(record, Score):
            self._scored(record)
        else:
            self._controlled(record)
        return True

    def add_older(self, tool: str, observed: int, mean: float) -> None:
        """Count what was observed of a tool before there was a log."""
        count = self._count(tool)
        count.observed += observed
        count.total += observed * mean
        count.mean = count.total / count.observed if count.observed else None

    def _decided(self, decision: Decision) -> None:
        self.decisions += 1
        if decision.shown and decision.shown[0] in SAFE_TOOLS:
            self._count(decision.shown[0]).first += 1
        self.unscored[decision.id] = Unscored(decision)
        if len(self.unscored) > MOST_UNSCORED:
            untouched = (name for name, kept in self.unscored.items() if not kept.signals)
            del self.unscored[next(untouched, next(iter(self.unscored)))]

    def _signalled(self, signal: Signal) -> None:
        kept = self.unscored.get(signal.decision)
        if kept is None or signal.tool not in kept.decision.shown or len(kept.signals) >= _MOST_SIGNALS:
            return
        if all((signal.tool, signal.part) != (known.tool, known.part) for known in kept.signals):
            self.unscored[signal.decision] = Unscored(kept.decision, (*kept.signals, signal))

    def _scored(self, score: Score) -> None:
        if score.decision in self.forgotten:
            return
        self.scores += 1
        self.unscored.pop(score.decision, None)
        for observed in score.observed:
            if observed.tool not in SAFE_TOOLS:
                continue  # of a version that has other tools
            count = self._count(observed.tool)
            count.observed += 1
            count.total += observed.reward
            count.mean = count.total / count.observed
            for part, times in observed.parts.items():
                count.parts[part] = count.parts.get(part, 0) + (times > 0)
            if score.learn:
                self.knowledge.learn(score.features, observed.tool, observed.reward)

    def _controlled(self, control: Control) -> None:
        if control.what == "reset":
            self.knowledge = Knowledge.fresh()
            self.decisions = self.scores = 0
            self.forgotten = [*self.forgotten, *self.unscored][-MOST_UNSCORED:]
            self.tools, self.unscored = {}, {}
            self.resets += 1
        else:
            self.frozen = control.what == "freeze"

    def _count(self, tool: str) -> ToolCount:
        return self.tools.setdefault(tool, ToolCount())


def is_sound(record: Record) -> bool:
    """Whether every number of a record, which may come from anybody, is one that can be learnt from."""
    try:
        _, number = split_id(record.id[: _LONGEST_ID + 1])
    except ValueError:
        return False
    if len(record.id) > _LONGEST_ID or number > _HIGHEST or not 0 <= record.at < 1e12:
        return False
    if isinstance(record, Decision | Score):
        if len(record.features) > _MOST_FEATURES or len(record.allowed) > _MOST_SHOWN:
            return False
        if not 0 < len(record.shown) == len(record.propensities) <= _MOST_SHOWN:
            return False
        names = (*record.features, *record.allowed, *record.shown, record.policy)
        if any(len(name) > _LONGEST_NAME for name in names):
            return False
        if not _all_within(record.propensities, 0, 1) or not all(
            map(math.isfinite, record.features.values())
        ):
            return False
    if isinstance(record, Score):
        return _all_within((observed.reward for observed in record.observed), LOWEST, HIGHEST)
    return True


def _all_within(numbers: Iterable[float], low: float, high: float) -> bool:
    return all(math.isfinite(number) and low - 1e-9 <= number <= high + 1e-9 for number in numbers)
