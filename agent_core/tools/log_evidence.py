"""What the logs say of places in the code: evidence for `intel`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from agent_core.errors import AgentError
from agent_core.index.api import Place
from agent_core.logs.api import CodePlace, DigestQuery, KeyEvent
from agent_core.text import shorten

if TYPE_CHECKING:
    from agent_core.index.api import SearchAnswer
    from agent_core.logs.api import Logs
    from agent_core.workspace import Workspace

_QUERY = DigestQuery(limit=60, most=16 * 1024 * 1024)
_PATIENCE_S = 5.0
"""A search does not wait longer for the logs."""
_WEIGHT = 0.35
"""How much of its score a place gains at most, and of the best score one that was found by the logs alone."""
_MOST_ADDED = 3
_AROUND = 4
_WIDTH = 90


class Evidence(NamedTuple):
    """An event that leads to a place in the code, and how telling it is, from 0 to 1."""

    event: KeyEvent
    place: CodePlace
    weight: float

    @property
    def reason(self) -> str:
        """Why the place is among the results."""
        from agent_core.logs.saying import gist, label

        event = self.event
        times = f" ×{event.count:,}" if event.count > 1 else ""
        return f"in the logs: {shorten(gist(event), _WIDTH)}{times} ({label(event.source)}:{event.first})"


async def with_logs(
    answer: SearchAnswer, query: str, *, limit: int, logs: Logs, workspace: Workspace
) -> SearchAnswer:
    """The answer with what the logs say of its places, and with places that only they know of.

    An event counts if it speaks of what is asked, or if what is asked is what failed. Where there are no
    logs, nothing is read; what cannot be read in time is told in the note.
    """
    try:
        if not await logs.sources():
            return answer
        digest = await asyncio.wait_for(logs.digest(_QUERY), _PATIENCE_S)
    except TimeoutError:
        return _noted(answer, "the logs take long to read and do not count; `ctx` reads them")
    except AgentError as error:
        return _noted(answer, f"the logs do not count: {error.message}")
    evidence = _evidence(digest.events, query)
    return await asyncio.to_thread(_fused, answer, evidence, limit, workspace) if evidence else answer


def _noted(answer: SearchAnswer, note: str) -> SearchAnswer:
    return msgspec.structs.replace(answer, note="; ".join(filter(None, (answer.note, note))))


def _evidence(events: Sequence[KeyEvent], query: str) -> dict[str, Evidence]:
    """By path, the most telling event that leads there."""
    from agent_core.agent.failures import asks_about_failure
    from agent_core.code.terms import analyse, stems_of

    wanted = analyse(query).stems.keys()
    failed = asks_about_failure(query)
    found: dict[str, Evidence] = {}
    for rank, event in enumerate(events):
        shared = len(wanted & set(stems_of(event.text))) / max(1, len(wanted))
        share = max(shared, 0.5 if failed else 0.0)
        for depth, place in enumerate(event.places if share else ()):
            weight = share / (1 + 0.1 * rank) / (1 + depth)
            if place.path not in found or found[place.path].weight < weight:
                found[place.path] = Evidence(event, place, weight)
    return found


def _fused(
    answer: SearchAnswer, evidence: Mapping[str, Evidence], limit: int, workspace: Workspace
) -> SearchAnswer:
    best = max((place.score for place in answer.places), default=1.0)
    places = [_backed(place, evidence.get(place.path)) for place in answer.places]
    there = {place.path for place in places}
    others = sorted((found for path, found in evidence.items() if path not in there), key=_by_weight)
    places += _added(others[:_MOST_ADDED], best, workspace)
    places.sort(key=lambda place: -place.score)
    return msgspec.structs.replace(answer, places=tuple(places[:limit]))


def _by_weight(found: Evidence) -> float:
    return -found.weight


def _backed(place: Place, found: Evidence | None) -> Place:
    if found is None:
        return place
    score = place.score * (1 + _WEIGHT * found.weight)
    return msgspec.structs.replace(place, score=score, why=(found.reason, *place.why))


def _added(evidence: Iterable[Evidence], best: float, workspace: Workspace) -> list[Place]:
    """Places that the logs alone lead to, with the lines around."""
    places: list[Place] = []
    for found in evidence:
        start = max(1, found.place.line - _AROUND)
        try:
            part = workspace.read_text(found.place.path, start=start, end=found.place.line + _AROUND)
        except AgentError:  # it was removed since
            continue
        if part.lines:
            places.append(
                Place(
                    path=found.place.path,
                    start=start,
                    end=start + len(part.lines) - 1,
                    score=_WEIGHT * best * found.weight,
                    name=found.place.function,
                    text="\n".join(part.lines),
                    why=(found.reason,),
                )
            )
    return places
