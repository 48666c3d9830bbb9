"""Which file of the workspace a path means, as models write paths."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from functools import cached_property

import msgspec

from agent_core.changes.text import Unfit
from agent_core.text import one_line
from agent_core.workspace import STATE_FOLDER

_DRIVE = re.compile(r"^[A-Za-z]:/")
_OWN = (".git", STATE_FOLDER)


class Found(msgspec.Struct, frozen=True):
    """A path relative to the root, and what had to be guessed for it ("" when nothing)."""

    path: str
    note: str = ""


class Paths:
    """Brings paths to the workspace's files.

    Args:
        exists: Whether there is a file of a path relative to the root.
        files: All files of the workspace, asked for only where a path is not there.
        root: The absolute path of the root, "" when absolute paths mean nothing.
    """

    def __init__(
        self, *, exists: Callable[[str], bool], files: Callable[[], Iterable[str]], root: str = ""
    ) -> None:
        self._exists, self._files, self._root = exists, files, root.rstrip("/")

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._files():
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def existing(self, written: str) -> Found:
        """The file that an edit of something existing means. Raises `Unfit`."""
        path = self._inside(written)
        for shorter in self._shortened(path):
            if self._exists(shorter):
                return Found(shorter, "" if shorter == path else f"taken for {shorter}")
        same_name = self._by_name.get(path.rpartition("/")[2], [])
        ending = [other for other in same_name if other.endswith("/" + path)]
        for candidates in (ending, same_name):
            if len(candidates) == 1 and (ending or "/" not in path):
                return Found(candidates[0], f"{path} taken for {candidates[0]}")
        if ending or same_name:
            listed = ", ".join(sorted(ending or same_name)[:6])
            raise Unfit("no-file", f"There is no {path}. Files of this name: {listed}. Name the whole path.")
        raise Unfit(
            "no-file", f"There is no {path} in the workspace. Name an existing file, or send a whole new one."
        )

    def target(self, written: str) -> Found:
        """Where a whole file belongs, which need not exist. Raises `Unfit`."""
        path = self._inside(written)
        for shorter in self._shortened(path):
            if self._exists(shorter):
                return Found(shorter, "" if shorter == path else f"taken for {shorter}")
        name = self._root.rpartition("/")[2]
        if name and path.startswith(name + "/") and not self._folder_known(name):
            inner = path.removeprefix(name + "/")
            return Found(inner, f"taken for {inner}")
        if path.startswith(("a/", "b/")) and not self._folder_known(path[0]):
            return Found(path[2:], f"taken for {path[2:]}")
        return Found(path)

    def _folder_known(self, folder: str) -> bool:
        return any(path.startswith(folder + "/") for paths in self._by_name.values() for path in paths)

    def _shortened(self, path: str) -> list[str]:
        """The path itself, then without folders that the model put before it."""
        parts = path.split("/")
        # a name alone is no evidence of a folder: it is looked for among all names
        return ["/".join(parts[index:]) for index in range(max(len(parts) - 1, 1))]

    def _inside(self, written: str) -> str:
        """The path relative to the root, cleaned. Raises `Unfit` where it leads out of the workspace."""
        path = written.strip().strip("`\"'").replace("\\", "/").removeprefix("file://")
        shown = one_line(written)
        if not path or "\0" in path or "\n" in path:
            raise Unfit("malformed", "The edit names no file.")
        if self._root and (path == self._root or path.startswith(self._root + "/")):
            path = path[len(self._root) :].lstrip("/")
        elif path.startswith(("/", "~")) or _DRIVE.match(path):
            raise Unfit("outside", f"{shown} is outside the workspace. Give paths relative to its root.")
        path = posixpath.normpath(path)
        parts = path.split("/")
        if parts[0] == ".." or path == ".":
            raise Unfit("outside", f"{shown} is outside the workspace. Give paths relative to its root.")
        if any(part.lower() in _OWN for part in parts):
            raise Unfit("outside", f"{shown} belongs to git or to this program and is not edited.")
        return path
