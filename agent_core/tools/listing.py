"""What `ls` and `tree` share: the state of files in git, and one row per entry."""

from __future__ import annotations

from collections.abc import Iterable

from agent_core.gitstate import GitState
from agent_core.text import encodable, one_line
from agent_core.workspace import Entry

_FOLDER_ORDER = "UDMRA?"


class Changes:
    """Looks up what git says about an entry; a folder shows the gravest of what is in it."""

    def __init__(self, state: GitState) -> None:
        self._files: dict[str, str] = dict(state.files)
        self._folders: dict[str, str] = {}
        for path, code in self._files.items():
            for folder in _parents(path):
                known = self._folders.get(folder)
                if known is None or _FOLDER_ORDER.index(code) < _FOLDER_ORDER.index(known):
                    self._folders[folder] = code

    def of(self, entry: Entry) -> str:
        """One letter (modified, added, deleted, renamed, unmerged, `?` for untracked), "" for no change."""
        code = self._files.get(entry.path) or (self._folders.get(entry.path) if entry.is_dir else None)
        return code or next(
            (self._files[folder] for folder in _parents(entry.path) if folder in self._files), ""
        )

    def deleted_in(self, folder: str) -> list[str]:
        """Names of tracked files that are gone from a folder."""
        prefix = "" if folder == "." else folder + "/"
        return sorted(
            path[len(prefix) :]
            for path, code in self._files.items()
            if code == "D" and path.startswith(prefix) and "/" not in path[len(prefix) :]
        )


def _parents(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def label(entry: Entry) -> str:
    """The entry's name as it is shown: a slash after a folder, `@` after a link, on one line."""
    mark = "@" if entry.is_link else "/" if entry.is_dir else ""
    return one_line(entry.name) + mark


def row(entry: Entry, code: str) -> dict[str, object]:
    """The entry for programs."""
    return {
        "path": encodable(entry.path),
        "kind": "link" if entry.is_link else "folder" if entry.is_dir else "file",
        "size": entry.size,
        "git": code,
        "ignored": entry.ignored,
    }
