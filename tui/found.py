"""What a search in the index found, as the screen keeps it."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from agent_core.events import ToolFinished
from agent_core.index.api import Place, SearchAnswer, SearchMode
from agent_core.text import one_line

_MODES: dict[str, SearchMode] = {"esearch": "hybrid", "vretr": "vector", "intel": "graph"}
"""How each of the search commands searches."""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A place: lines `start` to `end` of a file, what it is called, why it was found.

    All is printable but the paths, which are those on disk.
    """

    path: str
    start: int
    end: int
    name: str = ""
    why: str = ""
    related: tuple[str, ...] = ()

    @property
    def cited(self) -> str:
        """The place as it is cited."""
        path = one_line(self.path)
        return f"{path}:{self.start}-{self.end}" if self.end > self.start else f"{path}:{self.start}"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The spots of one search, best first; `note` says what it could not take into account."""

    query: str = ""
    mode: SearchMode = "hybrid"
    spots: tuple[Spot, ...] = ()
    note: str = ""

    @property
    def command(self) -> str:
        """The command that searches like this."""
        return next(name for name, mode in _MODES.items() if mode == self.mode)


def of_event(event: ToolFinished) -> Results | None:
    """The results of a finished search command; None for any other, and for one that failed."""
    mode = _MODES.get(event.name)
    data = event.data
    if mode is None or event.error is not None or "query" not in data:
        return None
    places = cast("list[dict[str, Any]]", data["places"])
    spots = [
        Spot(
            path=hit["path"],
            start=hit["start"],
            end=hit["end"],
            name=place["name"],
            why=hit["why"],
            related=tuple(place["related"]),
        )
        for hit, place in zip(data["hits"], places, strict=True)
    ]
    return Results(query=data["query"], mode=mode, spots=tuple(spots), note=data["note"])


def of_answer(query: str, mode: SearchMode, answer: SearchAnswer) -> Results:
    """The results of a search that the screen asked for itself."""
    return Results(query=query, mode=mode, spots=tuple(map(_spot, answer.places)), note=answer.note)


def _spot(place: Place) -> Spot:
    from agent_core.tools.places import hit

    found = hit(place)
    return Spot(
        path=found.path,
        start=found.start,
        end=found.end,
        name=one_line(place.name),
        why=found.why,
        related=place.related,
    )
