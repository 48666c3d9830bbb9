"""The log process: reads the logs of one workspace, serves over standard input and output, ends with them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from agent_core.errors import WorkspaceError
from agent_core.logs import protocol as p
from agent_core.logs.api import DigestQuery
from agent_core.logs.counted import Memory
from agent_core.logs.events.digest import Showing
from agent_core.logs.following import Following
from agent_core.logs.leading import Leads
from agent_core.logs.opening import Opener
from agent_core.logs.sources.find import Finder
from agent_core.logs.sources.port import STDIN
from agent_core.workers.server import Server, Tell, serve_process
from agent_core.workspace import Workspace

_NICE = 5
_KEPT = 2
"""Readings that are kept for further questions."""
_LEARN_S = 60.0
Key = tuple[tuple[str, ...], tuple[str, ...], float | None, int]


class Memories:
    """The memory of a workspace, made by the first query that needs one.

    A filter, which reads standard input alone, leaves nothing in a folder where nothing was kept before.
    """

    def __init__(self, workspace: Workspace, *, mask: Callable[[str], str]) -> None:
        self._workspace, self._mask = workspace, mask
        self._memory: Memory | None = None

    def of(self, query: DigestQuery) -> Memory:
        """What is known of earlier sessions' logs; nothing where nothing may be written."""
        if self._memory is None:
            if set(query.sources) == {STDIN} and not self._workspace.state_dir.is_dir():
                return Memory(root=self._workspace.root, folder=None, mask=self._mask)
            self._memory = Memory(root=self._workspace.root, folder=self._folder(), mask=self._mask)
        return self._memory

    def _folder(self) -> Path | None:
        with suppress(WorkspaceError):
            return self._workspace.ensure_state_dir("logs/seen")
        return None


class Desk:
    """Answers questions from readings, which are kept for questions about the same."""

    def __init__(self, *, opener: Opener, memories: Memories, showing: Showing) -> None:
        self._opener, self._memories, self._showing = opener, memories, showing
        self._readings: dict[Key, Following] = {}
        self._used: dict[Key, int] = {}

    async def answer(self, call: p.Call, tell: Tell) -> object:
        """Answer a question; raises `AgentError`."""
        query = call.query
        key = (query.sources, call.beside, query.since, query.most)
        reading = self._readings.pop(key, None) or self._new(query, call.beside)
        self._readings[key] = reading  # the one used last stands last
        self._used[key] = self._used.get(key, 0) + 1
        try:
            if isinstance(call, p.Read):
                return await reading.digest(query, tell)
            await reading.follow(query, tell)
            return None
        finally:
            self._used[key] -= 1
            await self._tidy()

    async def learn(self) -> None:
        """Keep from time to time what was learned."""
        while True:
            await asyncio.sleep(_LEARN_S)
            for reading in list(self._readings.values()):
                reading.learn()

    async def aclose(self) -> None:
        """Close everything; what was learned is kept."""
        for reading in self._readings.values():
            await reading.aclose()

    def _new(self, query: DigestQuery, beside: tuple[str, ...]) -> Following:
        return Following(
            opener=self._opener,
            query=query,
            beside=beside,
            memory=self._memories.of(query),
            showing=self._showing,
        )

    async def _tidy(self) -> None:
        idle = [key for key in self._readings if not self._used.get(key)]
        for key in idle[: max(0, len(idle) - _KEPT)]:
            self._used.pop(key, None)
            await self._readings.pop(key).aclose()


async def _main(first: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    from agent_core.log import open_log
    from agent_core.masking import log_masker

    start = msgspec.msgpack.decode(first, type=p.Start)
    workspace = Workspace.open(start.root)
    mask = log_masker(start.settings)
    finder = Finder(
        workspace=workspace,
        configured=start.settings.log_files,
        kinds=start.kinds,
        has_input=start.given != p.NO_INPUT,
        settings=start.settings,
    )
    with ExitStack() as stack:
        log = open_log(workspace, mask=mask)
        stack.callback(log.close)
        leads = Leads(workspace, start.settings.log_paths)
        desk = Desk(
            opener=Opener(workspace=workspace, finder=finder, given=start.given),
            memories=Memories(workspace, mask=mask),
            showing=Showing(mask=mask, own=leads.own, places=leads.places),
        )
        server = Server(name="log", calls=p.Call, do=desk.answer, out=out)
        learning = asyncio.create_task(desk.learn())
        try:
            await server.serve(reader)
        finally:
            learning.cancel()
            await desk.aclose()


def main() -> None:
    """Serve one workspace, and end the process."""
    with suppress(OSError):
        os.nice(_NICE)
    serve_process(_main)


if __name__ == "__main__":
    main()
