"""`python -m stack.services.trainer`: takes what sessions share of their learning into the workspace."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial

from agent_core.errors import AgentError
from agent_core.rl.identity import NotBegun
from agent_core.rl.store.store import Store
from agent_core.streaming.making import PARTITIONS
from agent_core.streaming.names import LEARNING, trainer
from agent_core.workspace import Workspace
from stack.services.base import Program, Service, main, on_the_bus
from stack.services.beside import beside
from stack.services.joining import joined
from stack.services.lags import watch_lag
from stack.services.training import AGAIN_S, Training, opened

MEMBER = "dspy-trainer"
"""Its name in its group, whose partitions a new one of that name has at once."""
_STEPS = 50
_WORKSPACE = "/workspace"


def service_of(env: Mapping[str, str]) -> tuple[Service, Program]:
    """The trainer of the workspace at DSPY_TUI_WORKSPACE; RL_BACKGROUND_STEPS is how many records it takes at
    a time.

    Raises:
        ValueError: That is no number from 1 on.
    """
    given = env.get("RL_BACKGROUND_STEPS") or str(_STEPS)
    if not given.isdecimal() or (steps := int(given)) < 1:
        raise ValueError(f"RL_BACKGROUND_STEPS is a number from 1 on, not {given!r}")
    root = env.get("DSPY_TUI_WORKSPACE") or _WORKSPACE
    service = Service(MEMBER, reads=(LEARNING,), bus=env.get("KAFKA_BOOTSTRAP", ""))
    service.measure("trainer_steps_at_a_time", steps, "RL_BACKGROUND_STEPS")

    async def program(service: Service) -> None:
        await on_the_bus(service, partial(_train, service, env, root, steps))

    return service, program


async def _train(service: Service, env: Mapping[str, str], root: str, steps: int) -> None:
    # The topic first: a session shares nothing, and gives the workspace no name, before it is there.
    async with joined(service, env, makes={LEARNING: PARTITIONS}) as bus:
        found = await _opened(service, root)
        if found is None:
            return
        name, store = found
        with closing(store):
            source = bus.source(trainer(name), (LEARNING,), member=MEMBER)
            training = Training(service=service, source=source, store=store, name=name, steps=steps)
            async with beside(partial(watch_lag, service, bus.access, group=trainer(name), topic=LEARNING)):
                await training.run()


async def _opened(service: Service, root: str) -> tuple[str, Store] | None:
    """The workspace, once it can be used; None when it is to stop before."""
    while True:
        try:
            return await asyncio.to_thread(lambda: opened(Workspace.open(root)))
        except NotBegun as error:
            service.say("waiting", f"{error.message}. {error.hint}")
        except AgentError as error:
            service.say("degraded", f"{error.message}. {error.hint}".strip())
        except OSError as error:
            service.say("degraded", f"{root} cannot be used: {error.strerror or error}")
        with suppress(TimeoutError):
            await asyncio.wait_for(service.stopping.wait(), AGAIN_S)
        if service.stopping.is_set():
            return None


if __name__ == "__main__":
    sys.exit(main(service_of))
