"""What an `@` at the prompt may stand for: files and definitions, found by some of their letters."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, NamedTuple

from agent_core.errors import AgentError
from agent_core.text import one_line
from tui.catalog import Catalog, ranked
from tui.widgets.rows import Item

if TYPE_CHECKING:
    from agent_core.index.api import Index, NamedPlace

MOST = 60
_MOST_NAMES = 20
_OPEN = re.compile(r'(?:^|[\s(\[{])@("?)([^\s"]*)$')
_LINES = re.compile(r":\d*(?:-\d*)?$")
_MARKS = {"class": "◆", "function": "ƒ", "method": "ƒ"}


class Typed(NamedTuple):
    """A mention that is being typed: where it begins (at its `@`), its letters, and lines after a colon."""

    start: int
    query: str
    lines: str

    def names(self, place: str) -> bool:
        """Whether it is typed as it would be chosen."""
        return place == self.query + self.lines


def typed(before: str) -> Typed | None:
    """The mention that ends at the cursor, in the text before it; None where there is none."""
    match = _OPEN.search(before)
    if match is None:
        return None
    text = match[2]
    lines = _LINES.search(text)
    at = lines.start() if lines else len(text)
    return Typed(match.start(1) - 1, text[:at], text[at:].rstrip(":-"))


async def find(mention: Typed, catalog: Catalog, index: Index) -> list[Item]:
    """What it may stand for, best first; the key of each is what stands after the `@` then."""
    files = await catalog.files()
    near = catalog.near
    found = await asyncio.to_thread(ranked, mention.query, files, MOST, near=near)
    rows = [(kind, 0, number, _file(path, mention.lines, near)) for number, (kind, path) in enumerate(found)]
    if mention.query and "/" not in mention.query and not mention.lines:
        names = await _names(mention.query, index)
        wanted = mention.query.lower()
        rows += [(_kind(wanted, place), 1, at, _definition(place)) for at, place in enumerate(names)]
    return [item for _, _, _, item in sorted(rows, key=lambda row: row[:3])]


async def _names(query: str, index: Index) -> tuple[NamedPlace, ...]:
    try:
        return await index.names(query, limit=_MOST_NAMES)
    except AgentError:
        return ()  # files are found without an index


def _kind(wanted: str, place: NamedPlace) -> int:
    name = place.name.lower()
    last = name.rpartition(".")[2]
    if wanted == last:
        return -1
    return 0 if last.startswith(wanted) else 1 if wanted in name else 3


def _file(path: str, lines: str, near: dict[str, int]) -> Item:
    folder, _, name = path.rpartition("/")
    mark = {0: "  ", 1: "± "}.get(near.get(path, 0), "● ")
    right = ((one_line(folder), "dim", None),) if folder else ()
    return Item(one_line(name) + lines, "title", ((mark, "warn", None),), right, key=path + lines)


def _definition(place: NamedPlace) -> Item:
    lines = f"{place.start}-{place.end}" if place.end > place.start else str(place.start)
    where = f"{one_line(place.path)}:{lines}"
    mark = _MARKS.get(place.kind, "◇")
    return Item(
        one_line(place.name), "title", ((f"{mark} ", "mark", None),), ((where, "dim", None),),
        key=f"{place.path}:{lines}", right_gives=True,
    )  # fmt: skip
