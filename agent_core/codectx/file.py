"""The portrait of a file: what it says it is, its outline, its neighbours, its history and its risks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from agent_core.code.pieces import TITLES
from agent_core.codectx.portrait import Portrait, Row, Section, section
from agent_core.codectx.tested import OwnTests
from agent_core.codectx.words import marks_in, says
from agent_core.gitchurn import Churn
from agent_core.index.api import FileFacts, OutlineSymbol
from agent_core.reading import TextPart
from agent_core.text import human_size, plural
from agent_core.workspace import Workspace

LARGE_FILE = 800
"""Lines from which a file is hard to keep in mind."""
LARGE_FUNCTION = 100
_MOST_OUTLINE = 40
_MANY = 24
_MOST_NEIGHBOURS = 8
_DEEPEST = 3
_NAMED = ("function", "type", "constant")
"""Kinds of definitions that are called by their names: a test or a section is not."""
_OFTEN = 3
"""Commits from which changing together is no accident."""


async def portray_file(
    workspace: Workspace, path: str, *, facts: FileFacts | None, churn: Churn, tests: OwnTests
) -> Portrait:
    """Put together what is known of a file.

    Args:
        workspace: Where it lies.
        path: The file, relative to the root.
        facts: What the index knows of it; None when it does not have it.
        churn: The last commits.
        tests: The tests of the workspace.
    """
    about, marks, part = await asyncio.to_thread(_read, workspace, path)
    notes = [churn.note] if churn.note else []
    if part.binary:
        facts = None
        notes.append("a binary file: nothing more can be told of it")
    elif facts is None:
        notes.append("the file is not in the index: too large or ignored")
    found = tests.of(path, facts.imported_by if facts else ())
    sections = [
        Section("Risks", tuple(_risks(path, facts, marks, found, churn))),
        *([_outline(facts)] if facts else []),
        section("Uses", _paths(facts.imports if facts else ()), _MOST_NEIGHBOURS, inline=True),
        section("Used by", _paths(facts.imported_by if facts else ()), _MOST_NEIGHBOURS, inline=True),
        section("Tests", _paths(tuple(found)), _MOST_NEIGHBOURS, inline=True),
        Section("Changes together with", tuple(_together(path, churn)), inline=True),
    ]
    return Portrait(
        path=path,
        kind="file",
        headline=_headline(path, facts, part, churn),
        says=about,
        sections=tuple(part for part in sections if part.rows),
        notes=tuple(notes),
    )


def _read(workspace: Workspace, path: str) -> tuple[Row | None, list[Row], TextPart]:
    return says(workspace, path), marks_in(workspace, path), workspace.read_text(path, end=1)


def _headline(path: str, facts: FileFacts | None, part: TextPart, churn: Churn) -> str:
    parts = ["binary"] if part.binary else []
    if facts:
        parts += [facts.language or "text", facts.role, plural(facts.lines, "line")]
    parts.append(human_size(part.size))
    if facts and facts.role == "source":
        parts.append(f"used by {plural(facts.fan_in, 'file')}" if facts.fan_in else "no use of it seen")
    changes = churn.counts()[path]
    if changes:
        parts.append(
            f"{changes:,} of the last {plural(len(churn.commits), 'commit')}, last {churn.last(path)}"
        )
    return ", ".join(parts)


def _outline(facts: FileFacts) -> Section:
    """The definitions; where they are many without the fields of types, then without members at all."""
    symbols = list(facts.symbols)
    if len(symbols) > _MANY:
        symbols = [one for one in symbols if one.kind != "constant" or not _is_member(one)]
    if len(symbols) > _MOST_OUTLINE:
        symbols = [one for one in symbols if not _is_member(one)]
    return section("Outline", _nested(facts.path, symbols), _MOST_OUTLINE)


def _is_member(symbol: OutlineSymbol) -> bool:
    return (TITLES if symbol.kind not in _NAMED else ".") in symbol.name


def _nested(path: str, symbols: list[OutlineSymbol]) -> Iterator[Row]:
    """A row for each definition, below the one that its lines lie in."""
    around: list[OutlineSymbol] = []
    for symbol in symbols:
        while around and not (around[-1].start <= symbol.start and symbol.end <= around[-1].end):
            around.pop()
        text = symbol.signature or symbol.name
        if symbol.used_by and is_public(symbol):
            text += f" (in {plural(symbol.used_by, 'other file')})"
        depth = min(len(around), _DEEPEST)
        yield Row(text=text, path=path, start=symbol.start, end=symbol.end, depth=depth)
        if symbol.end > symbol.start:
            around.append(symbol)


def is_public(symbol: OutlineSymbol) -> bool:
    """Whether other files mean this definition when they use its name: a member's may be anybody's."""
    return symbol.kind in _NAMED and not _is_member(symbol) and not symbol.name.startswith("_")


def _paths(paths: tuple[str, ...]) -> Iterator[Row]:
    return (Row(text="", path=path) for path in paths)


def _together(path: str, churn: Churn) -> Iterator[Row]:
    own = churn.counts()[path]
    for other, count in churn.together(path).most_common(5):
        if count >= _OFTEN:
            yield Row(text=f"({count:,} of {plural(own, 'commit')})", path=other)


def _risks(
    path: str, facts: FileFacts | None, marks: list[Row], tests: list[str], churn: Churn
) -> Iterator[Row]:
    if facts is not None:
        yield from _risks_of_code(facts, tests, churn)
    if marks:
        first = marks[0]
        yield Row(
            text=f"{plural(len(marks), 'line')} marked as unfinished; the first: {first.text}",
            path=path,
            start=first.start,
        )


def _risks_of_code(facts: FileFacts, tests: list[str], churn: Churn) -> Iterator[Row]:
    path = facts.path
    if facts.broken:
        yield Row(text="the grammar met something that it does not know: broken syntax?", path=path, start=1)
    if facts.role != "source":
        return
    if facts.lines >= LARGE_FILE:
        yield Row(text=f"large: {facts.lines:,} lines", path=path, start=1, end=facts.lines)
    for symbol in sorted(facts.symbols, key=lambda one: one.start - one.end)[:3]:
        length = symbol.end - symbol.start + 1
        if symbol.kind == "function" and length >= LARGE_FUNCTION:
            yield Row(
                text=f"{symbol.name} is {length:,} lines long", path=path, start=symbol.start, end=symbol.end
            )
    if not tests and facts.symbols:
        yield Row(text="no test bears its name or uses it", path=path, start=1)
    changes = churn.counts()[path]
    if changes >= 10 and facts.fan_in >= 10:
        yield Row(
            text=f"changed often ({changes:,} commits) and used by {facts.fan_in:,} files", path=path, start=1
        )
