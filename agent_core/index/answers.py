"""From ranked files to what is shown: excerpts, reasons, what is known of files and folders."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.code.model import Symbol
from agent_core.index.api import FileFacts, NamedPlace, OutlineSymbol, Overview, Part, Place, SearchMode
from agent_core.index.digest import read_file
from agent_core.index.graph import Graph, Neighbour
from agent_core.index.image import FileEntry, Image
from agent_core.index.naming import Names
from agent_core.index.question import Question, read_question
from agent_core.index.rank import RankedFile, Ranker
from agent_core.index.reasons import reasons
from agent_core.index.recency import Recency
from agent_core.text import printable

_MOST_LINES = 60
_MOST_CHARACTERS = 4000
_MOST_RELATED = 20
_MOST_CENTRAL = 30
_MOST_ENTRIES = 20
_MOST_LARGE = 10
_MOST_BROKEN = 50


class Found(NamedTuple):
    """The places of a search."""

    places: tuple[Place, ...]


class Answers:
    """Answers questions from an image."""

    def __init__(self, *, root: Path, image: Image) -> None:
        self._root, self._image = root, image
        self._graph = Graph(image)
        self._names = Names(image)
        self.recency = Recency()
        self._ranker = Ranker(image, self._graph, self.recency)

    async def search(
        self,
        query: str,
        vector: NDArray[np.float32] | None,
        *,
        mode: SearchMode,
        limit: int,
        tests: bool | None,
    ) -> Found:
        """The best places, with their texts as they are on disk now."""
        question = read_question(query)
        asked = None if vector is None else vector.astype(np.float64)
        ranked = self._ranker.rank(question, asked, limit=limit, mode=mode, tests=tests)
        found = self._places(ranked, question, graph=mode == "graph")
        places = await asyncio.to_thread(self._with_texts, found)
        return Found(tuple(places))

    def _places(self, ranked: list[RankedFile], question: Question, *, graph: bool) -> list[Place]:
        found = {file.entry.row.path for file in ranked}
        places: list[Place] = []
        for file in ranked:
            related = self._graph.neighbours(file.entry) if graph else []
            linked = next((neighbour for neighbour in related if neighbour.path in found), None)
            link = None if linked is None else self._graph.written(file.entry, linked)
            places.append(
                self._place(
                    file,
                    reasons(file, question, link=link, days=self.recency.days(file.entry.row.path)),
                    related[:_MOST_RELATED],
                )
            )
        return places

    def _place(self, file: RankedFile, why: tuple[str, ...], related: Sequence[Neighbour]) -> Place:
        entry = file.entry
        parts = [
            Part(chunk.start, chunk.end, chunk.name, round(part.score, 4))
            for part in file.parts
            for chunk in [entry.row.chunks[part.chunk - entry.first]]
        ]
        best = parts[0] if parts else Part(1, 1, "", 0.0)
        return Place(
            path=entry.row.path,
            start=best.start,
            end=best.end,
            score=round(file.score, 4),
            name=best.name,
            why=why,
            related=tuple(neighbour.path for neighbour in related),
            parts=tuple(parts[1:]),
        )

    def _with_texts(self, places: Iterable[Place]) -> list[Place]:
        return [msgspec.structs.replace(place, text=self._text(place)) for place in places]

    def _text(self, place: Place) -> str:
        """The lines of a place; empty when the file is gone or shorter by now."""
        read = read_file(self._root, place.path)
        if read is None:
            return ""
        lines = read[1].split(b"\n", place.start + _MOST_LINES)
        if not lines[-1]:
            lines.pop()
        shown = b"\n".join(lines[place.start - 1 : min(place.end, place.start + _MOST_LINES - 1)])
        return printable(shown.decode("utf-8", "replace").removesuffix("\r")[:_MOST_CHARACTERS])

    # Files and folders

    def file_facts(self, path: str, *, symbols: bool = True) -> FileFacts | None:
        """What is known of a file; None when it is not in the index."""
        entry = self._image.files.get(path)
        if entry is None:
            return None
        row = entry.row
        users = self._graph.users(entry)
        return FileFacts(
            path=row.path,
            language=row.language,
            role=row.role,
            lines=row.lines,
            symbols=tuple(self._symbols(entry)) if symbols else (),
            imports=tuple(neighbour.path for neighbour in self._graph.used(entry)[:_MOST_RELATED]),
            imported_by=tuple(neighbour.path for neighbour in users[:_MOST_RELATED]),
            fan_in=len(users),
            broken=row.broken,
        )

    def _symbols(self, entry: FileEntry) -> Iterable[OutlineSymbol]:
        for symbol in msgspec.msgpack.decode(entry.row.symbols, type=tuple[Symbol, ...]):
            yield OutlineSymbol(
                name=symbol.name,
                kind=symbol.kind,
                start=symbol.start,
                end=symbol.end,
                signature=symbol.signature,
                used_by=self._graph.mentions(symbol.name, outside=entry),
            )

    def names(self, query: str, limit: int) -> tuple[NamedPlace, ...]:
        """Definitions whose names hold these letters in this order, the nearest first."""
        return self._names.find(query, limit)

    def overview(self, path: str) -> Overview:
        """What is known of a folder."""
        prefix = "" if path in (".", "") else f"{path.rstrip('/')}/"
        entries = [entry for entry in self._image.files.values() if entry.row.path.startswith(prefix)]
        files: Counter[str] = Counter()
        lines: Counter[str] = Counter()
        for entry in entries:
            files[entry.row.language] += 1
            lines[entry.row.language] += entry.row.lines
        fan_in, fan_out = self._graph.fan_in(), self._graph.fan_out()
        source = [entry for entry in entries if entry.row.role == "source" and entry.count]
        central = sorted(source, key=lambda entry: (-fan_in[entry.number], entry.row.path))
        entry_points = [entry for entry in source if fan_in[entry.number] == 0 and fan_out[entry.number] > 0]
        entry_points.sort(key=lambda entry: (-fan_out[entry.number], entry.row.path))
        largest = sorted(source, key=lambda entry: (-entry.row.lines, entry.row.path))
        return Overview(
            path=path,
            files=len(entries),
            lines=sum(lines.values()),
            languages=tuple(
                (name, count, lines[name])
                for name, count in sorted(files.items(), key=lambda item: -lines[item[0]])
                if name
            ),
            central=self._all_facts(central[:_MOST_CENTRAL]),
            entry_points=self._all_facts(entry_points[:_MOST_ENTRIES]),
            largest=self._all_facts(largest[:_MOST_LARGE]),
            broken=tuple(sorted(entry.row.path for entry in source if entry.row.broken)[:_MOST_BROKEN]),
        )

    def _all_facts(self, entries: Iterable[FileEntry]) -> tuple[FileFacts, ...]:
        found = (self.file_facts(entry.row.path, symbols=False) for entry in entries)
        return tuple(facts for facts in found if facts is not None)
