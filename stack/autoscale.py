"""Workers by how much waits for them: looks at their queues and containers, and brings them to what
`scaling.py` decides.

What is remembered of each service (`Memory`) is kept in the workspace's state, so that it holds over many
short runs, too. Who only wants to know keeps one `Autoscaler` and calls `look`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from agent_core.errors import StackFault, UsageError
from agent_core.files import BusyError, locked, read_state, write_atomic
from agent_core.streaming import names
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.values import BusReading, TopicInfo, waiting_for
from agent_core.text import one_line
from agent_core.workspace import Workspace
from stack.engine.values import Container
from stack.known import ServiceInfo
from stack.running import Operation, Running
from stack.scaling import Bounds, Decision, Memory, Seen, decide

_FILE = "autoscale.json"
_RUN = ("running", "created", "restarting")


class _Kept(msgspec.Struct, kw_only=True):
    """The file: what is remembered of each service."""

    schema: int = 1
    services: dict[str, Memory] = {}


class Autoscaler:
    """The workers of one stack.

    Args:
        stack: Where they run.
        admin: Tells how much waits.
        workspace: Whose state remembers.
        services: Which workers; none for all that run.
        bounds: What each may have.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        *,
        stack: Running,
        admin: BusAdmin,
        workspace: Workspace,
        services: Sequence[str] = (),
        bounds: Bounds = Bounds(),  # noqa: B008 - it is frozen
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._stack, self._admin, self._workspace = stack, admin, workspace
        self._services, self._bounds, self._clock = tuple(services), bounds, clock
        self._memories: dict[str, Memory] = {}
        self._alone = False

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Be the only one that scales this workspace's stack.

        Raises `BusyError`, `WorkspaceError`, `NewerState`."""
        path = self._workspace.ensure_state_dir() / _FILE
        try:
            with locked(path, timeout=0.0):
                self._memories = await self._kept()  # as the one before left them
                self._alone = True
                yield
        except BusyError:
            raise BusyError(
                "Another autoscaler is at work on this workspace's stack", hint="End it, or let it be."
            ) from None

    async def look(self) -> tuple[Decision, ...]:
        """What would be done now, by the compose file's order.

        Raises:
            UsageError: There is no such service, or it is no worker.
            StackFault, BusFault: The engine or the bus cannot be asked.
        """
        workers = await self._workers()
        containers, reading = await asyncio.gather(
            self._stack.containers(), self._admin.look((f"{names.TASKS}.*",))
        )
        memories = await self._remembered()
        decisions: list[Decision] = []
        for info in workers:
            seen = seen_of(info, containers, reading)
            if not seen.running and not info.active and info.name not in self._services:
                continue
            decision, memories[info.name] = decide(
                seen, memories.get(info.name, Memory()), self._bounds, self._clock()
            )
            decisions.append(decision)
        return tuple(decisions)

    async def operation(self, decisions: Sequence[Decision]) -> Operation | None:
        """What brings the services there; None where all stay as they are.

        Raises:
            UsageError, StackFault: As `Running.scale`.
        """
        wanted = {each.service: each.wanted for each in decisions if each.changes}
        return await self._stack.scale(wanted) if wanted else None

    async def remember(self, changed: Sequence[Decision] = ()) -> None:
        """Keep what the last look saw, and that services are changed now; to be called before they are, so
        that a change which fails is not tried again at once. Raises `StackFault`, `WorkspaceError`."""
        for each in changed:
            if each.changes:
                memory = self._memories.get(each.service, Memory())
                self._memories[each.service] = msgspec.structs.replace(
                    memory, changed=self._clock(), running=each.wanted
                )
        try:
            await asyncio.to_thread(self._write, _Kept(services=dict(self._memories)))
        except OSError as error:
            raise StackFault(
                f"{_FILE} cannot be written: {error.strerror or error}", hint="Nothing is scaled without it."
            ) from None

    async def _workers(self) -> tuple[ServiceInfo, ...]:
        known = await self._stack.known()
        workers = {info.name: info for info in known.services if info.works_for}
        for name in self._services:
            if name not in workers:
                what = "is no worker" if name in known.names else "is not there"
                raise UsageError(
                    f"The service {one_line(name)} {what}",
                    hint=f"There are {', '.join(map(one_line, workers)) or 'none'}.",
                )
        return tuple(info for name, info in workers.items() if not self._services or name in self._services)

    async def _remembered(self) -> dict[str, Memory]:
        """What is remembered; who only looks sees, too, what another one changes meanwhile."""
        if not self._alone:
            for name, other in (await self._kept()).items():
                own = self._memories.setdefault(name, other)
                latest = other if (other.changed or 0.0) > (own.changed or 0.0) else own
                self._memories[name] = msgspec.structs.replace(
                    own, changed=latest.changed, running=latest.running
                )
        return self._memories

    async def _kept(self) -> dict[str, Memory]:
        kept, _ = await asyncio.to_thread(read_state, self._workspace.state_dir / _FILE, _Kept)
        return dict(kept.services) if kept is not None else {}

    def _write(self, kept: _Kept) -> None:
        path = self._workspace.ensure_state_dir() / _FILE
        write_atomic(path, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n", durable=False)


def seen_of(info: ServiceInfo, containers: Sequence[Container], reading: BusReading) -> Seen:
    """A worker with its containers and its queue."""
    topic = names.tasks(info.works_for)
    topics: Mapping[str, TopicInfo] = {each.name: each for each in reading.topics}
    found = topics.get(topic)
    group = names.workers(info.works_for)
    waiting = waiting_for(reading, group, topic)
    unknown = ""
    if found is None:
        unknown = f"there is no topic {topic} yet"
    elif waiting is None:
        unknown = f"what {group} has done is not told: {reading.untold[group]}"
    elif found.leaderless:  # what waits there cannot be seen
        waiting, unknown = None, f"{topic} is down in part"
    return Seen(
        service=info.name,
        running=sum(one.service == info.name and one.state in _RUN for one in containers),
        waiting=waiting,
        end=found.end if found is not None else 0,
        partitions=len(found.partitions) if found is not None else 0,
        unknown=unknown,
        fault=bool(unknown) and found is not None,
    )
