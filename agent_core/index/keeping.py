"""Keeping the index on disk: the image as a file, chunks and vectors in LanceDB; by one process at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from agent_core.errors import AgentError
from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.image import Image
from agent_core.index.lock import WriterLock
from agent_core.index.saying import not_kept
from agent_core.index.tables import Tables, Vectors

_TICK_S, _REST_S = 1.0, 5.0
"""Between two looks at what is due, and where nothing changed for a while."""
_CALM_S = 15.0
_QUIET_S = 3.0
_SAVE_BUSY_S = 20.0
_SAVE_LATEST_S = 300.0
_SAVE_FILES = 200
"""The image is written as a whole, which takes a tenth of a second of the index's time. So it is written when
so many files changed, and otherwise late: reading few files again after a kill takes no longer."""


class Keeper:
    """Writes what changes, soon but not at once.

    Args:
        root: The workspace's root.
        folder: Where the image and the lock lie.
        uri: Where the LanceDB tables lie; "" for the same folder.
        image: What is kept.
        on_tick: Called whenever this process may have become the writer, or another one may have written.
        on_change: Called when `trouble` or `size` has become another.
    """

    def __init__(
        self,
        *,
        root: Path,
        folder: Path,
        uri: str,
        image: Image,
        on_tick: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        self._folder, self._image = folder, image
        self._on_tick, self._on_change = on_tick, on_change
        self._lock = WriterLock(root=root, folder=folder)
        self._tables = Tables(
            root=root, folder=folder, uri=uri, image=image, may_write=lambda: self._lock.held
        )
        self._unsaved: set[str] = set()
        self._saved_changes: int = image.changes
        self._saved_at = self._changed_at = time.monotonic()
        self._troubles = {"lock": "", "image": ""}
        self._woken = asyncio.Event()

    @property
    def size(self) -> int:
        """Bytes on disk; 0 until they were counted."""
        return self._tables.size and self._tables.size + _size(self._folder / "image")

    @property
    def trouble(self) -> str:
        """Why it cannot be kept, in one sentence; "" when all is well."""
        return next(filter(None, (self._troubles["lock"], self._tables.trouble, self._troubles["image"])), "")

    @property
    def writer(self) -> bool:
        """Whether this process holds the lock."""
        return self._lock.held

    @property
    def alone(self) -> bool:
        """Whether no other process keeps it, as far as that can be told."""
        return self.writer or bool(self._troubles["lock"])

    def may_make(self) -> bool:
        """Whether this process makes the vectors, or another one does."""
        return self.try_lock() or self.alone

    def use(self, embedder: EmbedderInfo) -> None:
        """Keep the vectors of this embedder, too."""
        self._tables.use(embedder)

    def try_lock(self) -> bool:
        """Become the writer if no other process is."""
        try:
            taken = self._lock.take()
        except AgentError as error:
            self._troubles["lock"] = not_kept(error.message, error.hint)
            return False
        except OSError as error:
            reason = f"{self._folder} cannot be written: {error.strerror or error}"
            self._troubles["lock"] = not_kept(reason, "Check who owns it and its permissions.")
            return False
        self._troubles["lock"] = ""
        return taken

    def changed(self, paths: Iterable[str]) -> None:
        """These files are to be kept."""
        added = list(paths)
        self._tables.changed(added)
        self._unsaved.update(added)
        self._changed_at = time.monotonic()
        self._woken.set()

    async def known(self, hashes: Sequence[bytes]) -> Vectors:
        """The vectors that were made before, by text hash."""
        return await self._tables.known(hashes)

    async def keep(self, vectors: Vectors) -> None:
        """Keep vectors, so that their texts are never embedded again."""
        if self.writer:
            await self._tables.keep(vectors)

    async def run(self) -> None:
        """Work until cancelled."""
        told = (self.trouble, self.size)
        while True:
            await self._rest()
            await asyncio.sleep(_TICK_S)
            await self._tick()
            if told != (told := (self.trouble, self.size)):
                self._on_change()

    async def _rest(self) -> None:
        """Wait longer where nothing is to be written, and nobody else writes, until something changes."""
        self._woken.clear()
        if self.writer and time.monotonic() - self._changed_at > _CALM_S:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _REST_S - _TICK_S)

    async def _tick(self) -> None:
        """Write what is due; without the lock, try to get it."""
        if self._lock.lost():
            self._begin_anew()
        if not self.writer:
            taken = self.try_lock()
            self._on_tick()
            if not taken:
                return
        if self._tables.gone():
            self._tables.begin_anew()
        quiet = time.monotonic() - self._changed_at > _QUIET_S
        if self._tables.due(quiet=quiet):
            await self._tables.sync()
        if self._save_due(quiet):
            await self.save()

    def _begin_anew(self) -> None:
        """Somebody removed what was kept, the lock too."""
        self._lock.release()
        self._tables.begin_anew()
        self._saved_changes = -1

    def _save_due(self, quiet: bool) -> bool:
        age = time.monotonic() - self._saved_at
        if self._image.changes == self._saved_changes or age < _QUIET_S:
            return False
        many = len(self._unsaved) >= _SAVE_FILES and (quiet or age > _SAVE_BUSY_S)
        return many or age > _SAVE_LATEST_S

    async def sync(self) -> None:
        """Bring the tables up to date with the image, for somebody who waits."""
        await self._tables.sync(now=True)

    async def save(self) -> None:
        """Write the image, if there is anything new in it."""
        if self._image.changes == self._saved_changes:
            return
        try:
            write = self._image.saving()
            changes = self._image.changes
            self._unsaved.clear()
            await asyncio.to_thread(write, self._folder / "image")
        except OSError as error:
            self._troubles["image"] = f"the index cannot be written ({error.strerror or error})"
            return
        self._troubles["image"] = ""
        self._saved_changes, self._saved_at = changes, time.monotonic()

    async def aclose(self) -> None:
        """Write what is not kept yet, and let others write."""
        try:
            if self.writer and self._image.changes != self._saved_changes and self._image.files:
                await self.save()
            await self._tables.aclose()
        finally:
            self._lock.release()


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
