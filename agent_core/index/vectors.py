"""Making the vectors that are missing: in the background, what is wanted soonest first."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent_core.errors import AgentError
from agent_core.index.embed.port import Embedder
from agent_core.index.image import Image
from agent_core.index.passage import passage
from agent_core.index.texts import texts_of

Vectors = Mapping[bytes, NDArray[np.float32]]
_BATCH = 16
_LOOK_AHEAD = 400
_RATE_OF = 20
_AGAIN_S = 30.0
_OTHERS_S = 30.0
"""How long a session waits for the next vectors of the one that makes them."""
_log = logging.getLogger(__name__)


class VectorMaker:
    """Gives the chunks of an image their vectors.

    Args:
        root: The workspace's root.
        image: Whose chunks.
        embedder: Makes the vectors.
        known: Looks vectors up that were made before, by text hash.
        keep: Keeps new ones.
        may_make: Whether this process makes them, or another one does.
        mask: Takes the secrets out of a text that leaves this machine.
        on_change: Called when there are more.
    """

    def __init__(
        self,
        *,
        root: Path,
        image: Image,
        embedder: Embedder,
        known: Callable[[list[bytes]], Awaitable[Vectors]],
        keep: Callable[[Vectors], Awaitable[None]],
        may_make: Callable[[], bool],
        mask: Callable[[str], str],
        on_change: Callable[[], None],
    ) -> None:
        self._root, self._image, self._embedder = root, image, embedder
        self._known, self._keep, self._may_make, self._on_change = known, keep, may_make, on_change
        self._mask = mask if not embedder.info.local else str
        self._first: dict[str, None] = {}
        self._hopeless: set[bytes] = set()
        self._unknown: set[bytes] = set()
        self._unsearched = True
        self._own_until = -1
        """How many chunks there were when none was missing any more but those of generated files."""
        self._wanted = asyncio.Event()
        self._rest = asyncio.Event()
        self._came = asyncio.Event()
        self._retry = asyncio.Event()
        self._over = False
        self._times: list[tuple[float, int]] = []
        self.trouble = ""
        """Why there are none for now, in one sentence; "" when all is well."""

    @property
    def eta_s(self) -> float | None:
        """How long those that are missing take at the present rate; None while that is unknown."""
        seconds = sum(second for second, _ in self._times)
        made = sum(count for _, count in self._times)
        missing = self._image.chunks - self._image.with_vector - len(self._hopeless)
        return max(missing, 0) * seconds / made if made else None

    def prefer(self, paths: Iterable[str]) -> None:
        """Make the vectors of these files first, the last named foremost."""
        for path in paths:
            self._first.pop(path, None)
            self._first[path] = None
        while len(self._first) > _LOOK_AHEAD:
            self._first.pop(next(iter(self._first)))

    def wake(self) -> None:
        """There may be more to do."""
        self._hopeless.clear()
        self._unsearched = True
        self._wanted.set()

    def look_again(self) -> None:
        """Another process may have made some of those that are missing."""
        if not self._may_make():
            self._unknown.clear()
        self.wake()

    async def finished(self) -> None:
        """Wait until none is missing that can be made, there is trouble, or no more come from elsewhere."""
        if not self._over:
            self.trouble = ""  # whoever waits wants it tried now
        self._retry.set()
        self.wake()
        while not self.trouble:
            if self._wanted.is_set():
                self._rest.clear()
                await self._rest.wait()
            elif self._may_make() or not self._next() or not await self._more_came():
                return

    async def _more_came(self) -> bool:
        """Wait for vectors that another process makes; returns whether there are any."""
        self._came.clear()
        try:
            async with asyncio.timeout(_OTHERS_S):
                return await self._came.wait()
        except TimeoutError:
            return False

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            await self._work()
        except Exception as error:  # nobody may wait for what does not come
            self.trouble = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._over = True
            self._rest.set()

    async def _work(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                while await self._some():
                    self.trouble = ""
                self.trouble = ""
                if not self._unsearched:
                    self._wanted.clear()
                self._rest.set()
            except AgentError as error:  # the edge of this worker: it says so and tries again later
                _log.warning("no vectors for now: %s", error.message)
                self.trouble = error.message
                self._on_change()
                await self._pause()

    async def _pause(self) -> None:
        """Leave the embedder alone for a while, or until somebody asks for vectors."""
        self._retry.clear()
        self._rest.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_S):
                await self._retry.wait()

    async def _some(self) -> bool:
        """Find those that were made before, else make a batch; returns whether there may be more."""
        if self._unsearched:
            self._unsearched = False
            if await self._find():
                return True
        batch = self._next() if self._may_make() else {}
        if not batch:
            return False
        began = time.monotonic()
        texts = await asyncio.to_thread(self._passages, batch)
        self._hopeless.update(key for key in batch if key not in texts)
        if texts:
            made = await self._embedder.embed(list(texts.values()), purpose="document")
            vectors = dict(zip(texts, made, strict=True))
            self._image.add_vectors(vectors)
            await self._keep(vectors)
            self._times = [*self._times[-_RATE_OF:], (time.monotonic() - began, len(vectors))]
            self._came.set()
        self._on_change()
        return True

    async def _find(self) -> bool:
        """Look up what has not been looked up yet; returns whether something was found."""
        missing = {self._image.facts(chunk).text_hash for chunk in self._image.missing_vectors()}
        wanted = list(missing - self._unknown)
        if not wanted:
            return False
        known = await self._known(wanted)
        self._unknown.update(key for key in wanted if key not in known)
        if known:
            self._image.add_vectors(known)
            self._came.set()
            self._on_change()
        return bool(known)

    def _next(self) -> dict[bytes, str]:
        """The next texts to embed: their hashes, with the paths of their files."""
        found: dict[bytes, str] = {}
        for chunk in self._order():
            entry = self._image.entry_of(chunk)
            key = entry.row.chunks[chunk - entry.first].text_hash
            if key not in self._hopeless:
                found[key] = entry.row.path
                if len(found) >= _BATCH:
                    break
        return found

    def _order(self) -> Iterable[int]:
        """Missing chunks: those of preferred files, then those that came last; of generated files at last."""
        for path in reversed(list(self._first)):
            entry = self._image.files.get(path)
            missing = [] if entry is None else self._image.missing_vectors(entry)
            if not missing:
                self._first.pop(path)
            yield from missing
        missing = self._image.missing_vectors()
        chunks = len(self._image.alive)
        if chunks != self._own_until:  # else only generated ones were missing already
            yield from (chunk for chunk in missing if self._image.entry_of(chunk).row.role != "generated")
            self._own_until = chunks
        yield from missing

    def _passages(self, batch: Mapping[bytes, str]) -> dict[bytes, str]:
        """What is embedded of each; texts that are no longer in their files are left out."""
        found: dict[bytes, str] = {}
        for path in dict.fromkeys(batch.values()):
            entry = self._image.files.get(path)
            if entry is not None:
                texts = texts_of(self._root, entry.row)
                found.update(
                    (key, passage(path, self._mask(text)))
                    for key, text in texts.items()
                    if batch.get(key) == path
                )
        return found
