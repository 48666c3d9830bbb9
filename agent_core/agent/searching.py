"""The search itself, for a worker process: ripgrep for all terms in one pass, ranking, excerpts.

Everything here blocks and burns CPU; `evidence.py` runs it in a process of its own, which it can kill.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from agent_core.agent.ranking import DEFINITION, Line, Ranked, Reader, best_window, rank, rarity
from agent_core.agent.terms import Query, analyse, stems_of
from agent_core.events import Hit
from agent_core.files import open_regular
from agent_core.reading import read_part
from agent_core.text import printable

_MOST_PER_FILE = 300
_MOST_LINES = 150_000
_EXCERPT = 24
_READ = 1 << 20
_CHUNK = 1 << 16


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to search for, where, and how much of it to return. `seconds` bounds the reading of matches."""

    root: str
    question: str
    ripgrep: str
    limit: int = 8
    seconds: float = 4.0
    excerpts: bool = True


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, best first. `files` were searched; `cut`: time or bounds ended the search early."""

    hits: tuple[Hit, ...] = ()
    terms: tuple[str, ...] = ()
    files: int = 0
    cut: bool = False


def search(job: Job) -> Found:
    """Find the places that speak to a question."""
    query = analyse(job.question)
    if not query.stems:
        return Found()
    paths = list(_list(job))
    matches, cut = _matches(job, query)
    sizes = {path: _size(Path(job.root, path)) for path in matches}
    ranked = rank(query, matches, paths=paths, sizes=sizes)[: job.limit]
    idf = rarity(query, matches, len(paths))
    hits = tuple(_hit(job, item, idf, query) for item in ranked)
    return Found(
        hits=tuple(hit for hit in hits if hit is not None),
        terms=tuple(query.words.get(key, key) for key in query.stems),
        files=len(paths),
        cut=cut,
    )


def _command(job: Job, *arguments: str) -> list[str]:
    return [job.ripgrep, "--no-config", "--color=never", "--no-messages", "--max-filesize=1M", *arguments]


def _list(job: Job) -> Iterator[str]:
    done = subprocess.run(
        _command(job, "--files", "--null", "--", "./"),
        cwd=job.root,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    for raw in done.stdout.split(b"\0"):
        if raw:
            yield os.fsdecode(raw.removeprefix(b"./"))


def _matches(job: Job, query: Query) -> tuple[dict[str, list[Line]], bool]:
    """The matching lines of each file, and whether reading them was ended early."""
    patterns = {*query.stems, *(phrase.lower() for phrase in query.phrases)}
    command = _command(
        job, "-nHi", "--null", "--no-heading", "-F", f"-m{_MOST_PER_FILE}", "-M400", "--max-columns-preview",
        *(f"--regexp={pattern}" for pattern in sorted(patterns)), "--", "./",
    )  # fmt: skip
    reader = Reader(query)
    matches: dict[str, list[Line]] = {}
    until = time.monotonic() + job.seconds
    with subprocess.Popen(command, cwd=job.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        cut = False
        for count, (path, number, text) in enumerate(_lines(process.stdout)):
            line = reader.read(number, text)
            if line is not None:
                matches.setdefault(path, []).append(line)
            if count >= _MOST_LINES or (count & 255 == 0 and time.monotonic() > until):
                cut = True
                process.kill()
                break
    return matches, cut


def _lines(stream: IO[bytes]) -> Iterator[tuple[str, int, str]]:
    for raw in stream:
        name, null, rest = raw.partition(b"\0")
        number, colon, text = rest.partition(b":")
        if null and colon and number.isdigit():
            yield os.fsdecode(name.removeprefix(b"./")), int(number), text.decode("utf-8", "replace")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _hit(job: Job, item: Ranked, idf: dict[str, float], query: Query) -> Hit | None:
    why = _why(item, query)
    if not job.excerpts:
        return Hit(item.path, 1, 1, round(item.score, 3), why)
    lines = _read(Path(job.root, item.path))
    if not lines:
        return None
    start, end = _place(item, idf, query, lines)
    text = "\n".join(printable(line)[:400] for line in lines[start - 1 : end])
    return Hit(item.path, start, end, round(item.score, 3), why, text)


def _why(item: Ranked, query: Query) -> str:
    words = ", ".join(query.words.get(key, key) for key in item.stems[:6])
    if not item.lines:
        return f"its path has {words}"
    parts = [f"speaks of {words}"] if words else []
    if item.by_path:
        parts.append("in its path too")
    names = _defined_names(item, query)
    if names:
        parts.append("defines " + ", ".join(f"{name} ({number})" for name, number in names.items()))
    return "; ".join(parts)


def _defined_names(item: Ranked, query: Query) -> dict[str, int]:
    """Up to three names that are defined here, with their lines: those asked for, then the fullest ones."""
    asked = {name.rpartition(".")[2].lower() for name in query.identifiers}
    weights: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for line in item.lines:
        if line.defines and line.defines not in weights:
            held = len(query.stems.keys() & set(stems_of(line.defines)))
            weights[line.defines] = held + 100 * (line.defines.lower() in asked)
            numbers[line.defines] = line.number
    best = sorted((name for name in weights if weights[name]), key=lambda name: -weights[name])[:3]
    return {name: numbers[name] for name in best}


def _read(path: Path) -> list[str]:
    try:
        descriptor = open_regular(path, follow=False)
    except OSError:
        return []
    try:
        return list(read_part(descriptor, start=1, end=None, max_bytes=_READ).lines)
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _definition(item: Ranked, query: Query) -> int:
    """The line where an asked-for name is defined, as it was written if there is such a one; 0 for none."""
    names = {name.rpartition(".")[2] for name in query.identifiers}
    exact = (line.number for line in item.lines if line.defines and line.defines in names)
    lowered = {name.lower() for name in names}
    similar = (line.number for line in item.lines if line.defines and line.defines.lower() in lowered)
    return next(exact, 0) or next(similar, 0)


def _place(item: Ranked, idf: dict[str, float], query: Query, lines: list[str]) -> tuple[int, int]:
    """The lines of the excerpt: where an asked-for name is defined, else the best window and its head."""
    named = _definition(item, query)
    if named:
        first = last = named
    else:
        _, first, last = best_window(item.lines, idf, _EXCERPT)
    if not first:
        return 1, min(len(lines), 12)
    start = first
    for number in range(first, max(first - 10, 0), -1):
        if number <= len(lines) and DEFINITION.match(lines[number - 1]):
            start = number
            break
    else:
        start = max(1, first - 2)
    end = min(len(lines), max(last + 3, start + 11), start + _EXCERPT + 10)
    return min(start, len(lines)), end
