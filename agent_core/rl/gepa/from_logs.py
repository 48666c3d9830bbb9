"""Examples from the logs: a few key events at a time, of which those that failed matter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from agent_core.logs.api import Digest, DigestQuery, KeyEvent, Logs
from agent_core.logs.saying import as_text
from agent_core.rl.gepa.api import LogText
from agent_core.rl.gepa.examples import Example, Explains, Side, id_of, number_of, side_of

_EVENTS = 80
_BYTES = 64 * 1024 * 1024
"""Of each log, its end."""
_BESIDE = 3
_MOST = 40


async def log_texts(logs: Logs, *, mask: Callable[[str], str]) -> tuple[LogText, ...]:
    """What the logs of a workspace say, a few events at a time, each kind of event on one side only.

    Raises `LogFault`.
    """
    digest = await logs.digest(DigestQuery(limit=_EVENTS, most=_BYTES))
    return await asyncio.to_thread(_texts, digest, mask)


def _texts(digest: Digest, mask: Callable[[str], str]) -> tuple[LogText, ...]:
    found: list[LogText] = []
    for side in ("learn", "validate"):
        events = [event for event in digest.events if side_of(_kind(event)) == side]
        found += _windows(digest, events, side, mask)[:_MOST]
    return tuple(found)


def _kind(event: KeyEvent) -> str:
    return f"{event.component}\0{event.template or event.text}"


def _windows(
    digest: Digest, events: Sequence[KeyEvent], side: Side, mask: Callable[[str], str]
) -> list[LogText]:
    found: list[LogText] = []
    for event in events:
        if not event.is_grave:
            continue
        others = [other for other in events if not other.is_grave]
        others.sort(key=lambda other: number_of(event.id, other.id))
        window = {one.id for one in (event, *others[:_BESIDE])}
        shown = [one for one in events if one.id in window]
        number = shown.index(event) + 1
        names = {one.source for one in shown}
        sources = tuple(source for source in digest.sources if source.name in names)
        found.append(
            LogText(
                key=id_of(*sorted(window)),
                side=side,
                text=mask(as_text(Digest(events=tuple(shown), sources=sources))),
                count=len(shown),
                grave=(number,),
                places=tuple(f"{place.path}:{place.line}" for place in event.places if place.line),
            )
        )
    return found


def from_logs(texts: Iterable[LogText], *, room: int) -> list[Example]:
    """Examples of saying what went wrong, as far as they fit into so many characters."""
    return [
        Example(
            id=id_of("explain", text.key),
            target="logs.explain",
            source="logs",
            side=text.side,
            fields={"events": text.text},
            goal=Explains(text.count, text.grave, text.places),
        )
        for text in texts
        if len(text.text) <= room
    ]
