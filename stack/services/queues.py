"""How the services stand that work on tasks: which there are, how much waits there, and who was seen."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping
from contextlib import aclosing, suppress

import msgspec

from agent_core.errors import AgentError
from agent_core.fleet.routing import Queue
from agent_core.fleet.services import Specialty, is_service, service_of
from agent_core.streaming.access import Access
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.names import METRICS, ROUTER, TASKS, workers
from agent_core.streaming.tail import tail
from agent_core.streaming.values import BusReading, Message, TailQuery, Told, waiting_for
from stack.services.base import Service
from stack.services.lags import measure_lag
from stack.services.reporting import EVERY_S

SEEN_S = 60.0
"""A worker tells its figures every quarter of a minute; one that did not for so long is not there."""
_EVERY_S, _SETTLED_S = 5.0, 30.0
_MOST_SEEN = 1000
_ABLE = ("working", "waiting")


class _Of(msgspec.Struct):
    bus_up: float = msgspec.field(name="dspy_tui_bus_up", default=1.0)


class _Figures(msgspec.Struct):
    service: str
    state: str
    figures: _Of = msgspec.field(default_factory=_Of)

    @property
    def is_able(self) -> bool:
        """Whether it can work: one that misses nothing but the bus told so over it, and so has it again."""
        return self.state in _ABLE or (self.state == "degraded" and self.figures.bus_up == 0.0)


class Queues:
    """Looks every few seconds.

    Args:
        access: Where the bus is.
        known: Services that there are whether or not they have a queue yet.
        service: The program, whose figures tell of it.
    """

    def __init__(self, access: Access, *, known: Mapping[str, Specialty], service: Service) -> None:
        self._access, self._service = access, service
        self._waiting: dict[str, int] = dict.fromkeys(known, 0)
        self._known = frozenset(known)
        self._seen: dict[str, float] = {}
        self._looked, self._met = asyncio.Event(), asyncio.Event()
        self._settled = time.monotonic() + _SETTLED_S

    def now(self) -> dict[str, Queue]:
        """The services by name."""
        late = time.monotonic() - SEEN_S
        return {
            name: Queue(waiting, served=self._seen.get(name, -math.inf) > late)
            for name, waiting in self._waiting.items()
        }

    async def settled(self) -> None:
        """Wait until it is known what queues there are, and until a worker was seen or it is clear that there
        is none: one who starts together with this program says so a moment later."""
        await self._looked.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._met.wait(), max(0.0, self._settled - time.monotonic()))

    async def measure(self) -> None:
        """Look for ever how much waits; what cannot be read stays as it was."""
        async with BusAdmin(self._access) as admin:
            while True:
                with suppress(AgentError):  # those who read say so
                    self.take(await admin.look((f"{TASKS}*",)))
                await asyncio.sleep(_EVERY_S)

    def take(self, reading: BusReading) -> None:
        """What topics and groups there are."""
        found: dict[str, int] = dict.fromkeys(self._known, 0)
        for topic in reading.topics:
            name = topic.name.removeprefix(f"{TASKS}.")
            if name != topic.name and is_service(name):
                waiting = waiting_for(reading, workers(name), topic.name)
                found[name] = self._waiting.get(name, 0) if waiting is None else waiting
        self._waiting = found
        self._looked.set()
        measure_lag(self._service, reading, group=ROUTER, topic=TASKS)
        self._service.measure("tasks_waiting", sum(found.values()), "Tasks that wait for a worker")
        self._service.measure(
            "services_served", sum(each.served for each in self.now().values()), "Services with workers"
        )

    async def watch(self) -> None:
        """Hear for ever who works."""
        while True:
            query = TailQuery(topics=(METRICS,), since=time.time() - 2 * EVERY_S, follow=True)
            with suppress(AgentError):
                async with aclosing(tail(self._access, query)) as batches:
                    async for batch in batches:
                        self.hear(batch)
            await asyncio.sleep(_EVERY_S)

    def hear(self, told: Iterable[Told]) -> None:
        """What programs tell of themselves. When they do so counts, not what their clocks say."""
        for each in told:
            if not isinstance(each, Message) or each.value.kind != "json":
                continue
            try:
                figures = msgspec.convert(each.value.value, _Figures)
            except msgspec.ValidationError:
                continue
            name = service_of(figures.service)
            if name and figures.is_able:
                self._met.set()
                self._seen[name] = time.monotonic()
                self._forget()

    def _forget(self) -> None:
        """Whoever may write to the bus can name any number of services."""
        if len(self._seen) > _MOST_SEEN:
            late = time.monotonic() - SEEN_S
            kept = {name: at for name, at in self._seen.items() if name in self._waiting and at > late}
            self._seen = kept
