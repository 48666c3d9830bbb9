"""`python -m stack.services.worker`: works on the tasks of a service, and ships its logs."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent_core.errors import AgentError
from agent_core.fleet.services import GENERAL, PARTITIONS, Specialty, is_service, program_of, specialties
from agent_core.folders import user_state_dir
from agent_core.streaming.names import ERRORS, ROUTER, TASKS, raw_logs, results, tasks, workers
from stack.services.base import Program, Service, main, on_the_bus
from stack.services.beside import beside

if TYPE_CHECKING:
    from agent_core.runtime import Runtime
    from agent_core.streaming.ports import Source
    from stack.services.joining import Joined
    from stack.services.ledger import Ledger

_AGAIN_S = 10.0
_SWEPT_S = 3600.0
_WORKSPACE = "/workspace"
_log = logging.getLogger(__name__)


def service_of(env: Mapping[str, str]) -> tuple[Service, Program]:
    """The worker of the service that DSPY_TUI_SERVICE names.

    With DSPY_TUI_DIRECT it reads the tasks as they are handed in, in place of a router: it does those for any
    service, each of them one worker.

    Raises:
        ValueError: It can be no service.
    """
    name = env.get("DSPY_TUI_SERVICE") or GENERAL
    if not is_service(name):
        raise ValueError(f"DSPY_TUI_SERVICE: {name!r} can be no service")
    direct = bool(env.get("DSPY_TUI_DIRECT"))
    logs = env.get("DSPY_TUI_LOGS", "")
    service = Service(
        program_of(name),
        reads=(TASKS if direct else tasks(name),),
        writes=(results(name), ERRORS, *((raw_logs(name),) if logs else ())),
        bus=env.get("KAFKA_BOOTSTRAP", ""),
    )

    async def program(service: Service) -> None:
        await on_the_bus(service, partial(_run, service, name, env, direct=direct, logs=logs))

    return service, program


async def _run(service: Service, name: str, env: Mapping[str, str], *, direct: bool, logs: str) -> None:
    from stack.services.joining import joined

    makes = {(TASKS if direct else tasks(name)): PARTITIONS, results(name): 4, ERRORS: 1}
    state = Path(env.get("DSPY_TUI_STATE") or user_state_dir(env) / "worker")
    known = specialties(env)
    async with joined(service, env, makes=makes) as bus:
        runtime = await _workspace(service, env, known.get(name, Specialty()))
        if runtime is not None:
            try:
                await _work(service, name, bus, runtime, state, direct=direct, logs=logs, others=[*known])
            finally:
                await runtime.aclose()


async def _workspace(service: Service, env: Mapping[str, str], specialty: Specialty) -> Runtime | None:
    """The workspace, as soon as it can be used: until then tasks stay where they are."""
    from agent_core.fleet.doing import open_worker

    while not service.stopping.is_set():
        try:
            return open_worker(env.get("DSPY_TUI_WORKSPACE") or _WORKSPACE, env, specialty)
        except AgentError as error:
            service.say("degraded", f"{error.message}. {error.hint}".strip())
        with suppress(TimeoutError):
            await asyncio.wait_for(service.stopping.wait(), _AGAIN_S)
    return None


async def _work(
    service: Service,
    name: str,
    bus: Joined,
    runtime: Runtime,
    state: Path,
    *,
    direct: bool,
    logs: str,
    others: list[str],
) -> None:
    from agent_core.fleet.doing import do
    from stack.services.lags import watch_lag
    from stack.services.ledger import Ledger
    from stack.services.working import Working

    group, topic = (ROUTER, TASKS) if direct else (workers(name), tasks(name))
    worker = f"{service.standing.service}@{socket.gethostname()}/{os.getpid()}"
    ledger = Ledger(state / "tasks")
    source: Source = bus.source(group, (topic,))
    working = Working(
        service=service,
        name=name,
        worker=worker,
        source=source,
        sink=bus.sink(state / "outbox"),
        ledger=ledger,
        do=partial(do, runtime=runtime, service=name, worker=worker),
    )
    works: list[Callable[[], Awaitable[None]]] = [
        partial(watch_lag, service, bus.access, group=group, topic=topic),
        partial(_sweep, ledger),
    ]
    if logs:
        from stack.services.shipping import ship_logs

        works.append(
            partial(
                ship_logs,
                service,
                root=logs,
                name=name,
                others=[each for each in others if each != name],
                rest=name == GENERAL,
                sink=bus.quiet_sink(),
                access=bus.access,
                folder=state / "shipped" / name,
            )
        )
    async with beside(*works):
        await working.run()


async def _sweep(ledger: Ledger) -> None:
    """Keep what is remembered within what topics keep, for ever."""
    while True:
        await asyncio.to_thread(ledger.sweep)
        await asyncio.sleep(_SWEPT_S)


if __name__ == "__main__":
    sys.exit(main(service_of))
