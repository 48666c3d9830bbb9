"""The digest: key events of some sources, the most important first, within a limit and a budget of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

import msgspec

from agent_core.logs.api import Chronic, CodePlace, Digest, EventKind, KeyEvent, SourceFacts
from agent_core.logs.events.baseline import Generation, Known
from agent_core.logs.events.candidates import Candidate
from agent_core.logs.events.chart import joined_bars
from agent_core.logs.events.clusters import Moment, moments
from agent_core.logs.events.finding import LEVEL_NAMES, Finder
from agent_core.logs.events.ranking import judge
from agent_core.logs.events.rows import FAILED
from agent_core.logs.events.showing import Mask, shown_record, shown_together
from agent_core.logs.events.statistics import Statistics
from agent_core.logs.events.wording import Wordings
from agent_core.logs.traces import Own
from agent_core.text import human_duration, one_line, plural

_FLOOR = 0.3
"""What matters less is no key event."""
_OTHERS = 24
_CHRONIC = 12
_BURST = 4
_WHY = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One source of a digest: what was counted of it, and what earlier sessions knew.

    `template` gives the text of a template by number, as the statistics number it.
    """

    statistics: Statistics
    template: Callable[[int], str]
    facts: SourceFacts
    known: Known = field(default_factory=Known)


@dataclass(frozen=True, slots=True)
class Showing:
    """How texts are made.

    `mask` hides secrets; `own` gives the workspace's file for a path of a trace, None for a library's;
    `places` finds the code that a text leads to; `tokens` counts the tokens of a text.
    """

    mask: Mask = str
    own: Own | None = None
    places: Callable[[str], tuple[CodePlace, ...]] = lambda _: ()
    tokens: Callable[[str], int] = lambda text: -(-len(text) // 4)


def digest_of(
    parts: Sequence[Part],
    *,
    limit: int = 20,
    tokens: int = 0,
    since: float | None = None,
    showing: Showing = Showing(),
) -> Digest:
    """The digest of some sources.

    Args:
        parts: The sources; their statistics are only read.
        limit: The most key events.
        tokens: The most tokens of their texts; 0 for no bound.
        since: Leaves out what ended before, in seconds since the epoch.
        showing: How texts are made.
    """
    finders = [Finder(part.facts.name, part.statistics, part.template, part.known) for part in parts]
    templates: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for finder in finders:
        templates.update(finder.templates)
        errors.update(finder.errors)
    newness, among_errors = Wordings(templates).newness(), Wordings(errors).newness()
    found: list[Candidate] = []
    for part, finder in zip(parts, finders, strict=True):
        for candidate in finder.find(newness, among_errors):
            judge(candidate, records=part.statistics.records)
            found.append(candidate)
    dated = {part.facts.name: part.statistics.clock.dated for part in parts}
    ranked = [moment for moment in moments(found) if moment.score >= _FLOOR]
    if since is not None:
        ranked = [one for one in ranked if not dated[one.lead.source] or one.ended >= since * 1000]
    events = _within(
        (event_of(moment, showing, dated=dated[moment.lead.source]) for moment in ranked[:limit]),
        tokens,
        showing.tokens,
    )
    chronic = sorted((one for finder in finders for one in finder.chronic()), key=lambda one: -one.count)
    return Digest(
        events=tuple(events),
        chronic=tuple(_masked(one, showing) for one in chronic[:_CHRONIC]),
        sources=tuple(part.facts for part in parts),
        bars=joined_bars([part.statistics.chart.bars() for part in parts if part.statistics.clock.dated]),
        left_out=len(ranked) - len(events),
        dropped=sum(finder.dropped for finder in finders),
    )


def generation_seen(name: str, part: Part) -> Generation:
    """What to remember of a source as the generation of that name, see `Baseline.learn`."""
    return Finder(part.facts.name, part.statistics, part.template, part.known).generation(name)


def _masked(noise: Chronic, showing: Showing) -> Chronic:
    return msgspec.structs.replace(noise, template=showing.mask(noise.template))


def _within(events: Iterable[KeyEvent], tokens: int, count: Callable[[str], int]) -> list[KeyEvent]:
    """The first events whose texts fit."""
    kept: list[KeyEvent] = []
    left = tokens
    for event in events:
        if tokens:
            left -= count(event.text)
            if left < 0:
                break
        kept.append(event)
    return kept


def event_of(moment: Moment, showing: Showing, *, dated: bool) -> KeyEvent:
    """A moment as it is told; `dated` says whether its source has times."""
    lead, shown = moment.lead, moment.head
    text = _text(moment, showing)
    lines = sorted({line for member in moment.members for line in (member.first, *member.lines)})
    return KeyEvent(
        id=event_id(shown),
        kind=_kind(moment),
        source=lead.source,
        first=shown.first,
        last=shown.last,
        text=text,
        template=showing.mask(shown.template),
        level=LEVEL_NAMES[max(member.level for member in moment.members)],
        component=lead.component,
        count=moment.count,
        others=tuple(line for line in lines if not shown.first <= line <= shown.last)[:_OTHERS],
        began=moment.began / 1000 if dated else None,
        ended=moment.ended / 1000 if dated else None,
        score=round(moment.score, 3),
        why=tuple(map(showing.mask, islice(_why(moment, dated=dated), _WHY))),
        places=showing.places(lead.text.decode("utf-8", "replace")),
    )


def _text(moment: Moment, showing: Showing) -> str:
    if len(moment.members) > 1 and not moment.lead.trace:
        return shown_together([member.text for member in moment.members], showing.mask)
    return shown_record(moment.lead.text, showing.mask, showing.own)


def _kind(moment: Moment) -> EventKind:
    lead = moment.lead
    if lead.trace:
        return "trace"
    if lead.burst or (moment.brief and moment.count >= _BURST):
        return "burst"
    if lead.raised:
        return "raised"
    if moment.head.gravity >= FAILED:
        return "error"
    return "new" if lead.unknown else "rare"


def _why(moment: Moment, *, dated: bool) -> Iterable[str]:
    span = human_duration(max(moment.ended - moment.began, 100) / 1000)
    if moment.chain:
        within = human_duration(max(moment.chain_ms, 100) / 1000)
        yield f"first of {plural(moment.chain, 'error')}" + (f" within {within}" if dated else "")
    if moment.brief and moment.count >= _BURST and not moment.lead.burst:
        yield plural(moment.count, "record") + (f" within {span}" if dated else " in a row")
    yield from moment.lead.why
    if moment.elsewhere:
        others = sorted(moment.elsewhere)
        yield f"also in {one_line(others[0])}" + (f" and {len(others) - 1} more" if len(others) > 1 else "")


def event_id(candidate: Candidate) -> str:
    """The id of the event that a candidate becomes if it leads one.

    It is the same for the same event however much was read since: made of its first record.
    """
    head = candidate.text.split(b"\n")[0].translate(None, b"0123456789").decode("utf-8", "replace")
    what = candidate.trace or ("silent " if candidate.silent else "") + head
    parts = (candidate.source, candidate.component, str(candidate.gravity), what)
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=6).hexdigest()
