"""Key events that a source told, among those that were found here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

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
    so that no service, and no crowd of them, can take all the places.
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
    kept: list[KeyEvent] = []
    left = query.tokens
    for event in ranked[: query.limit]:
        left -= showing.tokens(event.text)
        if query.tokens and left < 0:
            break
        kept.append(event)
    left_out = digest.left_out + len(ranked) - len(kept)
    return msgspec.structs.replace(digest, events=tuple(kept), left_out=left_out)


def _weighed(told: Iterable[KeyEvent]) -> Iterator[tuple[float, KeyEvent]]:
    """What each event of the bus counts, see `joined`."""
    by_service: defaultdict[str, list[KeyEvent]] = defaultdict(list)
    for event in sorted(told, key=lambda event: -event.score):
        by_service[":".join(event.source.split(":", 2)[:2])].append(event)
    for before, events in enumerate(by_service.values()):  # the gravest of each is its first
        for number, event in enumerate(events):
            yield event.score / (1 + before / _SERVICES) / (1 + number / _EVENTS), event
