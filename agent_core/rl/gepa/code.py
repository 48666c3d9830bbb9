"""The code of a workspace as it is now: files, what they define, and who uses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

import msgspec

from agent_core.agent.budget import numbered
from agent_core.code.model import Chunk, ParsedFile, Symbol
from agent_core.code.parse import parse
from agent_core.code.roles import role
from agent_core.errors import AgentError
from agent_core.events import Hit
from agent_core.rl.gepa.examples import Place, Side, number_of, side_of
from agent_core.workspace import Workspace

_MOST_FILES = 400
_MOST_BYTES = 100_000
WORD = re.compile(r"[^\W\d]\w{2,}")
"""What looks like a name."""
_LONGEST_CHUNK = 60
"""Lines of a place that are shown."""


class CodeFile(msgspec.Struct, frozen=True, dict=True):
    """A file: its path, its text, and what the parser says of it."""

    path: str
    text: str
    parsed: ParsedFile

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name-like word in it."""
        return frozenset(WORD.findall(self.text))

    @cached_property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.split("\n")

    def cut(self, start: int, end: int) -> str:
        """Lines of it, from 1, both inclusive."""
        return "\n".join(self.lines[start - 1 : end])

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """What it defines, for other files to use."""
        return tuple(symbol for symbol in self.parsed.symbols if symbol.kind in ("function", "type"))

    def chunk_at(self, start: int, end: int) -> Chunk | None:
        """The chunk that has most of the lines."""
        shared = [(min(end, one.end) - max(start, one.start), one.start, one) for one in self.parsed.chunks]
        best = max(shared, default=None, key=lambda row: (row[0], -row[1]))
        return best[2] if best is not None and best[0] >= 0 else None


class Code:
    """The files of a workspace that can be parsed, bounded in number and size.

    Args:
        files: The files, by path.
        mask: Hides secrets.
    """

    def __init__(self, files: Iterable[CodeFile], *, mask: Callable[[str], str]) -> None:
        self.files = {file.path: file for file in files}
        self._mask = mask

    @cached_property
    def sources(self) -> list[CodeFile]:
        """What is neither test nor anything else."""
        return [file for file in self.files.values() if role(file.path) == "source"]

    @cached_property
    def tests(self) -> list[CodeFile]:
        """The files of tests."""
        return [file for file in self.files.values() if role(file.path) == "test"]

    @cached_property
    def definitions(self) -> dict[str, tuple[CodeFile, Symbol]]:
        """What is defined once, in one source file, by its last name."""
        found: dict[str, list[tuple[CodeFile, Symbol]]] = {}
        for file in self.sources:
            for symbol in file.symbols:
                found.setdefault(symbol.name.rpartition(".")[2], []).append((file, symbol))
        return {name: rows[0] for name, rows in found.items() if len(rows) == 1 and len(name) > 3}

    def shown(self, place: Place, room: int) -> tuple[str, Place] | None:
        """A place as a model gets to see it, and the lines of it that fit into so many characters."""
        file = self.files.get(place.path)
        if file is None:
            return None
        last = min(place.end, place.start + _LONGEST_CHUNK - 1, len(file.lines))
        while last >= place.start:
            text = self._mask(file.cut(place.start, last))
            told = numbered(Hit(place.path, place.start, last, text=text))
            if len(told) <= room:
                return told, Place(place.path, place.start, last)
            last -= max(1, (last - place.start + 1) // 4)
        return None

    def others(self, side: Side, *, without: frozenset[str], key: str, count: int) -> list[Place]:
        """Places of other source files of a side, the same for the same key."""
        fitting = [
            file
            for file in self.sources
            if file.path not in without and side_of(file.path) == side and file.symbols
        ]
        fitting.sort(key=lambda file: number_of(key, file.path))
        found: list[Place] = []
        for file in fitting[:count]:
            symbols = file.symbols
            symbol = symbols[number_of(key, file.path, "symbol") % len(symbols)]
            found.append(Place(file.path, symbol.start, symbol.end))
        return found

    def listed(self, paths: Iterable[str]) -> str:
        """Files as candidates: each with what it defines first."""
        rows: list[str] = []
        for path in paths:
            file = self.files.get(path)
            heads = [symbol.signature or symbol.name for symbol in file.symbols[:3]] if file else []
            rows.append(f"{path}: {'; '.join(head[:80] for head in heads)}")
        return self._mask("\n".join(rows))


def read_code(workspace: Workspace, *, mask: Callable[[str], str], first: Iterable[str] = ()) -> Code:
    """Read and parse the code of a workspace; belongs into a thread.

    Args:
        workspace: Where it lies.
        mask: Hides secrets.
        first: Paths that are read before others, such as those that changed lately.
    """
    paths = [path for path in workspace.walk() if role(path) in ("source", "test")]
    wanted = {path: number for number, path in enumerate(first)}
    paths.sort(key=lambda path: (wanted.get(path, len(wanted)), number_of("file", path)))
    files: list[CodeFile] = []
    for path in paths[:_MOST_FILES]:
        file = _read(workspace, path)
        if file is not None:
            files.append(file)
    return Code(files, mask=mask)


def _read(workspace: Workspace, path: str) -> CodeFile | None:
    try:
        part = workspace.read_text(path, max_bytes=_MOST_BYTES)
    except AgentError:
        return None
    if part.binary or part.note or not part.lines:
        return None
    text = "\n".join(part.lines)
    return CodeFile(path, text, parse(path, text))
