"""Looks through what was counted of a source for what may be key events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from agent_core.logs.api import Chronic, LevelName
from agent_core.logs.columns import Level
from agent_core.logs.events.baseline import Generation, Known, mark_of
from agent_core.logs.events.candidates import Candidate, rarity
from agent_core.logs.events.own import is_own_timeout
from agent_core.logs.events.rows import FAILED, WARNED
from agent_core.logs.events.sightings import Sighting
from agent_core.logs.events.signals import Silence, bursts, raised, rarities, risen, silences, steady
from agent_core.logs.events.statistics import Statistics
from agent_core.logs.events.unusual import odd_values
from agent_core.text import human_duration

LEVEL_NAMES: tuple[LevelName, ...] = ("", "trace", "debug", "info", "warn", "error", "fatal")
"""By `Level`."""
_LEAST_NEW, _LEAST_RARE = 0.45, 0.05
_GRAVE_NEW = 0.2
"""How new the wording of an error counts as at least."""
_CHRONIC, _CHRONIC_RARE = 20, 0.4
_LEAST_WRITTEN = 20
_TOGETHER = 30_000
"""Milliseconds within which several kinds fall silent for one reason."""
_TIME = re.compile(rb"(?i)time")
_CONTROLS = bytes(range(33))


class Finder:
    """Looks for candidates in one source.

    Args:
        source: Its name.
        statistics: What was counted, with templates as they are now.
        template: The text of a template by number.
        known: What earlier sessions saw of it.

    Attributes:
        dropped: Records that are time-outs of the model client itself.
    """

    def __init__(
        self, source: str, statistics: Statistics, template: Callable[[int], str], known: Known
    ) -> None:
        self._source, self._statistics, self._known = source, statistics, known
        self._kinds = kinds = statistics.kinds.view
        numbers, places = np.unique(kinds["template"], return_inverse=True)
        self._totals = np.bincount(places, kinds["count"], len(numbers)).astype(np.int64).tolist()
        self._texts = [template(number) for number in numbers.tolist()]
        self._places = places
        own = self._own_timeouts()
        traces = statistics.sightings.known.values()
        self._traces = [one for one in traces if not is_own_timeout(one.component, _text(one.text))]
        self.dropped = int(kinds["count"][own].sum())
        self._told = (kinds["count"] > kinds["traced"]) & ~own & ~self._blank()
        self._rare = rarities(kinds, statistics.records)
        shares = np.array([known.share(text) for text in self._texts], np.float64)[places]
        self._burst = np.maximum(bursts(kinds), risen(kinds, statistics.records, shares))
        self._raised, self._steady = raised(kinds), steady(kinds)

    @property
    def templates(self) -> dict[str, int]:
        """The records of each template."""
        return dict(zip(self._texts, self._totals, strict=True))

    @property
    def errors(self) -> dict[str, int]:
        """The errors of each template that has some."""
        grave = self._kinds["gravity"] >= FAILED
        counts = np.bincount(self._places[grave], self._kinds["count"][grave], len(self._texts)).tolist()
        return {text: int(count) for text, count in zip(self._texts, counts, strict=True) if count}

    def find(self, newness: Mapping[str, float], among_errors: Mapping[str, float]) -> list[Candidate]:
        """The candidates, not yet judged.

        Args:
            newness: How new the wording of each template is.
            among_errors: The same of those of errors, beside those of other errors.
        """
        return [*self._of_kinds(newness, among_errors), *map(self._of_trace, self._traces), *self._silent()]

    def chronic(self) -> list[Chronic]:
        """Grave records that recur all the time, by template."""
        kinds, noise = self._kinds, self._recurring()
        counts: Counter[str] = Counter()
        levels: dict[str, int] = {}
        for row in np.flatnonzero(noise).tolist():
            template = self._texts[int(self._places[row])]
            counts[template] += int(kinds["count"][row])
            levels[template] = max(levels.get(template, 0), _level(kinds["levels"][row]))
        return [
            Chronic(template=template, source=self._source, count=count, level=LEVEL_NAMES[levels[template]])
            for template, count in counts.items()
        ]

    def generation(self, name: str) -> Generation:
        """What to remember of it for later sessions."""
        traces = {mark_of(one.signature): one.count for one in self._statistics.sightings.known.values()}
        return Generation(name, self._statistics.records, self.templates, traces)

    def _recurring(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which kinds are grave and recur all the time."""
        kinds = self._kinds
        noise = self._told & (self._burst == 0) & ~self._raised & (self._rare < _CHRONIC_RARE)
        return noise & (kinds["gravity"] >= WARNED) & (kinds["count"] >= _CHRONIC)

    def _of_kinds(self, newness: Mapping[str, float], among_errors: Mapping[str, float]) -> list[Candidate]:
        failed = self._kinds["gravity"] >= FAILED
        fresh = np.array([newness[text] for text in self._texts], np.float64)[self._places]
        graver = np.array([among_errors.get(text, 0.0) for text in self._texts], np.float64)[self._places]
        fresh = np.where(failed, np.maximum(np.maximum(fresh, graver), _GRAVE_NEW), fresh)
        odd = odd_values(self.templates)
        unlike = np.array([text in odd for text in self._texts], np.bool_)[self._places]
        special = (self._burst > 0) | self._raised | unlike
        scarce = (self._rare >= _LEAST_RARE) & (fresh >= _LEAST_NEW)
        likely = self._told & (special | scarce | (failed & ~self._recurring()))
        return [
            self._of_kind(row, float(fresh[row]), odd.get(self._texts[int(self._places[row])], ()))
            for row in np.flatnonzero(likely).tolist()
        ]

    def _silent(self) -> list[Candidate]:
        """Regular kinds that were silent, of those that were together the most regular one."""
        if not self._statistics.clock.dated:
            return []
        found = silences(self._kinds, self._statistics.lines)
        told: list[list[Silence]] = []
        for one in sorted(found, key=lambda one: one.began):
            if told and one.began - told[-1][-1].began <= _TOGETHER:
                told[-1].append(one)
            else:
                told.append([one])
        return [self._of_silence(min(group, key=lambda one: one.usual), len(group) - 1) for group in told]

    def _of_silence(self, silence: Silence, others: int) -> Candidate:
        candidate = self._of_kind(silence.row, 1.0)
        before, behind = silence.lines
        candidate.first, candidate.last = before, before + int(self._kinds["tall"][silence.row]) - 1
        candidate.lines = [before, behind] if behind else [before]
        candidate.began, candidate.ended = silence.began, silence.began + silence.lasted
        candidate.burst = 0.0
        lasted, usual = human_duration(silence.lasted / 1000), human_duration(silence.usual / 1000)
        candidate.silent = f"silent for {lasted}, else every {usual}" + (
            f", as {others} more" if others else ""
        )
        return candidate

    def _of_kind(self, row: int, fresh: float, usual: tuple[str, ...] = ()) -> Candidate:
        kind, statistics = self._kinds[row], self._statistics
        component, gravity = int(kind["component"]), int(kind["gravity"])
        template, example = self._texts[int(self._places[row])], statistics.examples[row]
        return Candidate(
            source=self._source,
            template=template,
            text=example,
            component=statistics.components[component],
            level=_level(kind["levels"]),
            gravity=gravity,
            count=int(kind["count"]),
            first=int(kind["first"]),
            last=int(kind["first"]) + int(kind["tall"]) - 1,
            began=int(kind["began"]),
            ended=int(kind["ended"]),
            lines=_lines(kind, bursting=self._burst[row] > 0),
            rare=float(self._rare[row]),
            fresh=fresh,
            lonely=self._lonely(component),
            unusual=self._unusual(component, gravity),
            burst=float(self._burst[row]),
            burst_line=int(kind["peak_line"]),
            raised=bool(self._raised[row]),
            steady=bool(self._steady[row]),
            usual=usual,
            unknown=self._known.lacks(template),
        )

    def _of_trace(self, trace: Sighting) -> Candidate:
        names = self._statistics.components
        component = names.index(trace.component) if trace.component in names else 0
        return Candidate(
            source=self._source,
            template="",
            text=trace.text,
            component=trace.component,
            level=trace.level,
            gravity=FAILED,
            count=trace.count,
            first=trace.first,
            last=trace.last,
            began=trace.began,
            ended=trace.ended,
            lines=trace.lines,
            rare=rarity(trace.count, self._statistics.records),
            lonely=self._lonely(component),
            unusual=self._unusual(component, FAILED),
            unknown=self._known.lacks_trace(trace.signature),
            trace=trace.signature,
        )

    def _lonely(self, component: int) -> float:
        """How rare a component is among all records; 0 where there are too few components to say."""
        statistics = self._statistics
        if not component or len(statistics.components) < 3:
            return 0.0
        return rarity(int(statistics.written[component].sum()), statistics.records)

    def _unusual(self, component: int, gravity: int) -> float:
        """How seldom a component is as grave as that."""
        written = self._statistics.written[component]
        total = int(written.sum())
        if gravity < WARNED or total < _LEAST_WRITTEN:
            return 0.0
        return rarity(int(written[gravity:].sum()), total)

    def _blank(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which kinds have no text that could be shown."""
        return np.array([not one.strip(_CONTROLS) for one in self._statistics.examples], np.bool_)

    def _own_timeouts(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        names = self._statistics.components
        by: list[int] = self._kinds["component"].tolist()
        found = [
            _TIME.search(example) is not None and is_own_timeout(names[component], _text(example))
            for example, component in zip(self._statistics.examples, by, strict=True)
        ]
        return np.array(found, np.bool_)


def _lines(kind: Any, *, bursting: bool) -> list[int]:
    """The lines of the first records, and of where a burst begins."""
    seen: list[int] = kind["seen_line"][: int(kind["seen"])].tolist()
    return sorted({*seen, int(kind["peak_line"])}) if bursting else seen


def _level(levels: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    """The gravest level that occurred."""
    return int(np.flatnonzero(levels).max(initial=Level.UNKNOWN))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
