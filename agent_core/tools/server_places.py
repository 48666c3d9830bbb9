"""What language servers know of a name that is asked for: where it is defined and used, before all else."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from agent_core.errors import AgentError
from agent_core.index.api import Place

if TYPE_CHECKING:
    from agent_core.index.api import Index, SearchAnswer
    from agent_core.lsp.api import Named
    from agent_core.lsp.servers import LanguageServers
    from agent_core.workspace import Workspace

_WITHIN_S = 5.0
"""A search does not wait longer for a server; one that is not ready is there for the next."""
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_MOST_NAMES = 2
_MOST_LINES = 6
_AROUND = 2
_FIRST, _STEP = 1.5, 0.01
"""What a server says, by the best score of the index, and how much less each further place."""


class _Start(NamedTuple):
    """Lines of a file that define a name."""

    path: str
    first: int
    last: int
    name: str


class _Fact(NamedTuple):
    """What a server says of a file: its first line of this kind, and why it is there."""

    line: int
    why: str


async def with_servers(
    answer: SearchAnswer,
    query: str,
    *,
    limit: int,
    servers: LanguageServers,
    index: Index,
    workspace: Workspace,
) -> SearchAnswer:
    """The answer with what servers say of the names in the query first, marked; else as it is.

    A server is asked where it may be run without a question, and waited for briefly.
    """
    facts: dict[str, _Fact] = {}
    note = ""
    deadline = time.monotonic() + _WITHIN_S
    try:
        for start in [start async for start in _starts(answer, query, index)][:_MOST_NAMES]:
            facts = {
                **facts,
                **{path: fact for path, fact in await _asked(servers, start, deadline) if path not in facts},
            }
    except AgentError as error:
        note = f"the language server was not asked: {error.message[:1].lower()}{error.message[1:]}"
    notes = "; ".join(filter(None, (answer.note, note)))
    if not facts:
        return msgspec.structs.replace(answer, note=notes)
    places = await asyncio.to_thread(_fused, answer.places, facts, workspace)
    return msgspec.structs.replace(answer, places=tuple(places[:limit]), note=notes)


async def _starts(answer: SearchAnswer, query: str, index: Index) -> AsyncGenerator[_Start]:
    """Where the names of the query are defined, as far as the index knows."""
    for name in dict.fromkeys(_NAME.findall(query)):
        found = next(_defining(answer.places, name), None)
        if found is None:
            named = await index.names(name, limit=5)
            exact = (each for each in named if each.name.rpartition(".")[2] == name)
            found = next((_Start(each.path, each.start, each.end, name) for each in exact), None)
        if found is not None:
            yield found


def _defining(places: Sequence[Place], name: str) -> Iterator[_Start]:
    for place in places:
        if place.name.rpartition(".")[2] == name:
            yield _Start(place.path, place.start, place.end, name)
        for part in place.parts:
            if part.name.rpartition(".")[2] == name:
                yield _Start(place.path, part.start, part.end, name)


async def _asked(servers: LanguageServers, start: _Start, deadline: float) -> list[tuple[str, _Fact]]:
    """By path, what the server says: the definition first, then where it is used."""
    found: list[tuple[str, _Fact]] = []
    for references in (False, True):
        left = max(0.0, deadline - time.monotonic())
        told = await servers.places(
            start.path, start.first, start.last, start.name, references=references, within=left
        )
        if told is None:
            return found
        spec, named = told
        found += _facts(named, start.name, spec.name, references=references)
    return found


def _facts(
    named: Sequence[Named], name: str, server: str, *, references: bool
) -> Iterator[tuple[str, _Fact]]:
    lines: dict[str, list[int]] = {}
    for each in named:
        lines.setdefault(each.path, []).append(each.line)
    how = "uses" if references else "defines"
    for path, where in lines.items():
        where = sorted(set(where))
        shown = ", ".join(map(str, where[:_MOST_LINES])) + (" …" if len(where) > _MOST_LINES else "")
        plural = "s" if len(where) > 1 else ""
        yield path, _Fact(where[0], f"{how} {name}, line{plural} {shown} ({server})")


def _fused(places: Sequence[Place], facts: Mapping[str, _Fact], workspace: Workspace) -> list[Place]:
    best = max((place.score for place in places), default=1.0)
    by_path = {place.path: place for place in places}
    first: list[Place] = []
    for number, (path, fact) in enumerate(facts.items()):
        place = by_path.pop(path, None)
        if place is None or not place.start <= fact.line <= place.end:
            place = _read(path, fact.line, workspace) or place
        if place is not None:
            score = best * (_FIRST - _STEP * min(number, 40))
            first.append(msgspec.structs.replace(place, score=score, why=(fact.why, *place.why)))
    return [*first, *by_path.values()]


def _read(path: str, line: int, workspace: Workspace) -> Place | None:
    """The lines around; None for what cannot be read."""
    start = max(1, line - _AROUND)
    try:
        part = workspace.read_text(path, start=start, end=line + _AROUND)
    except AgentError:
        return None
    if not part.lines:
        return None
    return Place(
        path=path, start=start, end=start + len(part.lines) - 1, score=0.0, text="\n".join(part.lines)
    )
