"""The process that reads messages for one screen, serves over standard input and output, ends with them."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import ExitStack, suppress
from typing import Protocol

import msgspec

from agent_core.streaming.access import access_of
from agent_core.streaming.live import values as v
from agent_core.streaming.live.desk import Desk
from agent_core.streaming.live.reader import Reader
from agent_core.workers.server import Server, Tell, serve_process
from agent_core.workspace import Workspace

_NICE = 5
_PAGE_S = 0.1
"""Pages come no closer to each other than this, but for what somebody does."""


class Seeks(Protocol):
    """What reads, as far as it can be told where."""

    def seek(self, place: v.Place) -> None:
        """Read from there."""
        ...


class Answers:
    """Answers the screen.

    Args:
        desk: Keeps what is read.
        reader: Reads.
    """

    def __init__(self, *, desk: Desk, reader: Seeks) -> None:
        self._desk, self._reader = desk, reader
        self._done = asyncio.Event()
        """Set when somebody did something."""
        self._told_at = 0.0

    async def answer(self, call: v.Call, _: Tell) -> object:
        """Do it, or say what shows."""
        if isinstance(call, v.Next):
            return await self._next(call)
        if isinstance(call, v.Copy):
            return self._desk.copied(whole=call.whole)
        await self._do(call)
        self._done.set()
        return None

    async def _do(self, call: v.Call) -> None:
        desk = self._desk
        match call:
            case v.Size(height, columns, told):
                desk.size(height, columns, told)
            case v.Move(rows):
                desk.move(rows)
            case v.Edge(last):
                desk.edge(last=last)
            case v.Put(number):
                desk.put(number)
            case v.Follow(wanted):
                desk.follow(wanted)
            case v.Filter(typed):
                await desk.filter(typed)
            case v.Repeats(hidden):
                await desk.hide_repeats(hidden)
            case v.Seek(place):
                self._reader.seek(place)
            case v.Next() | v.Copy():
                pass

    async def _next(self, call: v.Next) -> v.Page:
        clock = asyncio.get_running_loop().time
        while self._desk.version == call.seen:
            self._desk.changed.clear()
            await self._desk.changed.wait()
        if (wait := self._told_at + _PAGE_S - clock()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), wait)
        self._done.clear()
        self._told_at = clock()
        return self._desk.page(call.told)


async def _main(first: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    from agent_core.log import open_log
    from agent_core.masking import log_masker

    start = msgspec.msgpack.decode(first, type=v.Start)
    mask = log_masker(start.settings)
    with ExitStack() as stack:
        log = open_log(Workspace.open(start.root), mask=mask)
        stack.callback(log.close)
        desk = Desk(mask=mask)
        if start.ended:
            desk.anew(start.ended)
        reading = Reader(access=access_of(start.settings), topics=start.topics, place=start.place, desk=desk)
        task = asyncio.create_task(reading.run())
        task.add_done_callback(_broke)
        answers = Answers(desk=desk, reader=reading)
        await Server(name="tail", calls=v.Call, do=answers.answer, out=out).serve(reader)
    os._exit(0)  # nothing is to be kept, and no group left: a broker that hangs must not hold up the end


def _broke(task: asyncio.Task[None]) -> None:
    """The reading ends only with the process: let it be started anew."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger(__name__).error("the tail broke", exc_info=error)
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - told by the client
        os._exit(1)


def main() -> None:
    """Serve one screen, and end the process."""
    with suppress(OSError):
        os.nice(_NICE)
    serve_process(_main)


if __name__ == "__main__":
    main()
