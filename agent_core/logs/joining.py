"""Key events that a source told, among those that were found here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence

import msgspec

from agent_core.logs.api import Digest, DigestQuery, KeyEvent
from agent_core.logs.events.digest import Showing

_EVENTS, _SERVICES = 2, 4
"""After so many events of a service, or so many services, another one counts half."""


def fit_to_show(event: KeyEvent, showing: Showing) -> KeyEvent:
    """The event without secrets, and with the places of this workspace that it leads to."""
    return msgspec.structs.replace(
        event,
        text=showing.mask(event.text),
        template=showing.mask(event.template),
        why=tuple(map(showing.mask, event.why)),
        places=showing.places(event.text),
    )


def joined(digest: Digest, told: Iterable[KeyEvent], query: DigestQuery, showing: Showing) -> Digest:
    """The digest with what was told, the most important first, within its limit and its budget of tokens.

    What was found here in the very log that somebody else read, too, is not shown twice. What is told is
    anybody's word: an event counts the less the more of its service, and the more services, come before it,
    so that no service can take all the places; and all of them together leave half to what was found here.
    """
    found = {event.id for event in digest.events}
    new = [
        event
        for event in told
        if event.id.partition(":")[2] not in found
        and (query.since is None or event.ended is None or event.ended >= query.since)
    ]
    if not new:
        return digest
    weighed = [*((event.score, event) for event in digest.events), *_weighed(new)]
    ranked = [event for _, event in sorted(weighed, key=lambda each: -each[0])]
    kept = _within(_shared(ranked, found, query.limit), found, query.tokens, showing)
    left_out = digest.left_out + len(ranked) - len(kept)
    return msgspec.structs.replace(digest, events=tuple(kept), left_out=left_out)


def _shared(ranked: Sequence[KeyEvent], here: Container[str], limit: int) -> list[KeyEvent]:
    """The first so many, half of which were found here, if there are so many."""
    own = sum(event.id in here for event in ranked)
    room = limit - min(own, limit // 2)
    chosen: list[KeyEvent] = []
    for event in ranked:
        if len(chosen) == limit:
            break
        room -= event.id not in here
        if event.id in here or room >= 0:
            chosen.append(event)
    return chosen


def _within(
    events: Sequence[KeyEvent], here: Container[str], tokens: int, showing: Showing
) -> list[KeyEvent]:
    """Those for which the tokens suffice (0 for any number), half of which are for what was found here."""
    if not tokens:
        return list(events)
    needed = [(event, showing.tokens(event.text)) for event in events]
    own = sum(count for event, count in needed if event.id in here)
    left, told = tokens, tokens - min(own, tokens // 2)
    kept: list[KeyEvent] = []
    for event, count in needed:
        is_own = event.id in here
        if count > left:
            break
        if kept and not is_own and count > told:
            continue
        left -= count
        told -= 0 if is_own else count
        kept.append(event)
    return kept


def _weighed(told: Iterable[KeyEvent]) -> Iterator[tuple[float, KeyEvent]]:
    """What each event of the bus counts, see `joined`."""
    by_service: defaultdict[str, list[KeyEvent]] = defaultdict(list)
    for event in sorted(told, key=lambda event: -event.score):
        by_service[":".join(event.source.split(":", 2)[:2])].append(event)
    for before, events in enumerate(by_service.values()):  # the gravest of each is its first
        for number, event in enumerate(events):
            yield event.score / (1 + before / _SERVICES) / (1 + number / _EVENTS), event
