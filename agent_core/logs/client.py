"""The logs of a workspace, as the program uses them: a process that is started by the first use."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, LogFault
from agent_core.logs import protocol as p
from agent_core.logs.api import Digest, DigestQuery, LogProgress, SourceFacts
from agent_core.logs.sources.find import BUILT_IN, Finder
from agent_core.text import one_line
from agent_core.workers.client import WorkerProcess
from agent_core.workspace import Workspace

_PAUSES_S = (1.0, 5.0, 30.0)
"""How long to wait before following again when the process ended; the last one from then on."""
_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS"), "1"),
    "MALLOC_ARENA_MAX": "2",
}
"""One core is left to the screen, and memory is given back."""
_log = logging.getLogger(__name__)


class WorkerLogs:
    """Implements `api.Logs` with a process of its own.

    Args:
        workspace: Whose logs.
        settings: The effective settings.
        kinds: Kinds of sources by scheme, as `module:class`, see `sources.find`.
        given: The descriptor of standard input that may be read as the source `-`; None for none.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        kinds: Mapping[str, str] = BUILT_IN,
        given: int | None = None,
    ) -> None:
        self._given = os.dup(given) if given is not None else p.NO_INPUT
        self._start = p.Start(str(workspace.root), settings, dict(kinds), self._given)
        self._finder = Finder(
            workspace=workspace, configured=settings.log_files, kinds=kinds, has_input=given is not None,
            settings=settings,
        )  # fmt: skip
        self._worker = WorkerProcess(
            module="agent_core.logs.worker",
            name="log",
            fault=LogFault,
            cwd=workspace.root,
            first=self._first,
            environment=_ENVIRONMENT,
            fds=() if given is None else (self._given,),
        )
        self._following: set[asyncio.Task[None]] = set()
        self._beside: tuple[str, ...] = ()

    async def sources(self) -> tuple[SourceFacts, ...]:
        """See `api.Logs.sources`."""
        return await self._finder.known()

    def read_beside(self, names: tuple[str, ...]) -> None:
        """See `api.Logs.read_beside`."""
        self._beside = names

    async def digest(
        self, query: DigestQuery, *, on_progress: Callable[[LogProgress], None] | None = None
    ) -> Digest:
        """See `api.Logs.digest`; raises `PathRefused` for what lies outside of the workspace."""
        await self._check(query)

        def told(value: msgspec.Raw) -> None:
            if on_progress is not None:
                on_progress(msgspec.msgpack.decode(value, type=LogProgress))

        return await self._worker.ask(p.Read(query, self._asked(query)), Digest, on_told=told)

    def follow(self, query: DigestQuery, on_digest: Callable[[Digest], None]) -> Callable[[], None]:
        """See `api.Logs.follow`; a digest whose `note` says why stands for one that there cannot be."""
        task = asyncio.create_task(self._follow(query, on_digest))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

        def end() -> None:
            task.cancel()

        return end

    async def aclose(self) -> None:
        """See `api.Logs.aclose`."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        await self._worker.aclose()
        if self._given != p.NO_INPUT:
            os.close(self._given)
            self._given = p.NO_INPUT

    async def _check(self, query: DigestQuery) -> None:
        """Raise what says of a name that it means nothing, before a process is started."""
        for name in query.sources:
            if not name.isprintable():
                raise LogFault(f"{one_line(name)} is no name of a log")
        await self._finder.find(query.sources)

    def _asked(self, query: DigestQuery) -> tuple[str, ...]:
        return () if query.sources else self._beside

    async def _first(self) -> p.Start:
        return self._start

    async def _follow(self, query: DigestQuery, on_digest: Callable[[Digest], None]) -> None:
        def told(value: msgspec.Raw) -> None:
            on_digest(msgspec.msgpack.decode(value, type=Digest))

        failures = 0
        while True:
            try:
                await self._check(query)
                await self._worker.ask(p.Follow(query, self._asked(query)), None, on_told=told)
                return
            except AgentError as error:
                _log.warning("the logs are not followed: %s", error.message)
                on_digest(Digest(note=f"{error.message}. {error.hint}".strip()))
            await asyncio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
            failures += 1
