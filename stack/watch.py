"""How a stack stands, from moment to moment: the engine tells what happens, and is asked what is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from agent_core.errors import AgentError, ErrorInfo
from stack.engine.values import Container, Use
from stack.known import Known
from stack.running import Running
from stack.state import ServiceState, states_of

_SETTLE_S = 0.2
"""Containers start and stop in groups: what happens within this time is looked at once."""
_LOOK_S = 10.0
"""How often containers are looked at when nothing happens, in case an event was lost."""
_REST_S = 3.0
"""Between two measurements, each of which takes the engine about two seconds."""
_AGAIN_S = 5.0
"""Before an engine that does not answer is asked again."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How the stack stands. `fault` says why it is not known now; the services are then as they were last.
    While `known` is None, only services with containers are told."""

    known: Known | None = None
    services: tuple[ServiceState, ...] = ()
    fault: ErrorInfo | None = None


async def watch(stack: Running) -> AsyncGenerator[Reading]:
    """A reading at once, then one whenever something has changed, until it is closed."""
    watching = _Watching(stack)
    tasks = [asyncio.create_task(each) for each in (watching.look(), watching.follow(), watching.measure())]
    for task in tasks:
        task.add_done_callback(lambda _: watching.changed.set())
    try:
        last: Reading | None = None
        while True:
            await watching.changed.wait()
            watching.changed.clear()
            for task in tasks:
                if task.done():
                    task.result()  # none of them ends by itself: it is a mistake of ours, to be seen
            if (reading := watching.reading) != last:
                last = reading
                yield reading
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Watching:
    def __init__(self, stack: Running) -> None:
        self._stack = stack
        self.changed = asyncio.Event()
        self._happened, self._answers, self._some_run = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._containers: tuple[Container, ...] = ()
        self._uses: dict[str, Use] = {}
        self.reading = Reading()

    async def look(self) -> None:
        """Look at the containers whenever something has happened, and from time to time."""
        while True:
            self._happened.clear()
            try:
                containers = await self._stack.containers()
                if containers and self.reading.known is None:
                    self._show(Reading(services=states_of((), containers)))  # soon, if not all of it
                known = await self._stack.known()
            except AgentError as error:
                self._answers.clear()
                self._some_run.clear()
                self._show(msgspec.structs.replace(self.reading, fault=error.info))
                await asyncio.sleep(_AGAIN_S)
                continue
            self._containers = containers
            self._answers.set()
            self._tell(known)
            if any(each.state == "running" for each in containers):
                self._some_run.set()
            else:
                self._some_run.clear()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._happened.wait()
                    await asyncio.sleep(_SETTLE_S)
            except TimeoutError:
                pass

    async def follow(self) -> None:
        """Wake the other when the engine says that something happened."""
        while True:
            await self._answers.wait()
            try:
                async with aclosing(self._stack.compose.events()) as events:
                    async for _ in events:
                        self._happened.set()
            except AgentError:
                pass  # `look` meets the same and tells it
            self._happened.set()
            await asyncio.sleep(_AGAIN_S)

    async def measure(self) -> None:
        """Measure what the running containers use."""
        while True:
            await self._some_run.wait()
            names = [each.name for each in self._containers if each.state == "running"]
            try:
                uses = await self._stack.compose.stats(names)
            except AgentError:
                uses = ()  # a container ended meanwhile, or the engine did, which `look` tells
            self._uses = {use.name: use for use in uses}
            if self.reading.known is not None and self.reading.fault is None:
                self._tell(self.reading.known)
            await asyncio.sleep(_REST_S)

    def _tell(self, known: Known) -> None:
        once = [info.name for info in known.services if info.once]
        running = {each.name for each in self._containers if each.state == "running"}
        uses = {name: use for name, use in self._uses.items() if name in running}
        services = states_of(known.names, self._containers, uses, once=once)
        self._show(Reading(known=known, services=services))

    def _show(self, reading: Reading) -> None:
        self.reading = reading
        self.changed.set()
