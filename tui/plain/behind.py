"""Behind the lines: the session in a thread of its own, so that reading a line holds nothing up.

The thread of the terminal asks and tells; here is the event loop. What happens goes over in a queue, with a
byte in a pipe for whoever waits for it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from agent_core import events as e
from agent_core.errors import AgentError
from agent_core.logs.api import WATCHED, Digest
from agent_core.streaming.names import service_of

if TYPE_CHECKING:
    from agent_core.runtime import Runtime

T = TypeVar("T")
Happened = e.Event | Digest
"""What is told: an event, or what the logs say now."""
_LOOK_S = 20.0
"""Seconds between two looks for logs where there are none yet."""


class Behind:
    """The session's event loop, in a thread.

    Args:
        runtime: What was wired; closed by `close`.
        begin: Prepares the session that was asked for; what it raises comes out of `start`.
    """

    def __init__(self, runtime: Runtime, *, begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.runtime = runtime
        self._begin = begin
        self._happened: SimpleQueue[Happened] = SimpleQueue()
        self.awake, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self.awake, False)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="session")

    # From the terminal's thread

    def start(self) -> None:
        """Begin; raises what kept the session from being opened. `close` is due all the same."""
        self._thread.start()
        self._ready.result()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives that runs in the loop; may be interrupted, which cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def do(self, what: Callable[[], T]) -> T:
        """What a function gives that runs in the loop, where the session belongs."""

        async def now() -> T:
            return what()

        return self.call(now())

    def take(self) -> list[Happened]:
        """Everything that happened since the last time."""
        with suppress(BlockingIOError):
            while os.read(self.awake, 4096):
                pass
        found: list[Happened] = []
        while True:
            try:
                found.append(self._happened.get_nowait())
            except Empty:
                return found

    def wake(self) -> None:
        """Have whoever waits for `awake` look; may be called from a signal's handler."""
        with suppress(BlockingIOError):  # it is awake already
            os.write(self._wake, b"!")

    def close(self) -> None:
        """End what runs, save the session, and wait for that."""
        if self._thread.ident is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()
        os.close(self.awake)
        os.close(self._wake)

    # In the loop's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        except BaseException as error:  # noqa: BLE001 - the other thread raises it
            if not self._ready.done():
                self._ready.set_exception(error)
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _live(self) -> None:
        runtime = self.runtime
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._begin()
            await asyncio.to_thread(runtime.registry.read_written, runtime.workspace)
            with runtime.bus.subscribe() as events:
                runtime.session.switch()
                gc.freeze()
                gc.enable()
                work = (self._follow(events), self._plugins(), self._model(), self._index(), self._logs())
                tasks = [asyncio.create_task(each) for each in (*work, runtime.servers.open())]
                runtime.learning.propose()
                runtime.link.start()
                self._ready.set_result(None)
                await self._ended.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await runtime.aclose()

    def _tell(self, what: Happened) -> None:
        self._happened.put(what)
        self.wake()

    async def _follow(self, events: Any) -> None:
        async for event in events:
            self._tell(event)
            match event:
                case e.ToolFinished(name="stack"):
                    self.runtime.link.look_now()  # what it did may have started or ended the bus
                case e.BusChanged(state="up") if any(map(service_of, event.topics)):
                    self.runtime.logs.read_beside(("bus",))
                case _:
                    pass

    async def _plugins(self) -> None:
        await self.runtime.registry.ready()

    async def _model(self) -> None:
        """Find out which model answers, and load what it takes while somebody still types."""
        try:
            model = await self.runtime.models.current()
        except AgentError as error:
            self._tell(e.Notice(level="warning", message=error.message, hint=error.hint))
            return
        if model is not None:
            from agent_core.llm.dspy_engine import preload

            await preload()

    async def _index(self) -> None:
        if not self.runtime.config.settings.index_in_background:
            return
        try:
            await self.runtime.index.open()
        except AgentError as error:
            self._tell(e.Notice(level="warning", message=error.message, hint=error.hint))

    async def _logs(self) -> None:
        """Follow the logs, once there are some."""
        from agent_core.logs.discover import discover
        from agent_core.logs.sources.find import named_beside_files

        runtime = self.runtime
        settings = runtime.config.settings
        find = partial(discover, runtime.workspace, globs=settings.log_files, limit=1)
        there = await asyncio.to_thread(named_beside_files, settings) or await asyncio.to_thread(find)
        while not there:
            await asyncio.sleep(_LOOK_S)
            there = await asyncio.to_thread(find)

        def take(digest: Digest) -> None:
            runtime.learning.see_logs(digest)
            self._tell(digest)

        stop = runtime.logs.follow(WATCHED, take)
        try:
            await asyncio.Event().wait()  # until the session ends
        finally:
            stop()
