"""Candidates that tell of the same moment become one event; of several, the first gets the most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import eq

from agent_core.logs.events.candidates import Candidate
from agent_core.logs.events.priors import CAUSE
from agent_core.logs.events.rows import FAILED, WARNED

_GAP = 3000
"""Milliseconds between two records of one component that belong together."""
_MOMENT = 20_000
"""A candidate all of whose records lie within that is of one moment."""
_NEAR = 300
"""Lines between two such records at most."""
_MOST = 40
_CHAIN_GAP, _CHAIN = 3000, 60_000
"""Milliseconds between two errors of a chain, and from its first to its last."""
_LEAST_CHAIN = 3
_ALIKE, _LEAST_SAME, _LEAST_ALIKE = 0.6, 3, 3
"""The share of words in the same places, words, and messages, from which on they are told as one."""
_MOST_LEADS = 40
_FIRST, _FOLLOWS = 1.25, 0.9
_COMPANY = 0.08
_SCARCE = 0.5


@dataclass(slots=True)
class Moment:
    """One or more candidates of one component at one time; the one that matters most leads."""

    lead: Candidate
    members: list[Candidate] = field(default_factory=list[Candidate])
    score: float = 0.0
    chain: int = 0
    """Errors of the chain that it is the first of; 0 for none."""
    chain_ms: int = 0
    elsewhere: dict[str, int] = field(default_factory=dict[str, int])
    """Its records in other sources."""

    @property
    def head(self) -> Candidate:
        """What it is told by: its stack trace, else the first of its gravest records."""
        return self.lead if self.lead.trace else self.members[0]

    @property
    def count(self) -> int:
        """Records as grave as its head, or of its stack trace; what came with them is not counted."""
        told = [self.lead] if self.lead.trace else self.members
        like = (one.count for one in told if one.gravity == self.head.gravity)
        return sum(like) + sum(self.elsewhere.values())

    @property
    def brief(self) -> bool:
        """Whether all its records lie close together."""
        return self.ended - self.began <= _MOMENT

    @property
    def began(self) -> int:
        """When its first record was written, in milliseconds."""
        return min(member.began for member in self.members)

    @property
    def ended(self) -> int:
        """When its last record was written."""
        return max(member.ended for member in self.members)


def moments(candidates: Iterable[Candidate]) -> list[Moment]:
    """The events that the candidates make, the most important first."""
    waiting: dict[tuple[str, str, bool], list[Candidate]] = {}
    made: list[Moment] = []
    for candidate in candidates:
        alone = candidate.burst or candidate.silent or not candidate.component
        if not alone and candidate.ended - candidate.began <= _MOMENT:
            key = candidate.source, candidate.component, _is_ordinary(candidate)
            waiting.setdefault(key, []).append(candidate)
        else:
            made.append(Moment(candidate, [candidate]))
    for alike in waiting.values():
        made.extend(_joined(sorted(alike, key=lambda one: (one.began, one.first))))
    for moment in made:
        moment.score = moment.lead.score * (1 + _COMPANY * min(4, len(moment.members) - 1))
    made = _alike(made)
    _follow(made)
    made.sort(key=lambda moment: (-moment.score, moment.lead.source, moment.lead.first))
    return _once(made)


def _joined(candidates: list[Candidate]) -> Iterable[Moment]:
    """What is graver than all before it begins a moment: what led to it is told by itself, if at all."""
    moment: Moment | None = None
    ended = line = 0
    for one in candidates:
        near = moment is not None and one.began - ended <= _GAP and one.first - line <= _NEAR
        if moment is None or not near or not _takes(moment, one):
            if moment is not None:
                yield moment
            moment = Moment(one)
            ended, line = one.ended, one.first
        moment.members.append(one)
        ended, line = max(ended, one.ended), max(line, one.first, *one.lines[-1:])
        if (bool(one.trace), one.score) > (bool(moment.lead.trace), moment.lead.score):
            moment.lead = one
    if moment is not None:
        yield moment


def _takes(moment: Moment, one: Candidate) -> bool:
    if len(moment.members) >= _MOST or (one.trace and moment.lead.trace):
        return False
    return one.gravity <= moment.members[0].gravity


def _alike(made: list[Moment]) -> list[Moment]:
    """Messages that differ in a few words, of too few records for one template, are told as one."""
    groups: dict[tuple[str, str, int, int], list[list[Moment]]] = {}
    for moment in sorted(made, key=lambda one: (-one.score, one.lead.first)):
        lead = moment.lead
        if len(moment.members) > 1 or lead.trace or lead.silent or lead.burst or lead.usual:
            continue
        words = lead.template.split()
        leads = groups.setdefault((lead.source, lead.component, lead.gravity, len(words)), [])
        like = next((one for one in leads if _similar(one[0].lead.template.split(), words)), None)
        if like is not None:
            like.append(moment)
        elif len(leads) < _MOST_LEADS:
            leads.append([moment])
    gone: set[int] = set()
    for first, *others in (alike for leads in groups.values() for alike in leads):
        if len(others) + 1 >= _LEAST_ALIKE:
            members = [first.lead, *(other.lead for other in others)]
            first.members = sorted(members, key=lambda one: one.first)
            gone.update(map(id, others))
    return [moment for moment in made if id(moment) not in gone]


def _similar(one: list[str], other: list[str]) -> bool:
    same = sum(map(eq, one, other))
    return same >= max(_LEAST_SAME, _ALIKE * len(one))


def _once(made: list[Moment]) -> list[Moment]:
    """The same in several sources (of several workers, of a log that was rotated) is told once."""
    told: dict[object, Moment] = {}
    kept: list[Moment] = []
    for moment in made:
        lead = moment.lead
        same = told.setdefault(lead.trace or (lead.template, lead.component, lead.gravity), moment)
        if same is moment or len(moment.members) > 1 or lead.source == same.lead.source:
            kept.append(moment)
        else:
            same.elsewhere[lead.source] = same.elsewhere.get(lead.source, 0) + moment.count
    return kept


def _follow(made: list[Moment]) -> None:
    """Raise the first of errors that follow each other closely, lower those behind it."""
    grave = [moment for moment in made if _is_grave(moment.lead)]
    grave.sort(key=lambda moment: (moment.lead.began, moment.lead.first))
    chain: list[Moment] = []
    for moment in [*grave, None]:
        if moment is not None and chain:
            began = moment.lead.began
            if began - chain[-1].lead.began <= _CHAIN_GAP and began - chain[0].lead.began <= _CHAIN:
                chain.append(moment)
                continue
        _weigh(chain)
        chain = [moment] if moment is not None else []


def _weigh(chain: list[Moment]) -> None:
    if len(chain) < _LEAST_CHAIN:
        return
    chain[0].score *= _FIRST
    chain[0].chain = len(chain)
    chain[0].chain_ms = chain[-1].lead.began - chain[0].lead.began
    for moment in chain[1:]:
        moment.score *= _FOLLOWS


def _is_ordinary(candidate: Candidate) -> bool:
    """Whether it goes on whatever happens, so that it says nothing of what is grave beside it."""
    return candidate.gravity < WARNED and candidate.rare < _SCARCE


def _is_grave(candidate: Candidate) -> bool:
    grave = candidate.gravity >= FAILED or bool(candidate.trace) or candidate.fault >= CAUSE
    return grave and not candidate.steady and candidate.rare >= _SCARCE and candidate.fresh >= _SCARCE
