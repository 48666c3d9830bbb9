"""`python -m stack.services.agent`: keeps the index of the mounted workspace fresh."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_core.errors import AgentError
from agent_core.events import IndexChanged, Notice
from stack.services.base import Program, Service, main

if TYPE_CHECKING:
    from agent_core.bus import Bus
    from agent_core.index.api import IndexStatus

_log = logging.getLogger(__name__)
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_WORKSPACE = "/workspace"
_HINT = "If it cannot be read, fix_workspace_perms.sh gives group 10001 its rights"
_FIGURES = {
    "files": "Files in the index",
    "behind": "Files that differ from it",
    "chunks": "Pieces of code in it",
    "embedded": "Pieces that have vectors",
}


def service_of(env: Mapping[str, str]) -> tuple[Service, Program]:
    """The agent for the workspace at DSPY_TUI_WORKSPACE."""
    root = env.get("DSPY_TUI_WORKSPACE") or _WORKSPACE

    async def program(service: Service) -> None:
        await _keep_fresh(service, root, env)

    return Service("dspy-agent", bus=env.get("KAFKA_BOOTSTRAP", "")), program


async def _keep_fresh(service: Service, root: str, env: Mapping[str, str]) -> None:
    from agent_core.runtime import open_runtime

    try:
        runtime = open_runtime(root, env=env, interactive=False)
    except AgentError as error:
        service.say("degraded", f"{error.message}. {error.hint}".strip())
        await service.stopping.wait()
        return
    following = asyncio.create_task(_follow(service, runtime.bus))
    try:
        try:
            _tell(service, await runtime.index.open())
        except AgentError as error:
            service.say("degraded", f"{error.message}. {error.hint or _HINT}")
        await service.stopping.wait()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await runtime.aclose()


async def _follow(service: Service, bus: Bus) -> None:
    """Tell of the index whenever it changes, and log what the program has to say."""
    with bus.subscribe() as subscription:
        async for event in subscription:
            match event:
                case IndexChanged():
                    _tell(service, event.status)
                case Notice():
                    _log.log(_LEVELS[event.level], "%s %s", event.message, event.hint)
                case _:
                    pass


def _tell(service: Service, status: IndexStatus) -> None:
    """State and figures, from how the index stands."""
    for name, help_text in _FIGURES.items():
        service.measure(f"index_{name}", getattr(status, name), help_text)
    if status.phase == "failed" or status.trouble:
        service.say("degraded", f"The index: {status.trouble or 'it cannot be used'}. {_HINT}")
    elif status.phase == "ready":
        service.say("working", "the index is kept fresh")
    else:
        service.say("working", "the index is being built")


if __name__ == "__main__":
    sys.exit(main(service_of))
