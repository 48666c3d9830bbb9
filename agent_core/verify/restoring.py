"""Making a copy again what it was, by the state of each file."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from agent_core.verify.copying import Copier, remove_tree
from agent_core.verify.layout import Layout

_KEPT = frozenset({"__pycache__", "target", ".mypy_cache", ".gradle", ".next", ".turbo", "node_modules"})
"""Caches that stay, so that the next round is faster. They find out themselves what has changed: by size and
time, of which Python's and mypy's take the whole seconds. So each state of a file has a second of its own."""


class Restorer:
    """Knows the state of each file after copying, and brings files back to it.

    A file that is written or brought back gets the present time, or the next second where it has had this
    one already: to builds that go by times it has changed once more.
    All of this blocks.
    """

    def __init__(self, copy: Path, layout: Layout, copier: Copier) -> None:
        self._copy, self._copier = copy, copier
        self._states: dict[str, tuple[int, int]] = {}
        self._source = {path: (status.st_size, status.st_mtime_ns) for path, status in layout.files}
        self._kept: dict[str, bytes | None] = {}
        self._seconds: dict[str, int] = {}
        self._entries = {*layout.folders, *layout.links, *layout.shared}
        for path, _ in layout.files:
            if (state := self._state(path)) is not None:
                self._states[path] = state

    def write(self, path: str, place: Path, content: bytes | None, *, executable: bool) -> None:
        """Put a file of the copy in another state; None removes it. Raises OSError."""
        if path not in self._kept:
            self._kept[path] = place.read_bytes() if place.is_file() else None
        if content is None:
            place.unlink(missing_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        existed = place.is_file()
        place.write_bytes(content)
        self._date(path)
        if not existed:
            place.chmod(0o755 if executable else 0o644)

    def restore(self) -> None:
        """Undo what was written, bring back what checks changed or removed, and remove what they made."""
        for path, content in self._kept.items():
            place = self._copy / path
            with suppress(OSError):
                if content is None:
                    place.unlink(missing_ok=True)
                else:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
                    self._touch(path)
        self._kept.clear()
        for path, state in list(self._states.items()):
            if not _is_cached(path) and self._state(path) != state:
                with suppress(OSError):
                    (self._copy / path).parent.mkdir(parents=True, exist_ok=True)
                    self._copier.file(path)
                    self._touch(path)
        self._remove_new()

    def _touch(self, path: str) -> None:
        self._date(path)
        if path in self._states and (state := self._state(path)) is not None:
            self._states[path] = state

    def _date(self, path: str) -> None:
        """Give a file a time that no other state of it had."""
        second, rest = divmod(time.time_ns(), 10**9)
        second = self._seconds[path] = max(second, self._seconds.get(path, 0) + 1)
        dated = second * 10**9 + rest
        os.utime(self._copy / path, ns=(dated, dated))

    def _state(self, path: str) -> tuple[int, int] | None:
        try:
            status = os.lstat(f"{self._copy}/{path}")
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _remove_new(self) -> None:
        known = self._entries | self._states.keys()
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            with suppress(OSError), os.scandir(f"{self._copy}/{prefix}") as entries:
                for entry in list(entries):
                    path = prefix + entry.name
                    if entry.name in _KEPT or (path in self._entries and entry.is_symlink()):
                        continue
                    is_dir = entry.is_dir(follow_symlinks=False)
                    if path not in known:
                        remove_tree(Path(entry.path)) if is_dir else os.unlink(entry.path)  # noqa: PTH108
                    elif is_dir:
                        waiting.append(f"{path}/")


def _is_cached(path: str) -> bool:
    return not _KEPT.isdisjoint(path.split("/")[:-1])
