"""The index of a workspace, as the program uses it: a process that is started by the first use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.bus import Publish
from agent_core.config import Settings
from agent_core.errors import AgentError, IndexFault, PermissionRefused
from agent_core.events import IndexChanged
from agent_core.index import protocol as p
from agent_core.index.api import FileFacts, IndexStatus, NamedPlace, Overview, SearchAnswer, SearchMode
from agent_core.workers.client import WorkerProcess
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.llm.select import ApproveHost

_PAUSES_S = (1.0, 10.0, 60.0)
"""How long a process that ended is left alone before it is started again, for the first time and the next."""
_STEADY_S = 600.0
"""One that ran so long had no trouble from its start: the count begins anew."""
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
"""Else building keeps a third more memory; and a search waits for the slower of two cores, of which the
screen needs one."""


class WorkerIndex:
    """Implements `api.Index` with a process of its own.

    Args:
        workspace: What is indexed.
        settings: The effective settings.
        publish: Told whenever the status changes.
        approve_host: Asked before texts go to an embedder on another machine; without it, every one may have
            them. One that may not is done without.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        publish: Publish,
        approve_host: ApproveHost | None = None,
    ) -> None:
        self._workspace, self._settings, self._publish = workspace, settings, publish
        self._approve_host = approve_host
        self._status = IndexStatus()
        self._worker = WorkerProcess(
            module="agent_core.index",
            name="index",
            fault=IndexFault,
            cwd=workspace.root,
            first=self._first,
            on_told=lambda value: self._told(msgspec.msgpack.decode(value, type=IndexStatus)),
            on_start=self._begun,
            on_end=self._ended,
            environment=_ENVIRONMENT,
        )
        self._started = 0.0
        self._kept_open = False
        self._ends = 0
        self._reviving: asyncio.Task[None] | None = None
        self._watchers: list[Callable[[IndexStatus], None]] = []
        self._held_back = self._granted = False
        self._stirred = False
        self._used = settings

    @property
    def _process(self) -> asyncio.subprocess.Process | None:
        return self._worker.process

    @property
    def status(self) -> IndexStatus:
        """How it stood when it was last heard of."""
        return self._status

    async def search(
        self, query: str, *, mode: SearchMode = "hybrid", limit: int = 10, tests: bool | None = None
    ) -> SearchAnswer:
        """See `api.Index.search`."""
        if mode == "vector":
            await self._permit_vectors()
        began = asyncio.get_running_loop().time()
        call = p.Search(query, mode, limit, tests)
        answer: SearchAnswer = await self._ask(call, SearchAnswer)
        return msgspec.structs.replace(answer, seconds=asyncio.get_running_loop().time() - began)

    async def build(self, *, on_progress: Callable[[IndexStatus], None]) -> IndexStatus:
        """See `api.Index.build`."""
        return await self._followed(p.Build(), on_progress)

    async def embed(self, *, on_progress: Callable[[IndexStatus], None]) -> IndexStatus:
        """See `api.Index.embed`."""
        await self._permit_vectors()
        return await self._followed(p.Embed(), on_progress)

    async def file_facts(self, path: str) -> FileFacts | None:
        """See `api.Index.file_facts`."""
        return await self._ask(p.Facts(path), FileFacts | None)

    async def names(self, query: str, *, limit: int = 20) -> tuple[NamedPlace, ...]:
        """See `api.Index.names`."""
        if self._process is None or self.status.phase not in ("ready", "building"):
            return ()
        return await self._worker.ask(p.Names(query, limit), tuple[NamedPlace, ...])

    async def overview(self, path: str = ".") -> Overview:
        """See `api.Index.overview`."""
        return await self._ask(p.Survey(path), Overview)

    async def opened(self, paths: tuple[str, ...]) -> None:
        """See `api.Index.opened`."""
        if self._process is not None:
            await self._worker.ask(p.Opened(paths), None)

    async def expect(self) -> None:
        """See `api.Index.expect`."""
        if self._process is not None:
            with suppress(IndexFault):
                await self._worker.ask(p.Expect(), None)

    def stirred(self) -> None:
        """See `api.Index.stirred`."""
        self._stirred = self._process is not None

    async def open(self) -> IndexStatus:
        """See `api.Index.open`."""
        self._kept_open = True
        return await self._worker.ask(p.Look(), IndexStatus)

    async def aclose(self) -> None:
        """End the process: it writes what is to be kept, then ends by itself, or is killed."""
        if self._reviving is not None:
            self._reviving.cancel()
            await asyncio.gather(self._reviving, return_exceptions=True)
        await self._worker.aclose()

    async def _ask(self, call: p.Call, kind: Any) -> Any:
        """Ask the process; where files may have changed since the last question, it looks first."""
        if self._stirred:
            self._stirred = False
            await self._worker.ask(p.Stirred(), None)
        return await self._worker.ask(call, kind)

    async def _followed(self, call: p.Call, on_progress: Callable[[IndexStatus], None]) -> IndexStatus:
        self._watchers.append(on_progress)
        try:
            return await self._worker.ask(call, IndexStatus)
        finally:
            self._watchers.remove(on_progress)

    async def _permit_vectors(self) -> None:
        """Before vectors are needed, ask whether their embedder may have the texts; where it was held back
        so far, begin anew. Raises PermissionRefused."""
        async with self._worker.starting:
            if self._process is None or self._held_back:
                await self._permit()
                await self._worker.end()

    async def _permit(self) -> None:
        """Return when the embedder may have the texts; raises PermissionRefused."""
        if self._granted:
            return
        if self._settings.embedder.startswith("plugin:"):
            from agent_core.plugins.embedding import recipient_of

            remote = await recipient_of(self._settings)
        else:
            from agent_core.index.embed.select import recipient

            remote = recipient(self._settings)
        if remote is None or remote.is_local or self._approve_host is None:
            return
        if not await self._approve_host(remote):
            raise PermissionRefused(
                f"No texts are sent to {remote.host}: it is not this machine and was not approved",
                hint="Approve it when asked, or set embedder = minilm.",
            )
        self._granted = True

    async def _allowed(self) -> Settings:
        """The settings, without an embedder that may not have the texts."""
        try:
            await self._permit()
        except PermissionRefused:
            return msgspec.structs.replace(self._settings, embedder="none")
        return self._settings

    async def _first(self) -> p.Start:
        """What a process begins with; one that is started again gets what the earlier one had."""
        if asyncio.current_task() is not self._reviving:
            self._used = await self._allowed()
        self._held_back = self._used is not self._settings
        return p.Start(str(self._workspace.root), self._used, self._used.index_uri)

    def _begun(self) -> None:
        self._started = asyncio.get_running_loop().time()
        self._told(IndexStatus(phase="opening"))

    def _told(self, status: IndexStatus) -> None:
        self._status = status
        self._publish(IndexChanged(status=status))
        for watcher in list(self._watchers):
            watcher(status)

    def _ended(self, error: AgentError) -> None:
        """The process is over."""
        if asyncio.get_running_loop().time() - self._started > _STEADY_S:
            self._ends = 0
        self._failed(error)

    def _failed(self, error: AgentError) -> None:
        """Say so. What is open stays fresh by itself: it is started again, a few times; a question always
        does."""
        again = ""
        if self._kept_open and not self._worker.closed:
            pause = _PAUSES_S[self._ends] if self._ends < len(_PAUSES_S) else None
            self._ends += 1
            if pause is None:
                again = f"ended {self._ends} times, a question starts it again: "
            else:
                again = f"starts again in {pause:.0f} s: "
                earlier, self._reviving = self._reviving, asyncio.create_task(self._revive(pause))
                if earlier is not None and earlier is not asyncio.current_task():
                    earlier.cancel()
        self._told(IndexStatus(phase="failed", trouble=again + error.message))

    async def _revive(self, pause: float) -> None:
        """Start the process again, with the settings that it had, unless a question was faster."""
        await asyncio.sleep(pause)
        try:
            await self._worker.start()
        except IndexFault as error:
            self._failed(error)
