"""Looking at a whole folder as it is, for comparing it before and after."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent_core.checkpoints.api import Changed
from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.workspace import Workspace


def picture(root: Path) -> dict[bytes, tuple[str, int, bytes]]:
    """Every path below the root but the program's own and git's: kind, permissions, content."""
    found: dict[bytes, tuple[str, int, bytes]] = {}
    for folder, folders, files in os.walk(os.fsencode(root)):
        folders[:] = [name for name in folders if name not in (b".git", b".dspy_tui")]
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            key = os.path.relpath(path, os.fsencode(root))
            if stat.S_ISLNK(status.st_mode):
                found[key] = ("link", 0, os.readlink(path))
            elif stat.S_ISDIR(status.st_mode):
                found[key] = ("folder", stat.S_IMODE(status.st_mode), b"")
            else:
                with open(path, "rb") as file:
                    found[key] = ("file", stat.S_IMODE(status.st_mode), file.read())
    return found


def checkpoints(root: Path, **more: object) -> Checkpoints:
    """Those of a new session."""
    return Checkpoints(workspace=Workspace.open(root), **more)  # pyright: ignore


class Turns:
    """Turns one after the other, each doing something to the folder in between."""

    def __init__(self, root: Path, **more: object) -> None:
        self.root, self.kept, self._count = root, checkpoints(root, **more), 0

    async def __aenter__(self) -> Turns:
        await self.begin()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.changed = await self.end()

    changed: Changed | None = None

    @property
    def turn_id(self) -> str:
        return f"t{self._count}"

    async def begin(self, title: str = "!something") -> None:
        self._count += 1
        self.snapshot = await self.kept.before(self.turn_id, title)
        assert self.snapshot is not None and self.snapshot.kept, self.snapshot

    async def end(self) -> Changed | None:
        return await self.kept.after(self.turn_id)
