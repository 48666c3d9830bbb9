"""The files of the workspace by name, for the file picker, completion, the palette and watching."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from heapq import nsmallest

from agent_core.errors import AgentError
from agent_core.workspace import Workspace

MOST = 50_000
"""Files that are listed; of a larger tree the rest can be typed."""
_MOST_RECENT = 20


class Catalog:
    """Paths of all files that are not ignored, read when first asked for and after something changed.

    Args:
        workspace: Whose files they are.
        stack_dir: Where the files of its stack are, from the root on.
    """

    def __init__(self, workspace: Workspace, *, stack_dir: str = "") -> None:
        self._workspace, self._stack_dir = workspace, stack_dir
        self._files: tuple[str, ...] = ()
        self._fresh = False
        self._reading = asyncio.Lock()
        self._looked_at: dict[str, None] = {}
        self.changed: frozenset[str] = frozenset()
        """Files that git says are changed."""

    def looked_at(self, path: str) -> None:
        """The person opened or named this file: it is likely to be wanted again."""
        self._looked_at.pop(path, None)
        self._looked_at[path] = None

    @property
    def near(self) -> dict[str, int]:
        """How near files are to the work, by path: what was looked at last, then what is changed."""
        recent = list(self._looked_at)[-_MOST_RECENT:]
        return {**dict.fromkeys(self.changed, 1), **{path: 2 + at for at, path in enumerate(recent)}}

    def outdate(self) -> None:
        """Files came or went."""
        self._fresh = False

    @property
    def known(self) -> tuple[str, ...]:
        """The files as far as they are known now."""
        return self._files

    async def files(self) -> tuple[str, ...]:
        """The files; read in a thread where they are not known."""
        async with self._reading:
            if not self._fresh:
                self._fresh = True
                self._files = await asyncio.to_thread(self._walk)
        return self._files

    async def services(self) -> tuple[str, ...]:
        """The services that the files of the stack name."""
        from stack.commands.names import services_in_files

        return await asyncio.to_thread(services_in_files, self._workspace.root / self._stack_dir)

    def _walk(self) -> tuple[str, ...]:
        found: list[str] = []
        try:
            for path in self._workspace.walk():
                found.append(path)
                if len(found) >= MOST:
                    break
        except AgentError:
            return tuple(found)
        return tuple(found)

    async def folders(self, most: int) -> set[str]:
        """Up to so many folders that hold files."""
        found: set[str] = set()
        for path in await self.files():
            found.add(path.rpartition("/")[0] or ".")
            if len(found) >= most:
                break
        return found


def fuzzy(
    query: str, paths: tuple[str, ...], limit: int = 100, *, near: Mapping[str, int] | None = None
) -> list[str]:
    """The paths that hold the query's letters in order: those whose names begin with them, those whose names
    hold them in one, then the rest; among these what is `near`, then short spreads and short paths.
    """
    return [path for _, path in ranked(query, paths, limit, near=near or {})]


def ranked(
    query: str, paths: tuple[str, ...], limit: int, *, near: Mapping[str, int]
) -> list[tuple[int, str]]:
    """As `fuzzy`, each with its kind: 0 the name begins so, 1 holds it, 2 the path does, 3 some letters."""
    wanted = query.strip().lower().replace("\\", "/")
    if not wanted:
        first = sorted(paths, key=lambda path: (-near.get(path, 0), path.count("/"), path))[:limit]
        return [(0, path) for path in first]
    pattern = re.compile(".*?".join(map(re.escape, wanted)))
    scored: list[tuple[int, int, int, int, str]] = []
    for path in paths:
        lower = path.lower()
        match = pattern.search(lower)
        if match is not None:
            spread = match.end() - match.start()
            scored.append((_kind(wanted, lower), -near.get(path, 0), spread, len(path), path))
    return [(kind, path) for kind, _, _, _, path in nsmallest(limit, scored)]


def _kind(wanted: str, lower: str) -> int:
    name = lower[lower.rfind("/") + 1 :]
    if name.startswith(wanted):
        return 0
    if wanted in name:
        return 1
    return 2 if wanted in lower else 3
