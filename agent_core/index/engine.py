"""The index of one workspace at work: updates, vectors, storage and answers, put together.

Lives in the worker process. Everything that changes the image happens in the event loop.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path

from agent_core.errors import IndexFault
from agent_core.files import keep_aside
from agent_core.gitchurn import churn
from agent_core.index.answers import Answers
from agent_core.index.api import (
    FileFacts,
    IndexPhase,
    IndexStatus,
    NamedPlace,
    Overview,
    SearchAnswer,
    SearchMode,
)
from agent_core.index.arrays import BrokenArrays, OtherVersion
from agent_core.index.embed.port import Embedder
from agent_core.index.embedding import Embedding
from agent_core.index.image import Image
from agent_core.index.keeping import Keeper
from agent_core.index.standing import standing
from agent_core.index.updating import Updater
from agent_core.watching import FolderWatch
from agent_core.workspace import Workspace

_PATIENCE_S = 0.4
"""How long a search waits for files that are known to be behind."""
_STEP_MS = 100
"""How long the disk must be quiet before changed files are read."""
_POLL_S = 5.0
_log = logging.getLogger(__name__)


class Engine:
    """One index. `open` first, `aclose` last.

    Args:
        root: The workspace's root.
        folder: Where the index lies.
        uri: Where its LanceDB tables lie; "" for the same folder.
        embedder: Makes vectors; None for an index without.
        on_status: Called in the event loop whenever the status may have changed.
        mask: Takes the secrets out of what an embedder on another machine is sent.
        trouble: What is wrong from the start, in one sentence.
    """

    def __init__(
        self,
        *,
        root: Path,
        folder: Path,
        uri: str,
        embedder: Embedder | None,
        on_status: Callable[[], None],
        mask: Callable[[str], str] = str,
        trouble: str = "",
    ) -> None:
        self._root, self._folder, self._uri = root, folder, uri
        self._embedder, self._on_status, self._mask = embedder, on_status, mask
        self._tasks: list[asyncio.Task[None]] = []
        self._trouble = {"folder": trouble}
        self._phase: IndexPhase = "opening"
        self._built = False
        """Whether it was whole at some time: before that, what is not in it may well be in the workspace."""

    async def open(self) -> None:
        """Read what is on disk and begin to bring it up to date; raises the `AgentError` tree."""
        self._image = await asyncio.to_thread(self._load)
        self._built = bool(self._image.files)
        self._answers = Answers(root=self._root, image=self._image)
        self._updater = Updater(root=self._root, image=self._image, on_change=self._changed)
        self._keeper = Keeper(
            root=self._root, folder=self._folder, uri=self._uri, image=self._image,
            on_tick=self._look_for_vectors, on_change=self._on_status,
        )  # fmt: skip
        self._embedding = Embedding(
            root=self._root, image=self._image, embedder=self._embedder, keeper=self._keeper,
            mask=self._mask, on_change=self._on_status,
        )  # fmt: skip
        self._keeper.try_lock()
        self._watch = FolderWatch(
            on_change=self._updater.told, on_unnamed=self._updater.look, on_trouble=self._blind,
            on_start=self._updater.look, step_ms=_STEP_MS,
        )  # fmt: skip
        self._updater.look()
        self._start(self._background())

    async def _background(self) -> None:
        """Once the first look is over, everything else."""
        await self._updater.settled()
        gc.freeze()  # what is there stays: looking for garbage in it would hold up searches for 60 ms
        self._start(self._watch.run())
        self._start(self._keeper.run())
        self._start(self._embedding.run())
        self._answers.recency.take(await churn(Workspace(self._root)), today=date.today())

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._task_ended)
        self._tasks.append(task)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a part of the index stopped", exc_info=error)
            self._trouble["task"] = f"a part of the index stopped: {error}"
            self._on_status()

    def _load(self) -> Image:
        path = self._folder / "image"
        try:
            return Image.load(path)
        except FileNotFoundError:
            return Image()
        except OtherVersion as error:
            _log.info("the index is built anew: %s", error)
            return Image()
        except (BrokenArrays, OSError) as error:
            aside = keep_aside(path)
            _log.warning("the index was broken (%s); kept as %s", error, aside)
            self._trouble["image"] = f"the index was broken and is built anew ({error})"
            return Image()

    def _changed(self, paths: tuple[str, ...]) -> None:
        """The updater took something in, or knows of more that is behind."""
        if self._updater.looked.is_set() and not self._updater.behind:
            self._phase, self._built = "ready", True
            self._watch.watch(self._updater.folders())
        elif self._updater.behind:
            self._phase = "building" if self._updater.building else self._phase
        else:
            self._phase = "scanning"
        if paths:
            self._keeper.changed(paths)
            if (maker := self._embedding.maker) is not None:
                maker.prefer(paths if len(paths) < 100 else ())
                maker.wake()
        self._on_status()

    def _look_for_vectors(self) -> None:
        """Another process may have made some."""
        if (maker := self._embedding.maker) is not None:
            maker.look_again()

    def _blind(self, reason: str) -> None:
        """Without being told of changes, look for them."""
        self._trouble["watch"] = f"changes on disk are looked for every {_POLL_S:.0f} s ({reason})"
        self._start(self._poll_forever())
        self._on_status()

    async def _poll_forever(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            self._updater.look()

    # Answers

    @property
    def status(self) -> IndexStatus:
        """How it stands."""
        if self._phase == "opening":
            return IndexStatus(phase="opening")
        return standing(
            self._phase, image=self._image, updater=self._updater, keeper=self._keeper,
            embedding=self._embedding, troubles=self._trouble.values(),
        )  # fmt: skip

    async def search(self, query: str, *, mode: SearchMode, limit: int, tests: bool | None) -> SearchAnswer:
        """Search; raises `IndexFault` when there is nothing to search in."""
        await self._ready()
        if mode == "vector":
            await (await self._embedding.needed()).finished()
        vector, note = await self._embedding.of(query)
        if vector is None and mode == "vector":
            reason = note or self._embedding.trouble
            raise IndexFault("There are no vectors yet", hint=reason or "`emb-index` makes them.")
        answer = await self._answers.search(query, vector, mode=mode, limit=limit, tests=tests)
        self.opened(tuple(place.path for place in reversed(answer.places)))
        return SearchAnswer(places=answer.places, note=self._note(note), status=self.status)

    async def _ready(self) -> None:
        """Wait for the first build, or briefly for what is behind."""
        begun = self._built and self._updater.looked.is_set() and self._phase != "building"
        await self._updater.settled(_PATIENCE_S if begun else None)
        if self._updater.trouble:
            raise IndexFault(f"The index cannot be made: {self._updater.trouble}")

    def _note(self, note: str) -> str:
        image, behind = self._image, len(self._updater.behind)
        missing = image.chunks - image.with_vector if self._embedding.maker is not None else 0
        parts = [note] if note else []
        if behind:
            parts.append(f"{behind:,} changed files are not in the index yet")
        if missing:
            parts.append(f"{image.with_vector:,} of {image.chunks:,} places have vectors so far")
        return "; ".join(parts)

    async def looked(self) -> IndexStatus:
        """Return when everything was looked at once."""
        await self._updater.looked.wait()
        return self.status

    async def build(self) -> IndexStatus:
        """Look at everything again, and return when nothing is behind and it is on disk."""
        self._updater.look()
        await self._updater.settled()
        if self._keeper.writer:
            await self._keeper.save()
            await self._keeper.sync()
        return self.status

    async def embed(self) -> IndexStatus:
        """Return when no vector is missing; raises `IndexFault` when they cannot be made."""
        await self._ready()
        maker = await self._embedding.needed()
        await maker.finished()
        if maker.trouble:
            raise IndexFault(f"The vectors cannot be made: {maker.trouble}")
        if self._keeper.writer:
            await self._keeper.save()
            await self._keeper.sync()
        return self.status

    async def file_facts(self, path: str) -> FileFacts | None:
        """What is known of a file."""
        await self._ready()
        return self._answers.file_facts(path)

    def names(self, query: str, limit: int) -> tuple[NamedPlace, ...]:
        """Definitions by some letters of their names, of what is in the index now."""
        return self._answers.names(query, limit)

    async def overview(self, path: str) -> Overview:
        """What is known of a folder."""
        await self._ready()
        return self._answers.overview(path)

    def opened(self, paths: tuple[str, ...]) -> None:
        """Somebody looks at these files."""
        if (maker := self._embedding.maker) is not None:
            maker.prefer(paths)

    def expect(self) -> None:
        """A search comes soon."""
        self._embedding.wake()

    def stirred(self) -> None:
        """Files may have changed just now: look, instead of waiting to be told."""
        self._updater.look()

    async def aclose(self) -> None:
        """End everything and keep what is not kept yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._phase != "opening":
            await self._updater.aclose()
            await self._keeper.aclose()
        if self._embedder is not None:
            await self._embedder.aclose()
