"""Sending what must not be lost, until it is taken or the program is to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec

from agent_core.streaming.messages import Known
from agent_core.streaming.ports import Batch, Sink, Source
from stack.services.base import Service

_COMMIT_S = 5.0
_LEAST_S = 2.0


class Sending(msgspec.Struct, frozen=True):
    """A message for a topic, with its key."""

    topic: str
    message: Known
    key: str


async def delivered(service: Service, sink: Sink, sent: Iterable[Sending], *, grace: float) -> bool:
    """Send all of it and wait until it is taken; False where the program is to stop before.

    Args:
        service: The program.
        sink: Takes it.
        sent: What is sent.
        grace: Seconds after the program was told to stop in which this may still be done.

    Raises:
        BusFault: Something of it was given up.
    """
    for each in sent:
        sink.send(each.topic, each.message, key=each.key)
    delivering = asyncio.ensure_future(sink.delivered())
    try:
        if not await done_in_time(service, delivering, grace=grace):
            return False
        delivering.result()
        return True
    finally:
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)


async def committed(service: Service, source: Source, batch: Batch) -> bool:
    """Commit a batch; False where it is another member's by now, or the program is to stop and no broker
    answers: it comes again, and is known then."""
    committing = asyncio.ensure_future(source.commit(batch))
    try:
        return await done_in_time(service, committing, grace=_COMMIT_S) and committing.result()
    finally:
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)


async def done_in_time(service: Service, work: asyncio.Future[Any], *, grace: float) -> bool:
    """Wait for the work, however long it takes, or until so many seconds after the program was told to stop,
    and then for a moment at least; whether it is done."""
    stopping = asyncio.ensure_future(service.stopping.wait())
    try:
        await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    if not work.done():
        left = max(grace - service.stopping.seconds, min(grace, _LEAST_S))
        await asyncio.wait((work,), timeout=left)
    return work.done()


async def stops_within(service: Service, seconds: float) -> bool:
    """Wait so long; True, and at once, where the program is to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(service.stopping.wait(), seconds)
    return service.stopping.is_set()
