"""The index of a workspace, as the program uses it: a process that is started by the first use."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.bus import Publish
from agent_core.config import Settings
from agent_core.errors import ErrorInfo, IndexFault, PermissionRefused
from agent_core.events import IndexChanged
from agent_core.index import protocol as p
from agent_core.index.api import FileFacts, IndexStatus, Overview, SearchAnswer, SearchMode
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.llm.select import ApproveHost

_END_S = 8.0
_ERRORS = 4000
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
"""Else building keeps a third more memory; and a search waits for the slower of two cores, of which the
screen needs one."""
_log = logging.getLogger(__name__)


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
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._readers: list[asyncio.Task[None]] = []
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._watchers: list[Callable[[IndexStatus], None]] = []
        self._number = 0
        self._closed = False
        self._held_back = self._granted = False
        self._errors = b""
        self._reason: ErrorInfo | None = None

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

    async def overview(self, path: str = ".") -> Overview:
        """See `api.Index.overview`."""
        return await self._ask(p.Survey(path), Overview)

    async def opened(self, paths: tuple[str, ...]) -> None:
        """See `api.Index.opened`."""
        if self._process is not None:
            await self._ask(p.Opened(paths), None)

    async def open(self) -> IndexStatus:
        """See `api.Index.open`."""
        return await self._ask(p.Look(), IndexStatus)

    async def aclose(self) -> None:
        """End the process: it writes what is to be kept, then ends by itself, or is killed."""
        self._closed = True
        async with self._starting:
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            _log.warning("the index process did not end by itself")
        finally:
            _kill(process)
            await process.wait()
            for reader in self._readers:
                reader.cancel()
            await asyncio.gather(*self._readers, return_exceptions=True)

    async def _followed(self, call: p.Call, on_progress: Callable[[IndexStatus], None]) -> IndexStatus:
        self._watchers.append(on_progress)
        try:
            return await self._ask(call, IndexStatus)
        finally:
            self._watchers.remove(on_progress)

    async def _ask(self, call: p.Call, kind: Any) -> Any:
        process = await self._running()
        assert process.stdin is not None
        self._number += 1
        number = self._number
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            with suppress(ConnectionError):  # whoever reads its output says why it ended
                process.stdin.write(p.frame(p.Request(number, call)))
                await process.stdin.drain()
            return msgspec.msgpack.decode(await future, type=kind)
        except asyncio.CancelledError:
            with suppress(ConnectionError):
                process.stdin.write(p.frame(p.Request(number)))
            raise
        finally:
            self._waiting.pop(number, None)

    async def _running(self) -> asyncio.subprocess.Process:
        """The process, started if it does not run; raises `IndexFault`."""
        async with self._starting:
            if self._closed:
                raise IndexFault("The index is closed")
            return self._process or await self._start()

    async def _permit_vectors(self) -> None:
        """Before vectors are needed, ask whether their embedder may have the texts; where it was held back
        so far, begin anew. Raises PermissionRefused."""
        async with self._starting:
            if self._process is None or self._held_back:
                await self._permit()
                await self._end()

    async def _permit(self) -> None:
        """Return when the embedder may have the texts; raises PermissionRefused."""
        from agent_core.index.embed.select import recipient

        remote = recipient(self._settings)
        if self._granted or remote is None or remote.is_local or self._approve_host is None:
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

    async def _start(self) -> asyncio.subprocess.Process:
        settings = await self._allowed()
        self._held_back = settings is not self._settings
        # -P keeps the working folder off the module path: nothing of the workspace may be imported.
        command = (sys.executable, "-P", "-m", "agent_core.index.worker")
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, cwd=self._workspace.root, start_new_session=True,
                env={**_ENVIRONMENT, **os.environ},
            )  # fmt: skip
        except OSError as error:
            raise IndexFault(f"The index process cannot be started ({error.strerror or error})") from None
        assert process.stdin is not None
        start = p.Start(str(self._workspace.root), settings, settings.index_uri)
        process.stdin.write(p.frame(start))
        self._process = process
        self._errors, self._reason = b"", None
        self._told(IndexStatus(phase="opening"))
        self._readers = [
            asyncio.create_task(self._read(process)),
            asyncio.create_task(self._read_errors(process)),
        ]
        return process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        try:
            await self._take_messages(process)
        finally:  # also when what came was no message: nobody may wait for more
            _kill(process)
            await process.wait()
            self._ended(process)

    async def _take_messages(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        decoder: msgspec.msgpack.Decoder[p.Message] = msgspec.msgpack.Decoder(p.Message)
        while (body := await p.read_frame(process.stdout)) is not None:
            message = decoder.decode(body)
            match message:
                case p.StatusChanged():
                    self._told(message.status)
                case p.Failed():
                    self._reason = message.error
                case _:
                    self._answered(message)

    async def _read_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(4096):
            self._errors = (self._errors + chunk)[-_ERRORS:]

    def _told(self, status: IndexStatus) -> None:
        self._status = status
        self._publish(IndexChanged(status=status))
        for watcher in list(self._watchers):
            watcher(status)

    def _answered(self, reply: p.Reply) -> None:
        future = self._waiting.get(reply.number)
        if future is None or future.done():
            return
        if reply.error is None:
            future.set_result(reply.result)
        else:
            error = IndexFault(reply.error.message, hint=reply.error.hint)
            future.set_exception(error)

    def _ended(self, process: asyncio.subprocess.Process) -> None:
        """The process is over: nobody may wait for it any longer; the next question starts another."""
        error = self._why(process)
        if self._process is process:
            self._process = None
            _log.warning("the index process ended with %s: %s", process.returncode, error.message)
            self._told(IndexStatus(phase="failed", trouble=error.message))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)

    def _why(self, process: asyncio.subprocess.Process) -> IndexFault:
        """Why the process ended: what it said itself, else the last line that it printed."""
        if self._reason is not None:
            return IndexFault(self._reason.message, hint=self._reason.hint)
        said = one_line(self._errors.decode("utf-8", "replace").strip().rpartition("\n")[2])
        return IndexFault(
            f"The index process ended ({shorten(said, 200) or f'exit code {process.returncode}'})",
            hint="Ask again: it is started anew. `dspy-tui doctor --bundle` packs its log.",
        )


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of the process and of what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
