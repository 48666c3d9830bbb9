"""Keeping the image as the disk is: a look at everything, single changes, builds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from agent_core.ignore import IgnoreRules
from agent_core.index.digest import Digest, digest_of_gone
from agent_core.index.image import Image
from agent_core.index.pool import Readers
from agent_core.index.scan import FileState, scan, state_of

_MANY = 500
"""From so many changed paths on, a look at everything is quicker than one at each."""
_log = logging.getLogger(__name__)
_RULES = frozenset({".gitignore", ".ignore"})
_TAKEN_AT_ONCE = 1500
"""Files that are taken in together while much is new, or twice as many as are there: each time is a merge of
all."""
_BUILD = 200
"""From so many files behind on it is called a build, with its progress."""


class Updater:
    """Brings an image up to date, one change after another.

    Args:
        root: The workspace's root.
        image: What is kept up to date.
        on_change: Called with the paths whose content changed, and with none when `behind` or `done` did.
    """

    def __init__(self, *, root: Path, image: Image, on_change: Callable[[tuple[str, ...]], None]) -> None:
        self._root = root
        self._image = image
        self._on_change = on_change
        self._rules = IgnoreRules(root)
        self._readers = Readers(root)
        self._told: set[str] = set()
        self._everything = False
        self._running: asyncio.Task[None] | None = None
        self.behind: dict[str, None] = {}
        """Files that are known to differ from the index, in the order in which they are read."""
        self.done = 0
        """How many were taken in since there was last nothing to do."""
        self.waiting = 0
        """How many more were read, and wait to be taken in with others."""
        self.looked = asyncio.Event()
        """Set once everything was looked at, or could not be."""
        self.trouble = ""
        """Why it stopped, if it did."""
        self.skipped = 0
        """Files that are too large or binary."""

    @property
    def building(self) -> bool:
        """Whether so much is behind that it is worth a progress bar."""
        return self.done + len(self.behind) >= _BUILD

    def look(self) -> None:
        """Look at everything soon."""
        self._everything = True
        self._wake()

    def told(self, paths: Iterable[Path]) -> None:
        """Look at these paths soon; absolute ones, of files or folders."""
        top = f"{self._root}/"
        self._told.update(str(path).removeprefix(top) for path in paths)
        self._wake()

    def folders(self) -> set[Path]:
        """The folders that hold the files of the index, and those between them and the root."""
        known = {""}
        for path in self._image.files:
            folder = path.rpartition("/")[0]
            while folder not in known:
                known.add(folder)
                folder = folder.rpartition("/")[0]
        return {self._root / folder for folder in known}

    async def settled(self, seconds: float | None = None) -> bool:
        """Wait until nothing is behind, at most so long; returns whether that is so."""
        running = self._running
        if running is not None:
            await asyncio.wait({running}, timeout=seconds)
        return self._running is None

    async def aclose(self) -> None:
        """End what runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._readers.aclose()

    def _wake(self) -> None:
        if self._running is None:
            self._running = asyncio.create_task(self._work())
            self._running.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("the index could not be brought up to date", exc_info=error)
            self.trouble = f"{type(error).__name__}: {error}"
            self.looked.set()
            self._on_change(())

    async def _work(self) -> None:
        while self._everything or self._told or self.behind:
            await self._find_changes()
            if self.behind:
                await self._read()
        self.done, self.trouble = 0, ""
        self._on_change(())

    async def _find_changes(self) -> None:
        """Find out which files differ, and put them into `behind`."""
        told, self._told = self._told, set()
        if self._everything or len(told) > _MANY or self._concern_all(told):
            self._everything = False
            self._rules = IgnoreRules(self._root)
            if not self._image.files:
                self._readers.start()
            found = await asyncio.to_thread(scan, self._root)
            files = self._image.files
            changed = [path for path, state in found.items() if self._differs(path, state)]
            gone = [path for path in files if path not in found]
            self.looked.set()
        else:
            there = [path for path in told if not self._rules.ignored(path)]
            changed = [path for path in there if self._is_behind(path)]
            gone = [path for path in told.difference(there) if path in self._image.files]
        self.behind.update(dict.fromkeys(changed))
        if gone:  # ignored ones may still exist: they are not to be read
            self._take([digest_of_gone(gone)])

    def _concern_all(self, paths: Iterable[str]) -> bool:
        """Whether a change of the paths may concern others: ignore rules, folders."""
        files = self._image.files
        gone: list[str] = []
        for path in paths:
            if path.rpartition("/")[2] in _RULES:
                return True
            if path in files:
                continue
            there = Path(self._root, path)
            if there.is_dir():
                return True
            if not there.exists():
                gone.append(f"{path}/")
        return bool(gone) and any(known.startswith(tuple(gone)) for known in files)

    def _is_behind(self, path: str) -> bool:
        state = state_of(self._root, path)
        return path in self._image.files if state is None else self._differs(path, state)

    def _differs(self, path: str, state: FileState) -> bool:
        entry = self._image.files.get(path)
        return entry is None or entry.row.state != state

    async def _read(self) -> None:
        """Read what is behind, in bunches that are large while much is new."""
        self._on_change(())
        paths = list(self.behind)
        files = self._image.files
        known = {path: entry.row.hash for path in paths if (entry := files.get(path)) is not None}
        bunch: list[Digest] = []
        self.waiting = 0
        async for digest in self._readers.digests(paths, known):
            bunch.append(digest)
            self.waiting += len(digest.files) + len(digest.gone) + len(digest.same)
            if len(paths) < _BUILD or self.waiting >= max(_TAKEN_AT_ONCE, 2 * len(files)):
                self._take(bunch)
                bunch = []
            else:
                self._on_change(())
        if bunch:
            self._take(bunch)

    def _take(self, bunch: list[Digest]) -> None:
        self._image.take(*bunch)
        self.waiting = 0
        changed: list[str] = []
        for digest in bunch:
            changed += digest.gone
            changed += (row.path for row in digest.files)
            for path in (
                *digest.gone,
                *(row.path for row in digest.files),
                *(path for path, _ in digest.same),
            ):
                self.behind.pop(path, None)
                self.done += 1
        self.skipped = sum(bool(entry.row.skipped) for entry in self._image.files.values())
        self._on_change(tuple(changed))
