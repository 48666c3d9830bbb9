"""Key events that a source told, among those that were found here."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent_core.logs.api import Digest, DigestQuery, KeyEvent
from agent_core.logs.events.digest import Showing


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

    What was found here in the very log that somebody else read, too, is not shown twice.
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
    ranked = sorted((*digest.events, *new), key=lambda event: -event.score)
    kept: list[KeyEvent] = []
    left = query.tokens
    for event in ranked[: query.limit]:
        left -= showing.tokens(event.text)
        if query.tokens and left < 0:
            break
        kept.append(event)
    left_out = digest.left_out + len(ranked) - len(kept)
    return msgspec.structs.replace(digest, events=tuple(kept), left_out=left_out)
