"""What is grave and goes on: a digest folds it, as it is nothing new.

Whoever is told events one by one would take it for over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from agent_core.logs.api import KeyEvent
from agent_core.logs.columns import Level
from agent_core.logs.events.candidates import Candidate
from agent_core.logs.events.clusters import Moment
from agent_core.logs.events.digest import Part, Showing, event_id, event_of
from agent_core.logs.events.finding import Finder
from agent_core.logs.events.own import is_own_timeout
from agent_core.logs.events.ranking import judge
from agent_core.logs.events.rows import FAILED, WARNED

MOST = 128
"""Events that are looked at, the most important ones."""
_RECURS = 20
"""Records from which on a digest may take something for noise."""
_LONG_MS = 20_000
"""What was shorter may be told as a part of another event."""
_RARE = 0.4
"""How rare it counts as: no rarer than what a digest folds."""


def lasting(
    parts: Sequence[Part], ranked: Collection[str], told: Mapping[str, bytes], *, showing: Showing
) -> list[KeyEvent]:
    """Events that no digest has any more though they go on, and errors that it never had as they were noise
    from the beginning; the most important first.

    Args:
        parts: The sources, as the digest had them.
        ranked: Ids of the events of the digest.
        told: Those that were told at some time.
        showing: How texts are made.
    """
    groups: dict[object, dict[str, Candidate]] = {}
    for part in parts:
        for candidate in _recurring(part):
            same = candidate.trace or (candidate.template, candidate.component, candidate.gravity)
            groups.setdefault(same, {})[event_id(candidate)] = candidate
    sources = _Sources(parts)
    found: list[Moment] = []
    for group in groups.values():
        if ranked and any(key in ranked for key in group):
            continue
        known = [one for key, one in group.items() if key in told and _goes_on(one)]
        lead = next(iter(known or (one for one in group.values() if sources.fold(one))), None)
        if lead is not None:
            found.append(_moment(lead, group.values(), records=sources.records(lead.source)))
    found.sort(key=lambda one: (-one.score, one.lead.source, one.lead.first))
    events = (event_of(one, showing, dated=sources.dated(one.lead.source)) for one in found[:MOST])
    return [replace(event, kind="burst") if event.kind == "rare" else event for event in events]


class _Sources:
    """The sources by name; what the digest folds of one is looked up only where that matters."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = {part.facts.name: part for part in parts}
        self._templates: dict[str, frozenset[str]] = {}

    def dated(self, source: str) -> bool:
        """Whether a source has times."""
        return self._parts[source].statistics.clock.dated

    def records(self, source: str) -> int:
        """How many a source has."""
        return self._parts[source].statistics.records

    def fold(self, one: Candidate) -> bool:
        """Whether it is an error that was never told, as it is noise."""
        if one.gravity < FAILED or one.count < _RECURS:
            return False
        if one.trace:
            return True
        templates = self._templates.get(one.source)
        if templates is None:
            part = self._parts[one.source]
            chronic = Finder(one.source, part.statistics, part.template, part.known).chronic()
            templates = self._templates[one.source] = frozenset(noise.template for noise in chronic)
        return one.template in templates


def _goes_on(one: Candidate) -> bool:
    return one.count >= _RECURS or one.ended - one.began > _LONG_MS


def _moment(lead: Candidate, group: Collection[Candidate], *, records: int) -> Moment:
    """The same in several sources is one."""
    judge(lead, records=records)
    elsewhere = {one.source: one.count for one in group if one.source != lead.source}
    return Moment(lead, [lead], score=lead.score, elsewhere=elsewhere)


def _recurring(part: Part) -> Iterator[Candidate]:
    """The warnings, errors and stack traces of a source that occurred more than once."""
    source, statistics = part.facts.name, part.statistics
    kinds = statistics.kinds.view
    again = (kinds["gravity"] >= WARNED) & (kinds["count"] > 1) & (kinds["count"] > kinds["traced"])
    for row in np.flatnonzero(again).tolist():
        kind, text = kinds[row], statistics.examples[row]
        first = int(kind["first"])
        candidate = Candidate(
            source=source,
            template=part.template(int(kind["template"])),
            text=text,
            component=statistics.components[int(kind["component"])],
            level=int(np.flatnonzero(kind["levels"]).max(initial=Level.UNKNOWN)),
            gravity=int(kind["gravity"]),
            count=int(kind["count"]),
            first=first,
            last=first + int(kind["tall"]) - 1,
            began=int(kind["began"]),
            ended=int(kind["ended"]),
            lines=kind["seen_line"][: int(kind["seen"])].tolist(),
            rare=_RARE,
        )
        if text.strip(_BLANK) and not _is_own(candidate):
            yield candidate
    for trace in statistics.sightings.known.values():
        candidate = Candidate(
            source=source,
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
            rare=_RARE,
            trace=trace.signature,
        )
        if trace.count > 1 and not _is_own(candidate):
            yield candidate


_BLANK = bytes(range(33))


def _is_own(one: Candidate) -> bool:
    return is_own_timeout(one.component, one.text.decode("utf-8", "replace"))
