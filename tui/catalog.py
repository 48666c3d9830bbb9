"""The files of the workspace by name, for the file picker, completion, the palette and watching."""

from __future__ import annotations

import asyncio
import re

from agent_core.errors import AgentError
from agent_core.workspace import Workspace

MOST = 50_000
"""Files that are listed; of a larger tree the rest can be typed."""


class Catalog:
    """Paths of all files that are not ignored, read when first asked for and after something changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._files: tuple[str, ...] = ()
        self._fresh = False
        self._reading = asyncio.Lock()

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


def fuzzy(query: str, paths: tuple[str, ...], limit: int = 100) -> list[str]:
    """The paths that hold the query's letters in order; whole pieces, file names and short paths first."""
    wanted = query.strip().lower().replace("\\", "/")
    if not wanted:
        return sorted(paths, key=lambda path: (path.count("/"), path))[:limit]
    pattern = re.compile(".*?".join(map(re.escape, wanted)))
    scored: list[tuple[tuple[int, int, int, str], str]] = []
    for path in paths:
        lower = path.lower()
        match = pattern.search(lower)
        if match is not None:
            scored.append((_rank(wanted, path, lower, match.end() - match.start()), path))
    scored.sort()
    return [path for _, path in scored[:limit]]


def _rank(wanted: str, path: str, lower: str, spread: int) -> tuple[int, int, int, str]:
    name = lower[lower.rfind("/") + 1 :]
    if name.startswith(wanted):
        kind = 0
    elif wanted in name:
        kind = 1
    elif wanted in lower:
        kind = 2
    else:
        kind = 3
    return (kind, spread, len(path), path)
