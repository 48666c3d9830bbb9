"""Messages as they come, as a screen uses them: a process of its own that ends with the screen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, BusFault
from agent_core.streaming.live import values as v
from agent_core.streaming.live.port import LAST
from agent_core.workers.client import WorkerProcess

_AGAIN_S = 1.0
"""How long after its end the process is started anew."""
_log = logging.getLogger(__name__)


class LiveTail:
    """Implements `port.Tail` with a process of its own.

    Args:
        root: The workspace: its log is written to.
        settings: How the bus is reached, and what is masked.
        topics: Names and patterns.
        place: Where to begin.
    """

    def __init__(self, *, root: Path, settings: Settings, topics: tuple[str, ...], place: v.Place) -> None:
        self._start = v.Start(str(root), settings, topics, place)
        self._worker = WorkerProcess(
            module="agent_core.streaming.live.worker", name="tail", fault=BusFault, cwd=root,
            first=self._first, on_end=self._ended,
        )  # fmt: skip
        self._place = place
        """Where somebody wanted to begin."""
        self._page: v.Page | None = None
        """What shows; None before anything of the place shows."""
        self._size, self._filter, self._repeats = v.Size(1, 1, False), v.Filter(""), v.Repeats(False)

    async def pages(self, on_page: Callable[[v.Page], None], on_fault: Callable[[AgentError], None]) -> None:
        """See `Tail.pages`; a process that died is started anew."""
        seen, told = 0, ""
        while True:
            try:
                page: v.Page = await self._worker.ask(v.Next(seen, told), v.Page)
            except AgentError as error:
                _log.warning("the tail is not told: %s", error.message)
                on_fault(error)
                await asyncio.sleep(_AGAIN_S)
                seen, told = 0, ""
                with suppress(AgentError):  # the next page says it
                    await self._again()
                continue
            self._page, seen = page, page.version
            told = page.detail.id if page.detail is not None else told
            on_page(page)
            await asyncio.sleep(0)

    async def do(self, call: v.Call) -> None:
        """See `Tail.do`; a new process is told it too."""
        match call:
            case v.Size():
                self._size = call
            case v.Filter():
                self._filter = call
            case v.Repeats():
                self._repeats = call
            case v.Seek(place):
                self._start, self._page = msgspec.structs.replace(self._start, place=place), None
                self._place = place
            case v.Follow(wanted) if self._page is not None:
                self._page = msgspec.structs.replace(self._page, follows=wanted)
            case _:
                pass
        await self._worker.ask(call, None)

    async def copied(self, *, whole: bool) -> str:
        """See `Tail.copied`."""
        return await self._worker.ask(v.Copy(whole), str)

    async def aclose(self) -> None:
        """End the process, at once: nothing is to be kept."""
        await self._worker.aclose()

    async def _first(self) -> v.Start:
        return self._start

    def _ended(self, error: AgentError) -> None:
        """What it kept is gone: let the next one begin where somebody reads, and say why."""
        self._start = msgspec.structs.replace(self._start, place=self._reached, ended=error.message)

    @property
    def _reached(self) -> v.Place:
        """Where what shows can be read again: at the end while it is followed, else at the cursor."""
        page, place = self._page, self._place
        if page is None:
            return place
        if page.follows:
            return place if place.last is not None else v.Place(last=LAST)
        times = (row.time for row in page.rows[max(0, page.cursor) :] if row.time is not None)
        since = next(times, None)
        return place if since is None else v.Place(since=since)

    async def _again(self) -> None:
        """Tell a new process what the one before knew."""
        for call in (self._size, self._filter, self._repeats):
            await self._worker.ask(call, None)
        if self._start.place.last is not None and self._page is not None and not self._page.follows:
            await self._worker.ask(v.Follow(False), None)
