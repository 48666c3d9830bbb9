"""What `esearch`, `vretr` and `intel` share: all but what they rank by, and places as people, models and
programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from agent_core.errors import UsageError
from agent_core.events import ActionClass, Hit
from agent_core.text import encodable, human_duration, one_line, plural, printable, shorten
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.indexing import plain, telling

if TYPE_CHECKING:
    from agent_core.index.api import Index, Place, SearchAnswer, SearchMode

_HEIGHTS = (8, 8, 8)
_HEIGHT = 4
"""Lines shown of the first places, and of each further one."""
_WIDTH = 160
_MOST_TEXT = 4_000
_MOST_RELATED = 5
_FOR_MODELS = 6
"""Places that the agent gets: a small model reads 60 tokens a second, and forgets the middle of a list."""


class SearchArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of a search in the index."""

    query: Annotated[
        str,
        msgspec.Meta(
            description="What is looked for, in words or names.",
            extra={"free": True, "ends": True, "also": "--q"},
        ),
    ]
    limit: Annotated[
        int,
        msgspec.Meta(
            description="How many places at most; 0 for the setting search_results.", ge=0, le=100,
            extra={"flag": "--limit", "for_people": True},
        ),
    ] = 0  # fmt: skip
    tests: Annotated[
        bool, msgspec.Meta(description="Rank tests as high as other code.", extra={"flag": "--tests"})
    ] = False


class PlacesTool:
    """A search in the index; `mode` is what it ranks by."""

    name: ClassVar[str]
    summary: ClassVar[str]
    mode: ClassVar[SearchMode]
    for_agent: ClassVar[bool]
    aliases: ClassVar[tuple[str, ...]] = ()
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = SearchArgs
    positional: ClassVar[tuple[str, ...]] = ("query",)
    takes_rest: ClassVar[bool] = True

    def __init__(self, *, index: Index) -> None:
        self._index = index

    async def run(self, args: SearchArgs, context: ToolContext) -> ToolResult:
        """Search; raises `UsageError`, `IndexFault`, and the `ModelError` tree for an embedder's failure."""
        query = " ".join(args.query.split())
        if not query:
            hint = f"Such as: {self.name} where are retries counted"
            raise UsageError(f"{self.name}: the query is empty", hint=hint)
        limit = args.limit or _usual_limit(context)
        async with telling(self._index, context.progress, embedding=self.mode == "vector"):
            answer = await self._index.search(
                query, mode=self.mode, limit=limit, tests=True if args.tests else None
            )
            answer = await self._fused(answer, query, limit, context)
        return _result(query, self.mode, answer)

    async def _fused(
        self, answer: SearchAnswer, query: str, limit: int, context: ToolContext
    ) -> SearchAnswer:
        """For a search that knows more than the index: the answer with that."""
        return answer


def _usual_limit(context: ToolContext) -> int:
    wanted = context.settings.search_results
    return wanted if context.turn is not None else min(wanted, _FOR_MODELS)


def _result(query: str, mode: SearchMode, answer: SearchAnswer) -> ToolResult:
    from agent_core.code.terms import analyse

    terms = list(analyse(query).stems)
    body = "\n\n".join(
        described(number, place, terms) for number, place in enumerate(answer.places, 1)
    ) or _nothing(answer)
    note = one_line(answer.note)
    return ToolResult(
        text="\n\n".join(part for part in (body, f"… {note}" if note else "") if part),
        summary=f"{plural(len(answer.places), 'place')}; {_took(answer.seconds)}",
        hits=tuple(map(hit, answer.places)),
        data={
            "query": one_line(query),
            "mode": mode,
            "places": [_row(place) for place in answer.places],
            "index": plain(answer.status),
            "search_seconds": round(answer.seconds, 6),
        },
        note=note,
    )


def _took(seconds: float) -> str:
    return human_duration(seconds) if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _nothing(answer: SearchAnswer) -> str:
    if not answer.status.files:
        return "Nothing found: there are no files in the index."
    return f"Nothing found in {plural(answer.status.files, 'file')}; `grep` looks for exact text."


def hit(place: Place) -> Hit:
    """The place for programs."""
    text = printable(place.text)[:_MOST_TEXT]
    return Hit(encodable(place.path), place.start, place.end, round(place.score, 6), _why(place), text)


def _why(place: Place) -> str:
    return "; ".join(map(one_line, place.why))


def _row(place: Place) -> dict[str, Any]:
    return {
        "path": encodable(place.path),
        "name": one_line(place.name),
        "parts": [{**msgspec.to_builtins(part), "name": one_line(part.name)} for part in place.parts],
        "related": [encodable(path) for path in dict.fromkeys(place.related)],
    }


def described(number: int, place: Place, terms: list[str]) -> str:
    """The place for people and models: where, what, why, and the lines that say most."""
    name = f"  {one_line(place.name)}" if place.name else ""
    lines = [f"{number}. {one_line(place.path)}:{place.start}-{place.end}{name}"]
    if place.why:
        lines.append(f"   {_why(place)}")
    height = _HEIGHTS[number - 1] if number <= len(_HEIGHTS) else _HEIGHT
    lines += excerpt(place, terms, height)
    if place.parts:
        lines.append("   also " + "; ".join(_named_parts(place)))
    related = list(dict.fromkeys(place.related))[:_MOST_RELATED]  # a file may use and be used
    if related:
        lines.append("   related " + ", ".join(map(one_line, related)))
    return "\n".join(lines)


def _named_parts(place: Place) -> list[str]:
    """The further parts of a place, those of one name together."""
    ranges: dict[str, list[str]] = {}
    for part in place.parts:
        ranges.setdefault(one_line(part.name), []).append(f"{part.start}-{part.end}")
    return [f"{', '.join(lines)} {name}".rstrip() for name, lines in ranges.items()]


def excerpt(place: Place, terms: list[str], height: int) -> list[str]:
    """Numbered lines of the place: its first one, and those together that hold most of the terms."""
    lines = printable(place.text).split("\n")
    chosen = _chosen(lines, terms, height)
    width = len(str(place.start + len(lines)))
    rows: list[str] = []
    before = -1
    for index in chosen:
        if before >= 0 and index > before + 1:
            rows.append(f"   {'':>{width}} …")
        rows.append(
            f"   {place.start + index:>{width}}  {shorten(lines[index].expandtabs(4), _WIDTH)}".rstrip()
        )
        before = index
    return rows


def _chosen(lines: list[str], terms: list[str], height: int) -> list[int]:
    if len(lines) <= height:
        return list(range(len(lines)))
    weights = [sum(term in line.lower() for term in terms) for line in lines]
    room = height - 1
    sums = [sum(weights[start : start + room]) for start in range(1, len(lines) - room + 1)]
    first = sums.index(max(sums))
    last = first
    while last + 1 < len(sums) and sums[last + 1] == sums[first]:
        last += 1
    where = next((index for index in range(1 + first, 1 + first + room) if weights[index]), 1)
    start = min(max(where - 1, 1 + first), 1 + last)  # with the line before what is looked for
    if start == 2:  # the mark of a gap would take the place of the one line that is missing
        start = 1
    return [0, *range(start, start + room)]
