"""Reads messages for a desk: from where it is told, and not while the desk has no room."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from agent_core.errors import AgentError
from agent_core.streaming.access import Access
from agent_core.streaming.live.desk import Desk
from agent_core.streaming.live.raw import Raw, raw_of
from agent_core.streaming.live.values import Place
from agent_core.streaming.patterns import Topics
from agent_core.streaming.thread import ClientThread
from agent_core.streaming.values import BusNotice, TailQuery

if TYPE_CHECKING:
    from agent_core.streaming.following import Follower

_BATCH = 2000
_REST_MS = 1000
"""How long a read waits for messages at most: nobody who goes elsewhere is to wait longer."""
_AGAIN_S = 3.0
"""How long nobody is asked again where none answers."""
_LOOK_S = 1.0
"""How often it is asked how much is left, unless nothing comes and all was read."""
_FAR = 100_000
"""Messages left from which on those that are followed are passed by, to be where others come in."""
_NEAR = 1000
"""Messages of each partition that are read of those."""


class Reader:
    """Reads until it is cancelled.

    Args:
        access: Where the bus is.
        topics: Names and patterns.
        place: Where to begin.
        desk: Takes what is read.
    """

    def __init__(self, *, access: Access, topics: tuple[str, ...], place: Place, desk: Desk) -> None:
        self._access, self._topics, self._desk = access, topics, desk
        self._wanted = Topics(topics)
        self._place: Place | None = place
        """Where to go; None once it went there."""
        self._reached: dict[tuple[str, int], int] = {}
        """The offset of each partition behind what was taken since."""
        self._before: dict[tuple[str, int], int] = {}
        """The same for what earlier connections took of it, which this one reads again."""
        self._calm = False
        """Whether all was read, and nothing came since."""

    def seek(self, place: Place) -> None:
        """Read from there; what was kept goes at once."""
        self._place = place
        self._reached.clear()
        self._before.clear()
        self._desk.clear(follow=place.last is not None)

    async def run(self) -> None:
        """Read, and begin again where that fails."""
        self._desk.begin(follow=self._place is None or self._place.last is not None)
        while True:
            thread = ClientThread()
            self._before = dict(self._reached)
            follower = await thread.call(_made, self._access, self._query(), self._wanted)
            try:
                await self._read(thread, follower)
            except AgentError as error:
                self._desk.heard(state="lost", fault=error.info)
            finally:
                await thread.aclose(interrupt=follower.interrupt, close=follower.close)
            await asyncio.sleep(_AGAIN_S)

    def _query(self) -> TailQuery:
        place = self._place or Place(last=_NEAR)  # it was read before: go on with what comes
        since = 0.0 if place.last is None and place.since is None else place.since
        return TailQuery(topics=self._topics, last=place.last, since=since, follow=True)

    async def _read(self, thread: ClientThread, follower: Follower[Raw]) -> None:
        going = self._place
        await thread.call(follower.start)
        self._went(going)
        self._desk.heard(state="reading")
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            if (going := self._place) is not None:
                await thread.call(follower.go, self._query())
                self._went(going)
            elif self._desk.room.is_set():
                told = await thread.call(follower.read)
                self._calm = self._calm and not told
                if self._place is None:  # else it is of where it was before
                    self._desk.take([each for each in told if self._is_new(each)])
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._desk.room.wait(), _LOOK_S)
                due, self._calm = clock(), False  # before it goes on: what waits may be too much
            if clock() >= due:
                await self._look(thread, follower)
                due = clock() + _LOOK_S

    def _went(self, place: Place | None) -> None:
        self._calm = False
        if self._place is place:
            self._place = None

    async def _look(self, thread: ClientThread, follower: Follower[Raw]) -> None:
        """How much is left; more than can be caught up with is passed by."""
        behind = 0 if self._calm else await thread.call(follower.behind)
        if behind is not None and behind > _FAR and self._desk.window.follows and self._place is None:
            passed = await thread.call(follower.pass_by, _NEAR)
            self._desk.passed(passed)
            behind -= passed
        self._calm = behind == 0
        self._desk.left(behind, follower.topics)

    def _is_new(self, told: Raw | BusNotice) -> bool:
        if isinstance(told, BusNotice):
            if told.what in ("gone", "found"):  # one that is made anew begins at 0 again
                self._forget(told.topic)
            return True
        part = (told.topic, told.partition)
        if told.offset < self._before.get(part, 0):
            return False
        self._reached[part] = max(told.offset + 1, self._reached.get(part, 0))  # they may come by time
        return True

    def _forget(self, topic: str) -> None:
        for places in (self._reached, self._before):
            for part in [part for part in places if part[0] == topic]:
                del places[part]


def _made(access: Access, query: TailQuery, wanted: Topics) -> Follower[Raw]:
    from agent_core.streaming.following import Follower

    return Follower(access, query, wanted, make=raw_of, batch=_BATCH, rest_ms=_REST_MS)
