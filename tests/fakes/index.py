"""An index of few files, in memory: read, parsed and searched for words when it is asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec

from agent_core.bus import Publish
from agent_core.code.model import ParsedFile
from agent_core.code.parse import parse
from agent_core.code.roles import role
from agent_core.code.terms import analyse, stems_of
from agent_core.errors import AgentError, IndexFault
from agent_core.events import IndexChanged
from agent_core.index.api import (
    FileFacts,
    IndexStatus,
    NamedPlace,
    OutlineSymbol,
    Overview,
    Part,
    Place,
    SearchAnswer,
    SearchMode,
)
from agent_core.text import printable
from agent_core.workspace import Workspace

OnProgress = Callable[[IndexStatus], None]


class FilesIndex:
    """Implements `Index`.

    `hold` makes building and embedding wait half-way until it is set; `fail` is raised by everything; `asked`
    records the searches, `looked_at` what was opened, `stirs` counts how often files may have changed,
    `expected` how often a search was announced. A chunk's vector is its set of words.
    """

    def __init__(
        self, workspace: Workspace, *, publish: Publish = lambda _: None, embedder: str = "minilm"
    ) -> None:
        self._workspace = workspace
        self._publish = publish
        self._status = IndexStatus(embedder=embedder)
        self._files: dict[str, tuple[str, ParsedFile]] = {}
        self.hold: asyncio.Event | None = None
        self.waiting = asyncio.Event()
        self.fail: AgentError | None = None
        self.asked: list[tuple[str, str, int, bool | None]] = []
        self.looked_at: list[str] = []
        self.stirs = self.expected = 0
        self.closed = False

    @property
    def status(self) -> IndexStatus:
        return self._status

    def change(self, **changes: Any) -> IndexStatus:
        """Stand otherwise from now on, and tell."""
        self._status = msgspec.structs.replace(self._status, **changes)
        self._publish(IndexChanged(status=self._status))
        return self._status

    async def open(self) -> IndexStatus:
        self._check()
        if self._status.phase == "closed":
            self.change(phase="building", total=len(list(self._workspace.walk())))
        return self._status

    async def build(self, *, on_progress: OnProgress) -> IndexStatus:
        self._check()
        paths = list(self._workspace.walk())
        for done, path in enumerate(paths):
            on_progress(self.change(phase="building", done=done, total=len(paths)))
            if done == len(paths) // 2:
                await self._wait()
            text = "\n".join(self._workspace.read_text(path).lines)
            self._files[path] = (text, parse(path, text))
        chunks = sum(len(parsed.chunks) for _, parsed in self._files.values())
        return self.change(
            phase="ready", files=len(paths), chunks=chunks, done=0, total=0, behind=0, bytes_on_disk=4096
        )

    async def embed(self, *, on_progress: OnProgress) -> IndexStatus:
        await self._built()
        if not self._status.embedder:
            raise IndexFault("No embedder is in use", hint="Set `embedder`.")
        for done in range(self._status.embedded, self._status.chunks):
            on_progress(self.change(embedded=done, eta_s=20.0))
            if done == self._status.chunks // 2:
                await self._wait()
        return self.change(embedded=self._status.chunks, eta_s=None)

    async def search(
        self, query: str, *, mode: SearchMode = "hybrid", limit: int = 10, tests: bool | None = None
    ) -> SearchAnswer:
        self.asked.append((query, mode, limit, tests))
        await self._built()
        if mode == "vector":
            await self.embed(on_progress=lambda _: None)
        wanted = set(analyse(query).stems)
        places = [place for path in self._files if (place := self._place(path, wanted, mode)) is not None]
        if tests is None:
            places = [
                msgspec.structs.replace(place, score=place.score / 3) if role(place.path) == "test" else place
                for place in places
            ]
        places.sort(key=lambda place: (-place.score, place.path))
        note = "" if self._status.embedded == self._status.chunks else "the vectors are still being made"
        return SearchAnswer(places=tuple(places[:limit]), note=note, seconds=0.004, status=self._status)

    def _place(self, path: str, wanted: set[str], mode: SearchMode) -> Place | None:
        found: list[tuple[float, Any, set[str]]] = []
        for chunk in self._files[path][1].chunks:
            held = wanted & set(stems_of(f"{path} {chunk.text}"))
            named = wanted & set(stems_of(f"{path} {chunk.name}"))
            if held:
                found.append((round((len(held) + len(named)) / len(wanted) / 2, 3), chunk, held))
        if not found:
            return None
        found.sort(key=lambda one: (-one[0], one[1].start))
        score, chunk, held = found[0]
        why = [f"speaks of {', '.join(sorted(held))}"]
        related: tuple[str, ...] = ()
        if mode == "vector":
            why = ["its meaning is near"]
        elif mode == "graph":
            related = (*self._imports(path), *self._users(path))[:3]
            why += [f"connected with {related[0]}"] if related else []
        return Place(
            path=path, start=chunk.start, end=chunk.end, score=score, name=chunk.name,
            text=printable(chunk.text), why=tuple(why), related=related,
            parts=tuple(Part(other.start, other.end, other.name, rank) for rank, other, _ in found[1:4]),
        )  # fmt: skip

    async def file_facts(self, path: str) -> FileFacts | None:
        await self._built()
        return self._facts(path) if path in self._files else None

    async def names(self, query: str, *, limit: int = 20) -> tuple[NamedPlace, ...]:
        found = [
            NamedPlace(symbol.name, symbol.kind, path, symbol.start, symbol.end)
            for path in self._files
            for symbol in self._facts(path).symbols
            if query.lower() in symbol.name.lower()
        ]
        return tuple(found[:limit])

    async def overview(self, path: str = ".") -> Overview:
        await self._built()
        prefix = "" if path == "." else path + "/"
        inside = [self._facts(name) for name in self._files if name.startswith(prefix)]
        source = [facts for facts in inside if facts.role == "source"]
        languages: dict[str, list[int]] = {}
        for facts in inside:
            count = languages.setdefault(facts.language, [0, 0])
            count[0] += 1
            count[1] += facts.lines
        return Overview(
            path=path,
            files=len(inside),
            lines=sum(facts.lines for facts in inside),
            languages=tuple(
                sorted(((name, *count) for name, count in languages.items() if name), key=lambda row: -row[2])
            ),
            central=tuple(sorted((f for f in source if f.fan_in), key=lambda f: (-f.fan_in, f.path))),
            entry_points=tuple(f for f in source if f.imports and not f.imported_by),
            largest=tuple(sorted(source, key=lambda f: (-f.lines, f.path))[:10]),
            broken=tuple(f.path for f in source if f.broken),
        )

    async def opened(self, paths: tuple[str, ...]) -> None:
        self.looked_at += paths

    async def expect(self) -> None:
        self.expected += 1

    def stirred(self) -> None:
        self.stirs += 1

    async def aclose(self) -> None:
        self.closed = True

    # Inside

    def _check(self) -> None:
        if self.fail is not None:
            raise self.fail

    async def _built(self) -> None:
        self._check()
        if not self._files:
            await self.build(on_progress=lambda _: None)

    async def _wait(self) -> None:
        self.waiting.set()
        if self.hold is not None:
            await self.hold.wait()

    def _facts(self, path: str) -> FileFacts:
        text, parsed = self._files[path]
        symbols = tuple(
            OutlineSymbol(s.name, s.kind, s.start, s.end, s.signature, self._used_by(path, s.name))
            for s in parsed.symbols
        )
        users = self._users(path)
        return FileFacts(
            path=path, language=parsed.language, role=role(path), lines=text.count("\n") + bool(text),
            symbols=symbols, imports=self._imports(path), imported_by=users, fan_in=len(users),
            broken=parsed.broken,
        )  # fmt: skip

    def _used_by(self, path: str, name: str) -> int:
        last = name.rpartition(".")[2]
        return sum(
            other != path and re.search(rf"\b{re.escape(last)}\b", text) is not None
            for other, (text, _) in self._files.items()
        )

    def _imports(self, path: str) -> tuple[str, ...]:
        return tuple(other for other in self._files if other != path and path in self._users(other))

    def _users(self, path: str) -> tuple[str, ...]:
        """The files that import this one, by the last part of its module's name."""
        stem = path.rpartition("/")[2].partition(".")[0]
        return tuple(
            other
            for other, (_, parsed) in self._files.items()
            if other != path and any(stem in re.split(r"\W+", name) for name in parsed.imports)
        )
