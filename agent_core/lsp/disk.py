"""What changed on the disk since a server was last asked: it watches nothing by itself."""

from __future__ import annotations

import posixpath
from pathlib import Path

from agent_core.lsp.detect import language_of
from agent_core.walking import walk_folders

CREATED, CHANGED, DELETED = 1, 2, 3
_MOST = 50_000
_MANIFESTS = frozenset(
    {
        "pyproject.toml", "pyrightconfig.json", "setup.cfg", "tsconfig.json", "jsconfig.json", "package.json",
        "Cargo.toml", "Cargo.lock", "go.mod", "go.sum", "go.work",
    }
)  # fmt: skip


class Disk:
    """The files of one language below a root, and the manifests, by size and time of change."""

    def __init__(self, root: Path, *, language: str) -> None:
        self._root, self._language = root, language
        self._known: dict[str, tuple[int, int]] | None = None

    def changes(self) -> list[tuple[str, int]]:
        """What is new (1), different (2) or gone (3) since the last time; nothing the first time."""
        known, self._known = self._known, self._look()
        if known is None:
            return []
        now = self._known
        found = [(path, CREATED) for path in now.keys() - known.keys()]
        found += [(path, DELETED) for path in known.keys() - now.keys()]
        found += [(path, CHANGED) for path in now.keys() & known.keys() if now[path] != known[path]]
        return sorted(found)

    def _look(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for listing in walk_folders(self._root):
            for entry in listing.others:
                name = entry.name
                if name not in _MANIFESTS and language_of(name) != self._language:
                    continue
                try:
                    state = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                found[posixpath.join(listing.prefix, name)] = (state.st_size, state.st_mtime_ns)
                if len(found) >= _MOST:
                    return found
        return found
