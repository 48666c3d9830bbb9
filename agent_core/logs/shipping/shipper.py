"""Ships logs: reads their sources on from where their lines were delivered, and sends them as messages."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import msgspec

from agent_core.errors import BusAuth, BusFault, BusUnreachable, ErrorInfo, LogFault
from agent_core.logs.opening import Opener
from agent_core.logs.shipping.cutting import Mask
from agent_core.logs.shipping.naming import ServiceOf, has_lines
from agent_core.logs.shipping.reading import LogText
from agent_core.logs.sources.find import Found
from agent_core.logs.sources.port import LogSource
from agent_core.streaming.names import raw_logs
from agent_core.streaming.ports import Sink
from agent_core.streaming.trying import Trying
from agent_core.text import one_line

_SOON_S = 0.5
"""How long lines wait for more before they are sent."""
_AT_ONCE = 2 * 1024 * 1024
"""Bytes of lines of a log that are read before they are sent."""
_ROUNDS = 3
"""How often what came while a log was read is read, too, where it is not followed."""
_LOOK_S, _SHARE = 5.0, 20
"""Seconds between two looks for new logs; looking takes at most one part in so many of the time."""
_AGAIN_S = 30.0
"""Seconds after which a log that could not be read is tried again."""
_HINT = "Check who may read it. What makes text of it can be piped into `logs ship - --service NAME`."
_log = logging.getLogger(__name__)


class ShipQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shipped.

    `sources` are names as `ctx --source` takes them, all logs that are known without any. `since` leaves out
    what is older (seconds since the epoch). With `again` logs are shipped from their beginnings, whatever was
    delivered; with `follow` what is written from now on, too, until it is cancelled.
    """

    sources: tuple[str, ...] = ()
    since: float | None = None
    again: bool = False
    follow: bool = False


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands. `lines` and `messages` were delivered since the start, `bytes` of text in them. `logs`
    says of each log that is shipped which service it belongs to, `faults` of others why they are not.
    `left_out` says why of those that are no logs and nobody named, and of files of logs."""

    lines: int = 0
    messages: int = 0
    bytes: int = 0
    logs: dict[str, str] = {}
    faults: dict[str, LogFault] = {}
    left_out: dict[str, str] = {}


async def _nothing(_: str) -> None:
    pass


class Shipper:
    """Ships some logs of a workspace. Delivered is delivered: where it ended, `ship` goes on the next time,
    and lines that were on their way then have the same messages again.

    While no broker answers nothing is read on: the files keep what there is.

    Args:
        opener: Finds and opens logs.
        sink: Where messages go.
        folder: Where it is noted what was delivered; for one bus.
        service_of: Says whose a log is.
        mask: Hides secrets before anything leaves.
        prepare: Is awaited with a topic before the first message for it.
        changed: Is told when `standing` says something else.
    """

    def __init__(
        self,
        *,
        opener: Opener,
        sink: Sink,
        folder: Path,
        service_of: ServiceOf,
        mask: Mask,
        prepare: Callable[[str], Awaitable[None]] = _nothing,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._opener, self._sink, self._folder = opener, sink, folder
        self._service_of, self._mask, self._prepare, self._changed = service_of, mask, prepare, changed
        self._delivering = asyncio.Lock()
        self._pause = _LOOK_S
        self._trying = Trying()
        """To have topics."""
        self._prepared: set[str] = set()
        """Services whose topics are there."""
        self._lines = self._messages = self._bytes = 0
        self._logs: dict[str, str] = {}
        self._faults: dict[str, LogFault] = {}
        self._left_out: dict[str, str] = {}
        self._missed: dict[str, float] = {}
        """When each log could not be read."""

    @property
    def standing(self) -> Shipped:
        """How it stands now."""
        return Shipped(
            lines=self._lines,
            messages=self._messages,
            bytes=self._bytes,
            logs=dict(self._logs),
            faults=dict(self._faults),
            left_out=dict(self._left_out),
        )

    @property
    def fault(self) -> ErrorInfo | None:
        """Why nothing goes out at the moment; None while it does."""
        fault = self._trying.fault
        return self._sink.standing.fault if fault is None else fault.info

    async def ship(self, query: ShipQuery) -> None:
        """Ship what there is, and where it is followed go on until it is cancelled.

        Raises:
            LogFault: A name means no log.
            PathRefused: It leads out of the workspace.
            UsageError: Nothing tells whose a log is.
            BusFault: What was sent was given up: the topic is not there, or a right is missing. Where it is
                not followed, also that no broker answers.
        """
        logs = await self._opener.find(query.sources)
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    for found, service in self._mine(logs):
                        if self._is_due(found.name, tasks.get(found.name)):
                            tasks[found.name] = group.create_task(self._ship(found, service, query))
                    if not query.follow:
                        break
                    logs = await self._look_around(query.sources)
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _look_around(self, names: Iterable[str]) -> tuple[Found, ...]:
        """The logs that there are after a while."""
        await asyncio.sleep(self._pause)
        began = time.monotonic()
        try:
            return await self._opener.find(names)
        except LogFault:  # what was named is gone at the moment
            return ()
        finally:
            self._pause = max(_LOOK_S, _SHARE * (time.monotonic() - began))

    def _mine(self, logs: Iterable[Found]) -> list[tuple[Found, str]]:
        pairs = [(found, self._service_of(found.name)) for found in logs if has_lines(found)]
        return [(found, service) for found, service in pairs if service]

    def _is_due(self, name: str, task: asyncio.Task[None] | None) -> bool:
        if task is None:
            return True
        return task.done() and name in self._missed and time.monotonic() - self._missed[name] > _AGAIN_S

    async def _ship(self, found: Found, service: str, query: ShipQuery) -> None:
        """Ship one log; what is wrong with it alone does not keep the others."""
        try:
            text = LogText(
                found,
                service,
                service_of=self._service_of,
                opener=self._opener,
                folder=self._folder,
                mask=self._mask,
                query=query,
            )
            try:
                if found.family is not None:
                    self._logs[found.name] = service
                self._faults.pop(found.name, None)
                self._left_out.pop(found.name, None)
                self._changed()
                await self._read_all(text, follow=query.follow)
                self._judge(found, text.source)
            finally:
                await text.aclose()
        except LogFault as fault:
            self._miss(found.name, fault)

    def _judge(self, found: Found, source: LogSource) -> None:
        """What could not be read of a log that was; raises `LogFault` where that is all, and it is one."""
        if source.unreadable and (found.named or not source.no_log):
            raise LogFault(source.note, hint=_HINT)
        if source.unreadable:
            self._miss(found.name, None)
        if found.family is not None and source.note:
            self._left_out[found.name] = source.note

    def _miss(self, name: str, fault: LogFault | None) -> None:
        """Nothing of it is shipped for now; told in the log once, however often it is tried."""
        if name not in self._missed:
            why = "it is none" if fault is None else fault.message
            _log.warning("%s is not shipped: %s", one_line(name), why)
        self._missed[name] = time.monotonic()
        self._logs.pop(name, None)
        if fault is not None:
            self._faults[name] = fault
        self._changed()

    async def _read_all(self, text: LogText, *, follow: bool) -> None:
        while True:
            await self._read_on(text, text.source, follow=follow)
            if not follow:
                text.finish()
                await self._send(text, everything=True, wait=False)
            if not follow or text.source.unreadable:
                return
            if not await text.source.more():
                return

    async def _read_on(self, text: LogText, source: LogSource, *, follow: bool) -> None:
        """Read and send what there is now."""
        rounds = 0
        while True:
            while (block := await source.read()) is not None:
                await text.feed(block)
                if text.size >= _AT_ONCE:
                    await self._send(text, everything=False, wait=follow)
                await asyncio.sleep(0)
            rounds += 1
            pause = text.since + _SOON_S - time.monotonic()
            if follow and text.size and pause > 0:
                await asyncio.sleep(pause)
                if await source.look():
                    continue
            await self._send(text, everything=True, wait=follow)
            if rounds >= _ROUNDS or not await source.look():
                return

    async def _make_ready(self, service: str, *, wait: bool) -> None:
        """See to a service's topic; raises `LogFault` where it alone cannot be had. With `wait` a broker
        that does not answer is waited for, else that is raised."""
        topic = raw_logs(service)
        try:
            await (self._prepare_some_time(topic) if wait else self._prepare(topic))
        except (BusUnreachable, BusAuth):
            raise
        except BusFault as fault:
            raise LogFault(f"There can be no topic {topic}: {fault.message}", hint=fault.hint) from fault
        finally:
            self._trying.made()
        self._prepared.add(service)

    async def _prepare_some_time(self, topic: str) -> None:
        """The same, however long no broker answers; told in the log once."""
        while True:
            try:
                return await self._prepare(topic)
            except BusUnreachable as fault:
                if self._trying.fault is None:
                    _log.warning("%s; it is waited for", fault.message)
                self._trying.failed(fault)
            await asyncio.sleep(self._trying.wait)

    async def _send(self, text: LogText, *, everything: bool, wait: bool) -> None:
        """Send what is to be sent, and wait until it is delivered; see `_make_ready` for `wait`."""
        if not text.size:
            return
        async with self._delivering:
            for service in {*text.services.values()} - self._prepared:
                await self._make_ready(service, wait=wait)
            messages = await asyncio.to_thread(text.messages, everything=everything)
            for message in messages:
                self._sink.send(raw_logs(message.service), message, key=message.source)
            await self._sink.delivered()
            await asyncio.to_thread(text.delivered)
        self._logs |= text.services
        self._lines += sum(len(message.lines) for message in messages)
        self._messages += len(messages)
        self._bytes += sum(len(line) for message in messages for line in message.lines)
        self._changed()
