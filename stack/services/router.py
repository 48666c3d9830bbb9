"""`python -m stack.services.router`: hands tasks to the workers, by what they say and how many wait."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from agent_core.fleet.services import PARTITIONS, specialties
from agent_core.folders import user_state_dir
from agent_core.streaming.names import ERRORS, ROUTER, TASKS, tasks
from stack.services.base import Program, Service, main, on_the_bus
from stack.services.beside import beside


def service_of(env: Mapping[str, str]) -> tuple[Service, Program]:
    """The router."""
    service = Service(
        "dspy-router", reads=(TASKS,), writes=(tasks("*"), ERRORS), bus=env.get("KAFKA_BOOTSTRAP", "")
    )

    async def program(service: Service) -> None:
        await on_the_bus(service, partial(_route, service, env))

    return service, program


async def _route(service: Service, env: Mapping[str, str]) -> None:
    from stack.services.joining import joined
    from stack.services.queues import Queues
    from stack.services.routing import Routing

    known = specialties(env)
    state = Path(env.get("DSPY_TUI_STATE") or user_state_dir(env) / "router")
    own = {tasks(name): PARTITIONS for name in known}
    async with joined(service, env, makes={TASKS: PARTITIONS, **own, ERRORS: 1}) as bus:
        queues = Queues(bus.access, known=known, service=service)
        routing = Routing(
            service=service,
            known=known,
            queues=queues.now,
            settled=queues.settled,
            source=bus.source(ROUTER, (TASKS,)),
            sink=bus.sink(state / "outbox"),
        )
        async with beside(queues.measure, queues.watch):
            await routing.run()


if __name__ == "__main__":
    sys.exit(main(service_of))
