"""The portrait of a folder or a repository: ways in, what holds it together, what changes, risks."""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from agent_core.code.roles import role
from agent_core.codectx.declared import declared
from agent_core.codectx.file import LARGE_FILE, is_public
from agent_core.codectx.portrait import Portrait, Row, Section, section
from agent_core.codectx.tested import OwnTests
from agent_core.codectx.words import marks_below, readme
from agent_core.gitchurn import Churn
from agent_core.index.api import FileFacts, Index, OutlineSymbol, Overview
from agent_core.text import plural
from agent_core.workspace import Workspace

_MOST = 8
_MOST_LAYOUT = 12
_CANDIDATES = 24
"""Files that changed most often, of which the index is asked how much depends on them."""
_DENSE = 5
"""Marked lines from which a file is named for them."""
_MAIN = ("main", "Main", "cli", "run", "start")
_BEGINNING = re.compile(r"(?:^|/)(?:main|__main__|cli|app|server|manage)\.\w+$", re.IGNORECASE)
_MOST_NAMED = 12
_ALIKE = 5
"""Files of one folder without a known use from which on they are told of together."""


class HotSpot(msgspec.Struct, frozen=True):
    """A file that changes often: commits of the last ones, and what the index knows of it."""

    path: str
    commits: int
    facts: FileFacts | None

    @property
    def weight(self) -> float:
        """Commits, times what depends on it: a change there is felt by others."""
        return self.commits * (1 + math.log2(1 + (self.facts.fan_in if self.facts else 0)))


async def portray_folder(
    workspace: Workspace, path: str, *, index: Index, churn: Churn, paths: tuple[str, ...]
) -> Portrait:
    """Put together what is known of a folder.

    Args:
        workspace: Where it lies.
        path: The folder, relative to the root; `.` for the whole.
        index: Asked for the graph.
        churn: The last commits.
        paths: All files of the workspace.
    """
    prefix = "" if path == "." else path + "/"
    below = [one for one in paths if one.startswith(prefix)]
    names = {one[len(prefix) :] for one in below if "/" not in one[len(prefix) :]}
    overview = await index.overview(path)
    tests = OwnTests(paths)
    hot = await _hot_spots(index, churn, below)
    used = await _in_full(index, tuple(facts for facts in overview.central[: 2 * _MOST] if facts.fan_in))
    central = [facts for facts in used if not _is_program(facts)][:_MOST]
    entries = await _entry_points(index, overview, below)
    about = await asyncio.to_thread(readme, workspace, path, sorted(names))
    ways_in = await asyncio.to_thread(declared, workspace, path, names)
    marks = await marks_below(workspace.root, path)
    sections = [
        section("Declared", ways_in, _MOST),
        section("Entry points", _entry_rows(entries), _MOST),
        Section("Holds it together", tuple(map(_central, central))),
        section("Hot spots", map(_hot, hot), _MOST),
        Section("Risks", tuple(_risks(overview, hot, tests, marks))[: 2 * _MOST]),
        section("Layout", _layout(prefix, below), _MOST_LAYOUT, inline=True),
    ]
    return Portrait(
        path=path,
        kind="folder",
        headline=_headline(overview, len(below), churn),
        says=about,
        sections=tuple(part for part in sections if part.rows),
        notes=tuple(filter(None, (churn.note, "" if below else "there are no files, or all are ignored"))),
    )


def _headline(overview: Overview, files: int, churn: Churn) -> str:
    parts = [plural(files, "file"), plural(overview.lines, "line")]
    shares = [(name, round(100 * lines / max(1, overview.lines))) for name, _, lines in overview.languages]
    parts += [f"{name} {share}%" for name, share in shares[:4] if name and share]
    if churn.commits:
        span = f"{churn.commits[-1].date} to {churn.commits[0].date}"
        parts.append(f"{plural(len(churn.commits), 'commit')} looked at, {span}")
    return ", ".join(parts)


async def _hot_spots(index: Index, churn: Churn, below: list[str]) -> list[HotSpot]:
    """The source files that change often, those that much depends on first."""
    there = set(below)
    counts = churn.counts()
    often = [
        path for path, count in counts.most_common() if count > 1 and path in there and role(path) == "source"
    ]
    found = [HotSpot(path, counts[path], await index.file_facts(path)) for path in often[:_CANDIDATES]]
    return sorted(found, key=lambda one: (-one.weight, one.path))


async def _entry_points(index: Index, overview: Overview, below: list[str]) -> list[FileFacts]:
    """Files that nobody uses and that use others; files that are named like a beginning and hold one."""
    found = {facts.path: facts for facts in await _in_full(index, overview.entry_points)}
    named = [
        path for path in below if _BEGINNING.search(path) and path not in found and role(path) == "source"
    ]
    for path in sorted(named, key=lambda path: (path.count("/"), path))[:_MOST_NAMED]:
        facts = await index.file_facts(path)
        if facts is not None and (_main_of(facts) or "__main__" in path):
            found[path] = facts
    return sorted(found.values(), key=_telling)


async def _in_full(index: Index, files: tuple[FileFacts, ...]) -> list[FileFacts]:
    """The facts with the files' symbols, which an overview leaves out."""
    return [facts if facts.symbols else await index.file_facts(facts.path) or facts for facts in files]


def _telling(facts: FileFacts) -> tuple[bool, int, str]:
    """Files with a `main` first, then those that bring the most together."""
    return _main_of(facts) is None, -len(facts.imports), facts.path


def _main_of(facts: FileFacts) -> OutlineSymbol | None:
    return next((one for one in facts.symbols if one.name in _MAIN), None)


def _is_program(facts: FileFacts) -> bool:
    """Whether it is what is started: what others seem to use of it only bears the same name."""
    return any(one.name in ("main", "Main") and one.kind == "function" for one in facts.symbols)


def _entry_rows(entries: list[FileFacts]) -> Iterator[Row]:
    """Entry points; the many of one folder, which something must load by their names, as one row."""
    alike = Counter(_folder(facts.path) for facts in entries if _main_of(facts) is None)
    told: set[str] = set()
    for facts in entries:
        folder = _folder(facts.path)
        if _main_of(facts) is not None or alike[folder] < _ALIKE:
            yield _entry(facts)
        elif folder not in told:
            told.add(folder)
            yield Row(text=f"{alike[folder]} files or more of which no use is seen", path=folder)


def _folder(path: str) -> str:
    return (path.rpartition("/")[0] or ".") + "/"


def _entry(facts: FileFacts) -> Row:
    main = _main_of(facts)
    uses = f"uses {plural(len(facts.imports), 'file')}"
    if not _is_program(facts):
        uses += f", used by {plural(facts.fan_in, 'file')}" if facts.fan_in else ", no use of it seen"
    if main is not None:
        return Row(text=f"{main.signature or main.name}; {uses}", path=facts.path, start=main.start)
    return Row(text=uses, path=facts.path, start=1)


def _central(facts: FileFacts) -> Row:
    names = [one.name for one in sorted(facts.symbols, key=lambda one: -one.used_by) if is_public(one)][:4]
    text = f"used by {plural(facts.fan_in, 'file')}, {plural(facts.lines, 'line')}"
    return Row(text=f"{text}: {', '.join(names)}" if names else text, path=facts.path, start=1)


def _hot(spot: HotSpot) -> Row:
    text = f"{plural(spot.commits, 'commit')}"
    if spot.facts is not None:
        text += f", {plural(spot.facts.lines, 'line')}, used by {plural(spot.facts.fan_in, 'file')}"
    return Row(text=text, path=spot.path, start=1)


def _risks(overview: Overview, hot: list[HotSpot], tests: OwnTests, marks: dict[str, int]) -> Iterator[Row]:
    for path in overview.broken[:4]:
        yield Row(text="the grammar met something that it does not know: broken syntax?", path=path, start=1)
    if not tests and hot:
        yield Row(text="there are no tests in this workspace")
    for spot in hot[:_MOST] if tests else ():
        if not tests.of(spot.path, spot.facts.imported_by if spot.facts else ()):
            yield Row(
                text=f"changes often ({spot.commits:,} commits), and no test is near", path=spot.path, start=1
            )
    for facts in overview.largest[:4]:
        if facts.lines >= LARGE_FILE:
            yield Row(text=f"large: {facts.lines:,} lines", path=facts.path, start=1)
    for path, count in sorted(marks.items(), key=lambda item: (-item[1], item[0]))[:3]:
        if count >= _DENSE and role(path) in ("source", "test"):
            yield Row(text=f"{count:,} lines marked as unfinished (TODO, FIXME)", path=path, start=1)


def _layout(prefix: str, below: list[str]) -> Iterator[Row]:
    """The folders in it with the number of their files, the fullest first."""
    counts = Counter(one[len(prefix) :].partition("/")[0] for one in below if "/" in one[len(prefix) :])
    return (
        Row(text=f"({plural(count, 'file')})", path=f"{prefix}{name}/")
        for name, count in counts.most_common()
    )
