"""The file tree as data: which folders are open, what is in them, which rows show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent_core.workspace import Entry

_MOST = 2000
"""Entries of one folder that are shown."""


class Node(NamedTuple):
    """One row: an entry at its depth; `entry` is None for the row that says how many more there are."""

    entry: Entry | None
    depth: int
    is_open: bool
    text: str = ""


class FileTree:
    """Open folders and their entries. Paths are relative to the workspace, "." for its root."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Entry]] = {}
        self.open: set[str] = {"."}
        self.show_ignored = False

    def put(self, folder: str, entries: Iterable[Entry]) -> None:
        """What a folder holds now; open folders in it that are gone are forgotten."""
        listed = list(entries)
        self._entries[folder] = listed
        prefix = "" if folder == "." else folder + "/"
        there = {entry.path for entry in listed if entry.is_dir}
        for path in [
            path for path in self.open if _parent(path) == folder and path not in there and path != "."
        ]:
            self.forget(prefix + path.removeprefix(prefix))

    def forget(self, folder: str) -> None:
        """A folder is gone, with all that is in it."""
        for known in [
            path for path in {*self._entries, *self.open} if path == folder or path.startswith(folder + "/")
        ]:
            self._entries.pop(known, None)
            self.open.discard(known)

    def is_loaded(self, folder: str) -> bool:
        """Whether it is known what the folder holds."""
        return folder in self._entries

    def rows(self) -> Iterator[Node]:
        """The rows that show, from the top."""
        yield from self._rows(".", 0)

    def _rows(self, folder: str, depth: int) -> Iterator[Node]:
        shown = [entry for entry in self._entries.get(folder, ()) if self.show_ignored or not entry.ignored]
        for entry in shown[:_MOST]:
            is_open = entry.is_dir and entry.path in self.open
            yield Node(entry, depth, is_open)
            if is_open:
                yield from self._rows(entry.path, depth + 1)
        if len(shown) > _MOST:
            yield Node(None, depth, False, f"… and {len(shown) - _MOST:,} more")

    def folders(self) -> list[str]:
        """The open folders whose content is known."""
        return [path for path in self.open if path in self._entries]


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "."
